/**
 * The bare limit of concurrent durable appends: group commit written by hand. Whatever queues while the disk is busy
 * is stringified, written and synced as the next group.
 *
 * Left out: checking what was given, envelopes read back, marks, hashes, a head, indexes of streams, ids and tags,
 * conditions, idempotence, limits, short writes, a full disk.
 */
import { closeSync, fdatasync, openSync, writeSync } from 'node:fs'

interface Waiting {
  readonly events: readonly object[]
  readonly done: (error: Error | null) => void
}

export class HandGroupCommit {
  readonly #file: number
  #at = 0
  #count = 0
  #waiting: Waiting[] = []
  #busy = false

  constructor(path: string) {
    this.#file = openSync(path, 'wx')
  }

  append(events: readonly object[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, done: (error) => (error === null ? resolve() : reject(error)) })
      if (this.#busy) return
      this.#busy = true
      // A turn of the loop later, so that the appends of this turn are one group.
      setImmediate(() => this.#writeGroup())
    })
  }

  #writeGroup(): void {
    const group = this.#waiting
    this.#waiting = []
    let text = ''
    for (const { events } of group) {
      for (const event of events) text += JSON.stringify(event) + '\n'
      this.#count += events.length
    }
    const bytes = Buffer.from(text)
    this.#at += writeSync(this.#file, bytes, 0, bytes.length, this.#at)
    fdatasync(this.#file, (error) => {
      for (const { done } of group) done(error)
      this.#busy = this.#waiting.length > 0
      if (this.#busy) setImmediate(() => this.#writeGroup())
    })
  }

  /** Gives how many events were written. */
  close(): number {
    closeSync(this.#file)
    return this.#count
  }
}

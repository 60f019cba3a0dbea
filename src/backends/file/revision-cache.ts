/** How far each stream has come: for the most recently asked, kept; for others, found through the indexes. */
import { scanEnvelope } from '../../log/line.js'
import type { ReadableLog } from './folder-reader.js'
import { hashKey } from './key-hash.js'

/** About 20 MB at most, with names of ordinary length. */
const LENGTH_MAX = 100_000

export class RevisionCache {
  readonly #log: ReadableLog
  readonly #known = new Map<string, number>()

  constructor(log: ReadableLog) {
    this.#log = log
  }

  of(stream: string): number {
    const known = this.#known.get(stream)
    if (known !== undefined) return known
    const revision = this.#find(stream)
    this.set(stream, revision)
    return revision
  }

  set(stream: string, revision: number): void {
    this.#known.set(stream, revision)
    // The oldest entry goes: not the least used one, but finding it again is cheap.
    if (this.#known.size > LENGTH_MAX) this.#known.delete(this.#known.keys().next().value as string)
  }

  #find(stream: string): number {
    const { segments } = this.#log
    const key = hashKey('stream', stream)
    for (const segment of segments.toReversed()) {
      for (const position of segment.positions(key).reverse()) {
        const envelope = scanEnvelope(segment.line(position))
        if (envelope.stream === stream) return envelope.revision
      }
    }
    return 0
  }
}

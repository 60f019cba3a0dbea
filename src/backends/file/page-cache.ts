/** Parts of index files that were read and checked, up to a number of bytes. */
import type { IndexCache } from './index-file.js'

const SIZE_MAX_BYTES = 48 * 1024 * 1024

interface Entry {
  readonly part: Uint8Array
  /** Asked for since it was last considered for forgetting. */
  isUsed: boolean
}

/** Forgets the oldest part that has not been used since the last round: a hit costs a look-up and nothing else. */
export class PageCache implements IndexCache {
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  get(name: string, load: () => Uint8Array): Uint8Array {
    const known = this.#entries.get(name)
    if (known !== undefined) {
      known.isUsed = true
      return known.part
    }
    const part = load()
    this.#entries.set(name, { part, isUsed: false })
    this.#bytes += part.length
    while (this.#bytes > SIZE_MAX_BYTES && this.#entries.size > 1) this.#forgetOne()
    return part
  }

  drop(prefix: string): void {
    for (const [name, entry] of this.#entries) if (name.startsWith(prefix)) this.#forget(name, entry)
  }

  #forgetOne(): void {
    for (const [name, entry] of this.#entries) {
      if (!entry.isUsed) {
        this.#forget(name, entry)
        return
      }
      // To the end of the line, with one more chance; the round ends, because each gets only one.
      this.#entries.delete(name)
      this.#entries.set(name, { part: entry.part, isUsed: false })
    }
  }

  #forget(name: string, { part }: Entry): void {
    this.#entries.delete(name)
    this.#bytes -= part.length
  }
}

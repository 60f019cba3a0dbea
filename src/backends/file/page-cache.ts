/** Parts of index files that were read and checked, up to a number of bytes; the least recently used go first. */
import type { IndexCache } from './index-file.js'

const SIZE_MAX_BYTES = 48 * 1024 * 1024

export class PageCache implements IndexCache {
  readonly #parts = new Map<string, Uint8Array>()
  #bytes = 0

  get(key: string, load: () => Uint8Array): Uint8Array {
    let part = this.#parts.get(key)
    if (part === undefined) {
      part = load()
      this.#bytes += part.length
    } else {
      this.#parts.delete(key)
    }
    this.#parts.set(key, part)
    while (this.#bytes > SIZE_MAX_BYTES && this.#parts.size > 1) this.#forget(this.#parts.keys().next().value as string)
    return part
  }

  drop(prefix: string): void {
    for (const key of [...this.#parts.keys()]) if (key.startsWith(prefix)) this.#forget(key)
  }

  #forget(key: string): void {
    this.#bytes -= this.#parts.get(key)?.length ?? 0
    this.#parts.delete(key)
  }
}

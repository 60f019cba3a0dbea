/** The contents of a simulated file: a growing buffer that is copied only when a shared one is written to. */
export class Bytes {
  #data: Uint8Array
  #size: number
  #shared: boolean

  private constructor(data: Uint8Array, shared: boolean) {
    this.#data = data
    this.#size = data.length
    this.#shared = shared
  }

  static empty(): Bytes {
    return new Bytes(EMPTY, true)
  }

  /** Starts from bytes that others may hold too; they are never changed. */
  static of(bytes: Uint8Array): Bytes {
    return new Bytes(bytes, true)
  }

  get size(): number {
    return this.#size
  }

  write(bytes: Uint8Array, at: number): void {
    const end = at + bytes.length
    this.#own(Math.max(end, this.#size))
    if (at > this.#size) this.#data.fill(0, this.#size, at)
    this.#data.set(bytes, at)
    if (end > this.#size) this.#size = end
  }

  /** Longer than before: the new part is zeros. */
  truncate(size: number): void {
    if (size > this.#size) {
      this.#own(size)
      this.#data.fill(0, this.#size, size)
    }
    this.#size = size
  }

  read(into: Uint8Array, length: number, at: number): number {
    const count = Math.max(0, Math.min(length, this.#size - at))
    if (count > 0) into.set(this.#data.subarray(at, at + count))
    return count
  }

  /** The contents as they are now; later writes do not change what is returned. */
  snapshot(): Uint8Array {
    this.#shared = true
    return this.#data.subarray(0, this.#size)
  }

  #own(capacity: number): void {
    if (!this.#shared && capacity <= this.#data.length) return
    const grown = new Uint8Array(capacity <= this.#size ? this.#size : capacity + GROWTH_BYTES)
    grown.set(this.#data.subarray(0, this.#size))
    this.#data = grown
    this.#shared = false
  }
}

const EMPTY = new Uint8Array(0)
const GROWTH_BYTES = 512

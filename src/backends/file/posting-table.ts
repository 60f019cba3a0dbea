/** Which lines of an open segment a key stands on: a hash table in typed arrays, outside the JavaScript heap. */
import { keyOf, lineOf } from './index-layout.js'

const INITIAL_LENGTH = 64

/** Keys are 40-bit hashes, lines are numbers from 0. Only grows. */
export class PostingTable {
  #keys: Float64Array
  #lines: Uint32Array
  /** The posting added before this one in the same bucket; -1: none. */
  #previous: Int32Array
  #buckets: Int32Array
  #length = 0

  /** With room for so many postings, a power of two. */
  constructor(room = INITIAL_LENGTH) {
    this.#keys = new Float64Array(room)
    this.#lines = new Uint32Array(room)
    this.#previous = new Int32Array(room)
    this.#buckets = new Int32Array(room).fill(-1)
  }

  /** From the words of sorted postings. */
  static restore(words: Uint32Array): PostingTable {
    const table = new PostingTable(Math.max(INITIAL_LENGTH, 2 ** Math.ceil(Math.log2(words.length / 2 + 1))))
    // Sorted by key, then line: within a bucket, newer lines of a key still come first.
    for (let i = 0; i < words.length; i += 2) table.add(keyOf(words, i), lineOf(words, i))
    return table
  }

  get length(): number {
    return this.#length
  }

  add(key: number, line: number): void {
    if (this.#length === this.#keys.length) this.#grow()
    const i = this.#length++
    const bucket = key & (this.#buckets.length - 1)
    this.#keys[i] = key
    this.#lines[i] = line
    this.#previous[i] = this.#buckets[bucket] as number
    this.#buckets[bucket] = i
  }

  /** Lines with this key, newest first. */
  *newestFirst(key: number): Generator<number, void, void> {
    let i = this.#buckets[key & (this.#buckets.length - 1)] as number
    for (; i >= 0; i = this.#previous[i] as number) {
      if (this.#keys[i] === key) yield this.#lines[i] as number
    }
  }

  has(key: number): boolean {
    let i = this.#buckets[key & (this.#buckets.length - 1)] as number
    while (i >= 0 && this.#keys[i] !== key) i = this.#previous[i] as number
    return i >= 0
  }

  /**
   * All postings as 64-bit numbers, sorted: 40 bits of key above 24 bits of line. Little-endian pairs of 32 bits, so
   * that the engine sorts plain numbers.
   */
  sorted(): BigUint64Array {
    const sorted = new BigUint64Array(this.#length)
    const words = new Uint32Array(sorted.buffer)
    for (let i = 0; i < this.#length; i++) {
      const key = this.#keys[i] as number
      words[2 * i] = ((key & 0xff) << 24) | (this.#lines[i] as number)
      words[2 * i + 1] = Math.floor(key / 256)
    }
    return sorted.sort()
  }

  #grow(): void {
    const length = this.#keys.length * 2
    this.#keys = enlarge(this.#keys, new Float64Array(length))
    this.#lines = enlarge(this.#lines, new Uint32Array(length))
    this.#previous = new Int32Array(length)
    this.#buckets = new Int32Array(length).fill(-1)
    for (let i = 0; i < this.#length; i++) {
      const bucket = (this.#keys[i] as number) & (length - 1)
      this.#previous[i] = this.#buckets[bucket] as number
      this.#buckets[bucket] = i
    }
  }
}

function enlarge<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}

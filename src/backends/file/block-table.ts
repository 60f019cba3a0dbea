/**
 * Blocks: runs of whole lines of about 4 KiB, each with a checksum. Every read of a segment is checked block by block,
 * which costs a quarter of a checksum for each line and is as good.
 */
import { crc32 } from 'node:zlib'
import { firstIndex } from '../../binary-search.js'
import { GrowingArray } from './growing-array.js'

export const BLOCK_SIZE_BYTES = 4096

export interface Block {
  /** Bytes from the start of the segment. */
  readonly offset: number
  readonly end: number
  /** How many events stand before it in the segment. */
  readonly firstLine: number
  readonly crc32: number
}

/** Blocks in order, without gaps. Where they begin depends on the bytes alone, not on how they arrived. */
export interface Blocks {
  readonly length: number
  at(i: number): Block
}

/** Index of the block in which this event line begins. */
export function blockOf(blocks: Blocks, line: number): number {
  return Math.max(0, firstIndex(blocks.length, (i) => blocks.at(i).firstLine > line) - 1)
}

/** Grows as a segment is written. */
export class BlockTable implements Blocks {
  readonly #offsets = new GrowingArray()
  readonly #firstLines = new GrowingArray()
  readonly #sums = new GrowingArray()
  /** Whether the last block can still take bytes. */
  #isOpen = false
  #bytes = 0
  #lines = 0

  /** From what {@link BlockTable.encode} gave, of a segment of so many bytes that ends with an event line. */
  static restore(words: Uint32Array, bytes: number, lines: number): BlockTable {
    const table = new BlockTable()
    for (let i = 0; i < words.length; i += 3) {
      table.#offsets.push(words[i] as number)
      table.#firstLines.push(words[i + 1] as number)
      table.#sums.push(words[i + 2] as number)
    }
    table.#bytes = bytes
    table.#lines = lines
    table.#isOpen = true
    table.#isOpen = table.#openSize() < BLOCK_SIZE_BYTES
    return table
  }

  get length(): number {
    return this.#offsets.length
  }

  get bytes(): number {
    return this.#bytes
  }

  get lines(): number {
    return this.#lines
  }

  at(i: number): Block {
    const end = i + 1 < this.length ? this.#offsets.at(i + 1) : this.#bytes
    return { offset: this.#offsets.at(i), end, firstLine: this.#firstLines.at(i), crc32: this.#sums.at(i) }
  }

  /**
   * Takes in the next bytes of the segment, whole lines. `lineEnds` are where its event lines end, within `bytes`; other
   * lines may stand between them.
   */
  append(bytes: Uint8Array, lineEnds: readonly number[]): void {
    let taken = 0
    let takenLines = 0
    for (let i = 0; i < lineEnds.length; i++) {
      const end = lineEnds[i] as number
      if (this.#openSize() + end - taken < BLOCK_SIZE_BYTES) continue
      this.#extend(bytes.subarray(taken, end), i + 1 - takenLines)
      this.#isOpen = false
      taken = end
      takenLines = i + 1
    }
    if (taken < bytes.length) this.#extend(bytes.subarray(taken), lineEnds.length - takenLines)
  }

  /** Offset, first line and checksum of each block, one block after the other. */
  encode(): Uint32Array {
    const values = new Uint32Array(this.length * 3)
    for (let i = 0; i < this.length; i++) {
      values.set([this.#offsets.at(i), this.#firstLines.at(i), this.#sums.at(i)], i * 3)
    }
    return values
  }

  #openSize(): number {
    return this.#isOpen ? this.#bytes - this.#offsets.at(this.length - 1) : 0
  }

  #extend(part: Uint8Array, lines: number): void {
    if (!this.#isOpen) {
      this.#offsets.push(this.#bytes)
      this.#firstLines.push(this.#lines)
      this.#sums.push(0)
      this.#isOpen = true
    }
    const last = this.length - 1
    this.#sums.set(last, crc32(part, this.#sums.at(last)))
    this.#bytes += part.length
    this.#lines += lines
  }
}

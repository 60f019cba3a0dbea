/** Room in which a group is put together before it is written: lines first, the mark then fits in front of them. */
import type { Line } from '../protocol.js'
import { OWN_LINE_SIZE_MAX_BYTES } from './format.js'

const INITIAL_SIZE_BYTES = 16 * 1024

/** Used for one group at a time. */
export class Slab {
  #bytes: Buffer = Buffer.allocUnsafe(INITIAL_SIZE_BYTES)
  #end = OWN_LINE_SIZE_MAX_BYTES
  #lineEnds: number[] = []

  /** The event lines with their newlines. */
  get lines(): Buffer {
    return this.#bytes.subarray(OWN_LINE_SIZE_MAX_BYTES, this.#end)
  }

  clear(): void {
    this.#end = OWN_LINE_SIZE_MAX_BYTES
    this.#lineEnds = []
  }

  add(line: Line): void {
    // UTF-8 takes at most three bytes for what UTF-16 counts as one.
    this.#reserve(line.length * 3 + 1)
    this.#end += this.#bytes.write(line, this.#end, 'utf8')
    this.#bytes[this.#end++] = 10
    this.#lineEnds.push(this.#end)
  }

  /** The mark and the lines, one behind the other, and where each line ends in them. */
  withMark(mark: string): { bytes: Buffer; lineEnds: number[] } {
    const start = OWN_LINE_SIZE_MAX_BYTES - mark.length
    this.#bytes.write(mark, start, 'latin1')
    return { bytes: this.#bytes.subarray(start, this.#end), lineEnds: this.#lineEnds.map((end) => end - start) }
  }

  #reserve(length: number): void {
    if (this.#end + length <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#end + length))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }
}

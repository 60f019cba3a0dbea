/** One segment of the log for reading: its lines by number, by key, or one after the other, every block checked. */
import { crc32 } from 'node:zlib'
import { isPerdureError } from '../../errors.js'
import { scanEnvelope } from '../../log/line.js'
import { matches } from '../../log/selection.js'
import type { QueryItem } from '../../events.js'
import type { Line, Matcher } from '../protocol.js'
import { blockOf, type Blocks } from './block-table.js'
import { corrupt, readFailed } from './failures.js'
import { hashKey } from './key-hash.js'
import { LinePrefilter } from './line-prefilter.js'
import type { File } from '../../files/platform.js'
import { IndexDamaged, type SegmentIndex } from './segment-index.js'

/** Sequential reads begin with about as much as is asked for, within these bounds, and double up to the upper one. */
const CHUNK_SIZE_MIN_BYTES = 16 * 1024
const CHUNK_SIZE_MAX_BYTES = 64 * 1024

/** Beyond one event in this many it is cheaper to read everything. */
const SPARSE_FACTOR = 8

const NONE: readonly number[] = []

export interface SegmentOptions {
  readonly path: string
  readonly from: number
  readonly file: () => File
  readonly index: SegmentIndex
  /** Builds the index from the segment when the one on disk turns out to be damaged. */
  readonly rebuild: () => SegmentIndex
}

/** Which events to visit: those with `after < position <= upTo`. */
export interface Range {
  readonly after: number
  readonly upTo: number
  readonly backwards: boolean
  /** About how many will be visited before the visit stops. */
  readonly expected: number
}

/** Return false to stop. `position` is the event's. */
export type Visit = (position: number, line: Line) => boolean

export class Segment {
  readonly path: string
  readonly from: number
  readonly #file: () => File
  readonly #rebuild: () => SegmentIndex
  #index: SegmentIndex
  /** The index on disk is not to be used, and is written again at close. */
  indexDamaged = false

  constructor({ path, from, file, index, rebuild }: SegmentOptions) {
    this.path = path
    this.from = from
    this.#file = file
    this.#index = index
    this.#rebuild = rebuild
  }

  /** The last position indexed; that it is durable is for the caller to know. */
  get last(): number {
    return this.from + this.#index.events - 1
  }

  get firstTime(): string {
    return this.#index.firstTime
  }

  get index(): SegmentIndex {
    return this.#index
  }

  /** From now on the index is read from where it was written. */
  replaceIndex(index: SegmentIndex): void {
    this.#index = index
  }

  /** Looks something up, building the index again if it is damaged: what is disposable cannot make an answer wrong. */
  lookUp<T>(ask: (index: SegmentIndex) => T): T {
    try {
      return ask(this.#index)
    } catch (error) {
      if (!(error instanceof IndexDamaged)) throw error
      this.#index = this.#rebuild()
      this.indexDamaged = true
      return ask(this.#index)
    }
  }

  /** Positions of events that may have this key, in order; by a collision of hashes, others too. */
  positions(key: number): number[] {
    return this.#positions(key, Infinity) as number[]
  }

  /** Undefined: there are more than `limit`. */
  #positions(key: number, limit: number): number[] | undefined {
    const lines = this.lookUp((index) => (index.mayHave(key) ? index.lines(key, limit) : NONE))
    return lines?.map((line) => this.from + line)
  }

  /** Visits the matching events of a range. False: a visit stopped it. */
  visit(matcher: Matcher, range: Range, visit: Visit): boolean {
    const { after, upTo, backwards } = range
    const first = Math.max(after + 1, this.from)
    const last = Math.min(upTo, this.last)
    if (first > last) return true
    const candidates = this.#candidates(matcher)
    if (candidates === undefined) return this.#scan(matcher, { ...range, after: first - 1, upTo: last }, visit)
    const chosen = candidates.filter((position) => position >= first && position <= last)
    if (backwards) chosen.reverse()
    const reader = new BlockReader(this)
    for (const position of chosen) {
      const line = reader.line(position)
      if (matches(matcher, scanEnvelope(line)) && !visit(position, line)) return false
    }
    return true
  }

  line(position: number): Line {
    return new BlockReader(this).line(position)
  }

  /**
   * The bytes of these blocks, checked.
   *
   * @throws PerdureError `log-corrupt`, `backend-failed`
   */
  readBlocks(first: number, last: number): Buffer {
    const blocks = this.#blocks()
    const { offset } = blocks.at(first)
    const bytes = Buffer.allocUnsafe(blocks.at(last).end - offset)
    const length = this.#read(bytes, offset)
    for (let i = first; i <= last; i++) {
      const block = blocks.at(i)
      const found = crc32(bytes.subarray(block.offset - offset, Math.min(block.end - offset, length)))
      if (found !== block.crc32 || block.end - offset > length) {
        throw corrupt('the bytes are not those that were written', {
          path: this.path,
          offset: block.offset,
          position: this.from + block.firstLine,
          expected: `crc32 ${block.crc32}`,
          found: block.end - offset > length ? `the end of the file at byte ${offset + length}` : `crc32 ${found}`,
        })
      }
    }
    return bytes
  }

  #blocks(): Blocks {
    return this.lookUp((index) => index.blocks)
  }

  #read(into: Uint8Array, offset: number): number {
    let length = 0
    try {
      while (length < into.length) {
        const read = this.#file().read(into.subarray(length), into.length - length, offset + length)
        if (read === 0) break
        length += read
      }
    } catch (error) {
      if (isPerdureError(error)) throw error
      throw readFailed(this.path, offset + length, error)
    }
    return length
  }

  /** Positions among which all matching ones are, in order; undefined: better read everything. */
  #candidates(matcher: Matcher): number[] | undefined {
    const limit = (this.last - this.from + 1) / SPARSE_FACTOR
    const all = new Set<number>()
    for (const item of matcher) {
      const positions = this.#candidatesOf(item, limit)
      if (positions === undefined) return undefined
      for (const position of positions) all.add(position)
      if (all.size > limit) return undefined
    }
    return matcher.length === 1 ? [...all] : [...all].sort((a, b) => a - b)
  }

  /** The fewest that one of the item's names gives; undefined: too many. */
  #candidatesOf({ stream, types, tags }: QueryItem, limit: number): number[] | undefined {
    const lists = (tags ?? []).map((tag) => this.#positions(hashKey('tag', tag), limit))
    if (stream !== undefined) lists.push(this.#positions(hashKey('stream', stream), limit))
    if (lists.length === 0 && types !== undefined) return this.#candidatesOfTypes(types, limit)
    return lists.filter((list) => list !== undefined).sort((a, b) => a.length - b.length)[0]
  }

  #candidatesOfTypes(types: readonly string[], limit: number): number[] | undefined {
    const all: number[] = []
    for (const type of types) {
      const positions = this.#positions(hashKey('type', type), limit - all.length)
      if (positions === undefined) return undefined
      for (const position of positions) all.push(position)
    }
    return all.sort((a, b) => a - b)
  }

  #scan(matcher: Matcher, { after, upTo, backwards, expected }: Range, visit: Visit): boolean {
    const [first, last] = [after + 1, upTo]
    const prefilter = new LinePrefilter(matcher)
    const blocks = this.#blocks()
    const lineBytes = blocks.at(blocks.length - 1).end / Math.max(1, this.#index.events)
    // If every line matches, this is all there is to read; if few do, it will turn out too little.
    let wantedBytes = expected * lineBytes
    let low = blockOf(blocks, first - this.from)
    let high = blockOf(blocks, last - this.from)
    while (low <= high) {
      const sizeBytes = wantedBytes > 0 ? Math.max(wantedBytes * 1.05, CHUNK_SIZE_MIN_BYTES) : CHUNK_SIZE_MAX_BYTES
      const [from, to] = chunk(blocks, low, high, backwards, Math.min(sizeBytes, CHUNK_SIZE_MAX_BYTES))
      const bytes = this.readBlocks(from, to)
      const position = this.from + blocks.at(from).firstLine
      if (!prefilter.visit(bytes, position, first, last, backwards, visit)) return false
      if (backwards) high = from - 1
      else low = to + 1
      wantedBytes -= bytes.length
    }
    return true
  }
}

/** As many blocks, from one end of the range, as make up about `size` bytes. */
function chunk(blocks: Blocks, low: number, high: number, backwards: boolean, size: number): [number, number] {
  if (backwards) {
    const { end } = blocks.at(high)
    let from = high
    while (from > low && end - blocks.at(from - 1).offset <= size) from--
    return [from, high]
  }
  const { offset } = blocks.at(low)
  let to = low
  while (to < high && blocks.at(to + 1).end - offset <= size) to++
  return [low, to]
}

/** Reads single lines, keeping the block that it read last: neighbours often stand in one. */
class BlockReader {
  readonly #segment: Segment
  #block = -1
  #bytes: Buffer = Buffer.alloc(0)
  #firstLine = 0

  constructor(segment: Segment) {
    this.#segment = segment
  }

  line(position: number): Line {
    const number = position - this.#segment.from
    const block = this.#segment.lookUp((index) => blockOf(index.blocks, number))
    if (block !== this.#block) {
      this.#bytes = this.#segment.readBlocks(block, block)
      this.#firstLine = this.#segment.lookUp((index) => index.blocks.at(block).firstLine)
      this.#block = block
    }
    return this.#find(number)
  }

  #find(number: number): Line {
    let line = this.#firstLine
    let start = 0
    while (start < this.#bytes.length) {
      const end = this.#bytes.indexOf(10, start)
      if (this.#bytes[start + 3] === 0x6f && line++ === number) return this.#bytes.toString('utf8', start, end)
      start = end + 1
    }
    throw corrupt('the line is not in the block that should hold it', {
      path: this.#segment.path,
      position: this.#segment.from + number,
    })
  }
}

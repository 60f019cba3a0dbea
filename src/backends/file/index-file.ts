/**
 * The index of a segment on disk. Disposable: built from the segment alone, and always to the same bytes. Looked up page
 * by page; each part carries a checksum, so that a damaged index is built again instead of answering wrongly.
 */
import { crc32 } from 'node:zlib'
import { firstIndex } from '../../binary-search.js'
import { compareUtf8 } from '../../log/utf8-order.js'
import { BlockTable, type Block, type Blocks } from './block-table.js'
import type { Extent } from './format.js'
import {
  HEADER_SIZE_BYTES,
  INDEX_FORMAT,
  keyOf,
  lineOf,
  PAGE_LENGTH,
  placesInSummary,
  type IndexHeader,
  type Part,
  type SummaryPlaces,
} from './index-layout.js'
import { mayBeInFilter } from './key-filter.js'
import { OpenIndex } from './open-index.js'
import type { File } from '../../files/platform.js'
import { PostingTable } from './posting-table.js'
import { IndexDamaged, type SegmentIndex, type StreamRevision } from './segment-index.js'

/** How many bytes of filters and pages all indexes of a log may keep in memory together. */
export interface IndexCache {
  get(key: string, load: () => Uint8Array): Uint8Array
  /** Forgets what is kept of one file. */
  drop(prefix: string): void
}

export class IndexFile implements SegmentIndex {
  readonly #open: () => File
  readonly #header: IndexHeader
  readonly #cache: IndexCache
  readonly #filterName: string
  readonly #summaryName: string
  readonly #places: SummaryPlaces

  private constructor(open: () => File, header: IndexHeader, cache: IndexCache) {
    this.#open = open
    this.#header = header
    this.#cache = cache
    this.#filterName = `${header.from}/filter`
    this.#summaryName = `${header.from}/summary`
    this.#places = placesInSummary(header)
  }

  /**
   * Reads the header only. Undefined: this is not the index of what the segment holds, and must be built again.
   * `segment.bytes` counts the whole segment, `segment.sha256` is of what stands before its footer.
   */
  static load(
    open: () => File,
    log: string,
    from: number,
    segment: Pick<Extent, 'bytes' | 'sha256'>,
    cache: IndexCache,
  ): IndexFile | undefined {
    const file = open()
    const bytes = Buffer.alloc(HEADER_SIZE_BYTES)
    if (file.read(bytes, HEADER_SIZE_BYTES, 0) < HEADER_SIZE_BYTES) return undefined
    const header = parseHeader(bytes.toString('latin1'))
    if (header === undefined || header.log !== log || header.from !== from) return undefined
    if (header.bytes !== segment.bytes || header.sha256 !== segment.sha256) return undefined
    if (file.size() !== header.filter.offset + header.filter.bytes) return undefined
    return new IndexFile(open, header, cache)
  }

  get events(): number {
    return this.#header.events
  }

  get firstTime(): string {
    return this.#header.firstTime
  }

  get lastTime(): string {
    return this.#header.lastTime
  }

  get blocks(): Blocks {
    const { blocks: length, bytes } = this.#header
    const words = this.#summary()
    return {
      length,
      at: (i): Block => ({
        offset: words[3 * i] as number,
        firstLine: words[3 * i + 1] as number,
        crc32: words[3 * i + 2] as number,
        end: i + 1 < length ? (words[3 * i + 3] as number) : bytes,
      }),
    }
  }

  mayHave(key: number): boolean {
    return mayBeInFilter(this.#part(this.#filterName, this.#header.filter), key)
  }

  lines(key: number, limit: number): readonly number[] | undefined {
    const summary = this.#summary()
    const { fences, nameEnds, postingPages } = this.#places
    const firsts = summary.subarray(fences, nameEnds)
    const found: number[] = []
    const begin = firstNotBefore(firsts, key)
    // Pages that both begin with the key are full of it.
    const tooFar = begin + Math.ceil(limit / PAGE_LENGTH) + 1
    if (tooFar < postingPages && keyOf(firsts, 2 * tooFar) === key) return undefined
    // The page before the first one that begins with this key may end with it.
    for (let page = Math.max(0, begin - 1); page < postingPages; page++) {
      if (keyOf(firsts, 2 * page) > key) break
      const words = this.#postingPage(page, summary)
      for (let i = firstNotBefore(words, key); i < words.length / 2 && keyOf(words, 2 * i) === key; i++) {
        found.push(lineOf(words, 2 * i))
      }
      if (found.length > limit) return undefined
    }
    return found
  }

  *streams(prefix: string, after: string): Generator<StreamRevision, void, void> {
    const from = compareUtf8(prefix, after) > 0 ? prefix : after
    const summary = this.#summary()
    const before = this.#firstNames().findLastIndex((name) => compareUtf8(name, from) <= 0)
    for (let page = Math.max(0, before); page < this.#header.namePages; page++) {
      for (const line of this.#namePage(page, summary).split('\n').slice(0, -1)) {
        const space = line.indexOf(' ')
        const stream = line.slice(space + 1)
        if (compareUtf8(stream, from) < 0 || stream === after) continue
        yield { stream, revision: Number(line.slice(0, space)) }
      }
    }
  }

  /** The same index in memory, to go on with. @throws IndexDamaged */
  restore(): OpenIndex {
    const { postings, blocks, bytes, events } = this.#header
    const words = toWords(this.#part(`${this.#header.from}/postings`, postings))
    return new OpenIndex({
      events,
      firstTime: this.firstTime,
      lastTime: this.lastTime,
      blocks: BlockTable.restore(this.#summary().subarray(0, 3 * blocks), bytes, events),
      postings: PostingTable.restore(words),
      revisions: new Map(Array.from(this.streams('', ''), ({ stream, revision }) => [stream, revision])),
    })
  }

  #postingPage(page: number, summary: Uint32Array): Uint32Array {
    const { postings, from } = this.#header
    const offset = postings.offset + page * PAGE_LENGTH * 8
    const bytes = Math.min(PAGE_LENGTH * 8, postings.offset + postings.bytes - offset)
    const sum = summary[this.#places.postingSums + page] as number
    return toWords(this.#part(`${from}/postings/${page}`, { offset, bytes, crc32: sum }))
  }

  #namePage(page: number, summary: Uint32Array): string {
    const { names, from } = this.#header
    const { nameEnds, nameSums } = this.#places
    const start = page === 0 ? 0 : (summary[nameEnds + page - 1] as number)
    const bytes = (summary[nameEnds + page] as number) - start
    const sum = summary[nameSums + page] as number
    const part = this.#part(`${from}/names/${page}`, { offset: names.offset + start, bytes, crc32: sum })
    return Buffer.from(part.buffer, part.byteOffset, part.length).toString()
  }

  #firstNames(): string[] {
    const bytes = this.#part(this.#summaryName, this.#header.summary)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', 4 * this.#places.firstNames)
    return text === '' ? [] : text.split('\n')
  }

  #summary(): Uint32Array {
    return toWords(this.#part(this.#summaryName, this.#header.summary))
  }

  #part(name: string, { offset, bytes, crc32: sum }: Part): Uint8Array {
    return this.#cache.get(name, () => {
      const part = new Uint8Array(bytes)
      if (this.#read(part, offset) !== bytes || crc32(part) !== sum) throw new IndexDamaged(`${name} is damaged`)
      return part
    })
  }

  /** What cannot be read is as good as damaged: it can be built again. */
  #read(into: Uint8Array, offset: number): number {
    try {
      return this.#open().read(into, into.length, offset)
    } catch (cause) {
      throw new IndexDamaged('the index cannot be read', { cause })
    }
  }
}

function parseHeader(text: string): IndexHeader | undefined {
  const [, checked, sum] = /^(.*),"crc32":(\d{1,10})\} *\n$/.exec(text) ?? []
  if (checked === undefined || crc32(checked) !== Number(sum)) return undefined
  const header = JSON.parse(`${checked}}`) as IndexHeader
  return header.perdureIndex === INDEX_FORMAT ? header : undefined
}

function toWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
}

/** Which of these postings is the first that is not before this key. */
function firstNotBefore(words: Uint32Array, key: number): number {
  return firstIndex(words.length / 2, (i) => keyOf(words, 2 * i) >= key)
}

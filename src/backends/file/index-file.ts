/**
 * The index of a segment on disk. Disposable: built from the segment alone, and always to the same bytes. Looked up page
 * by page; each part carries a checksum, so that a damaged index is built again instead of answering wrongly.
 *
 * A file is a header line, then four parts: *postings* (sorted 64-bit numbers: 40 bits of key, 24 of line, in pages of
 * 512), *names* (streams in UTF-8 byte order with their revisions, in pages of text), *summary* (the blocks, and where
 * each page of the other parts begins), *filter* (see key-filter.ts).
 */
import { crc32 } from 'node:zlib'
import { compareUtf8 } from '../../log/utf8-order.js'
import type { Block, Blocks } from './block-table.js'
import type { Extent } from './format.js'
import { addToFilter, createFilter, mayBeInFilter } from './key-filter.js'
import type { OpenIndex } from './open-index.js'
import type { File } from './platform.js'
import { IndexDamaged, type SegmentIndex, type StreamRevision } from './segment-index.js'

const INDEX_FORMAT = 1
const HEADER_SIZE_BYTES = 1024
const PAGE_LENGTH = 512
const NAME_PAGE_SIZE_BYTES = 4096

interface Part {
  readonly offset: number
  readonly bytes: number
  readonly crc32: number
}

interface IndexHeader {
  readonly perdureIndex: number
  readonly log: string
  readonly from: number
  /** What of the segment is indexed. `sha256` is of all that stands before the footer. */
  readonly bytes: number
  readonly sha256: string
  readonly events: number
  readonly firstTime: string
  readonly lastTime: string
  readonly blocks: number
  readonly postings: Part
  readonly names: Part
  readonly summary: Part
  readonly filter: Part
  readonly namePages: number
}

/** The bytes of an index file, in pieces. */
export function encodeIndex(index: OpenIndex, log: string, from: number, sha256: string): Uint8Array[] {
  const postings = index.sortedPostings()
  const names = encodeNames(index)
  const summary = encodeSummary(index, postings, names)
  const filter = encodeFilter(postings)
  const parts = [bytesOf(postings), names.bytes, summary, filter]
  let offset = HEADER_SIZE_BYTES
  const [postingsPart, namesPart, summaryPart, filterPart] = parts.map((bytes) => {
    const part = { offset, bytes: bytes.length, crc32: crc32(bytes) }
    offset += bytes.length
    return part
  }) as [Part, Part, Part, Part]
  const header: IndexHeader = {
    perdureIndex: INDEX_FORMAT,
    log,
    from,
    bytes: index.blocks.bytes,
    sha256,
    events: index.events,
    firstTime: index.firstTime,
    lastTime: index.lastTime,
    blocks: index.blocks.length,
    postings: postingsPart,
    names: namesPart,
    summary: summaryPart,
    filter: filterPart,
    namePages: names.ends.length,
  }
  const text = JSON.stringify(header).slice(0, -1)
  const line = `${text},"crc32":${crc32(text)}}`.padEnd(HEADER_SIZE_BYTES - 1) + '\n'
  return [Buffer.from(line, 'latin1'), ...parts]
}

function bytesOf(values: BigUint64Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

interface EncodedNames {
  readonly bytes: Uint8Array
  readonly ends: readonly number[]
  readonly firsts: readonly string[]
}

function encodeNames(index: OpenIndex): EncodedNames {
  const ends: number[] = []
  const firsts: string[] = []
  let text = ''
  const pages: Buffer[] = []
  let bytes = 0
  const endPage = (): void => {
    const page = Buffer.from(text)
    pages.push(page)
    bytes += page.length
    ends.push(bytes)
    text = ''
  }
  for (const { stream, revision } of index.streams('', '')) {
    if (text === '') firsts.push(stream)
    text += `${revision} ${stream}\n`
    if (text.length >= NAME_PAGE_SIZE_BYTES) endPage()
  }
  if (text !== '') endPage()
  return { bytes: Buffer.concat(pages), ends, firsts }
}

/** Block table · page checksums of postings · first posting of each page · ends and checksums of name pages · first names. */
function encodeSummary(index: OpenIndex, postings: BigUint64Array, names: EncodedNames): Uint8Array {
  const words: number[] = []
  const fences: number[] = []
  for (let at = 0; at < postings.length; at += PAGE_LENGTH) {
    const page = postings.subarray(at, at + PAGE_LENGTH)
    words.push(crc32(bytesOf(page)))
    const [low, high] = new Uint32Array(page.buffer, page.byteOffset, 2) as unknown as [number, number]
    fences.push(low, high)
  }
  const nameSums = names.ends.map((end, i) => crc32(names.bytes.subarray(names.ends[i - 1] ?? 0, end)))
  const numbers = [...words, ...fences, ...names.ends, ...nameSums]
  return Buffer.concat([
    bytesOf(index.blocks.encode()),
    bytesOf(Uint32Array.from(numbers)),
    Buffer.from(names.firsts.join('\n')),
  ])
}

function encodeFilter(postings: BigUint64Array): Uint8Array {
  const words = new Uint32Array(postings.buffer, postings.byteOffset, postings.length * 2)
  let distinct = 0
  eachKey(words, () => distinct++)
  const filter = createFilter(distinct)
  eachKey(words, (key) => {
    addToFilter(filter, key)
  })
  return filter
}

function eachKey(words: Uint32Array, visit: (key: number) => void): void {
  let last = -1
  for (let i = 0; i < words.length; i += 2) {
    const key = keyOf(words, i)
    if (key !== last) visit(key)
    last = key
  }
}

function keyOf(words: Uint32Array, i: number): number {
  return (words[i + 1] as number) * 256 + ((words[i] as number) >>> 24)
}

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

  private constructor(open: () => File, header: IndexHeader, cache: IndexCache) {
    this.#open = open
    this.#header = header
    this.#cache = cache
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
    const { filter } = this.#header
    return mayBeInFilter(this.#part('filter', filter.offset, filter.bytes, filter.crc32), key)
  }

  lines(key: number): readonly number[] {
    const { postings } = this.#header
    const pages = Math.ceil(postings.bytes / 8 / PAGE_LENGTH)
    const words = this.#summary()
    const sums = 3 * this.#header.blocks
    const fences = words.subarray(sums + pages, sums + pages * 3)
    const found: number[] = []
    // The page before the first one that begins with this key may end with it.
    for (let page = Math.max(0, firstPage(fences, key) - 1); page < pages; page++) {
      if (keyOf(fences, 2 * page) > key) break
      const offset = postings.offset + page * PAGE_LENGTH * 8
      const bytes = Math.min(PAGE_LENGTH * 8, postings.offset + postings.bytes - offset)
      collect(toWords(this.#part(`postings/${page}`, offset, bytes, words[sums + page] as number)), key, found)
    }
    return found
  }

  *streams(prefix: string, after: string): Generator<StreamRevision, void, void> {
    const from = compareUtf8(prefix, after) > 0 ? prefix : after
    const { names, namePages, blocks, postings } = this.#header
    const words = this.#summary()
    const pages = Math.ceil(postings.bytes / 8 / PAGE_LENGTH)
    const ends = words.subarray(3 * (blocks + pages), 3 * (blocks + pages) + namePages)
    const sums = words.subarray(3 * (blocks + pages) + namePages)
    const firsts = this.#firstNames()
    let page = Math.max(0, firsts.findLastIndex((name) => compareUtf8(name, from) <= 0))
    for (; page < namePages; page++) {
      const start = page === 0 ? 0 : (ends[page - 1] as number)
      const bytes = this.#part(`names/${page}`, names.offset + start, (ends[page] as number) - start, sums[page] as number)
      for (const line of Buffer.from(bytes).toString().split('\n').slice(0, -1)) {
        const space = line.indexOf(' ')
        const stream = line.slice(space + 1)
        if (compareUtf8(stream, from) < 0 || stream === after) continue
        yield { stream, revision: Number(line.slice(0, space)) }
      }
    }
  }

  #firstNames(): string[] {
    const { blocks, postings, namePages } = this.#header
    const pages = Math.ceil(postings.bytes / 8 / PAGE_LENGTH)
    const { summary } = this.#header
    const bytes = this.#part('summary', summary.offset, summary.bytes, summary.crc32)
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', 4 * (3 * (blocks + pages) + 2 * namePages))
    return text === '' ? [] : text.split('\n')
  }

  #summary(): Uint32Array {
    const { summary } = this.#header
    return toWords(this.#part('summary', summary.offset, summary.bytes, summary.crc32))
  }

  #part(name: string, offset: number, bytes: number, sum: number): Uint8Array {
    return this.#cache.get(`${this.#header.from}/${name}`, () => {
      const part = new Uint8Array(bytes)
      const read = this.#open().read(part, bytes, offset)
      if (read !== bytes || crc32(part) !== sum) throw new IndexDamaged(`${name} of the index is damaged`)
      return part
    })
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

/** The first page whose first key is not before this one. */
function firstPage(fences: Uint32Array, key: number): number {
  let low = 0
  let high = fences.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keyOf(fences, 2 * middle) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Adds the lines that a page has for a key. */
function collect(words: Uint32Array, key: number, found: number[]): void {
  let low = 0
  let high = words.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (keyOf(words, 2 * middle) < key) low = middle + 1
    else high = middle
  }
  for (; low < words.length / 2 && keyOf(words, 2 * low) === key; low++) found.push((words[2 * low] as number) & 0xffffff)
}

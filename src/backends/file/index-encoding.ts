/** Writes an index as index-file.ts reads it. */
import { crc32 } from 'node:zlib'
import { HEADER_SIZE_BYTES, INDEX_FORMAT, keyOf, PAGE_LENGTH, type IndexHeader, type Part } from './index-layout.js'
import { addToFilter, createFilter } from './key-filter.js'
import type { OpenIndex } from './open-index.js'

const NAME_PAGE_SIZE_BYTES = 4096

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

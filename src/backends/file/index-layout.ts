/**
 * The layout of an index file: a header line, then four parts. *postings*: sorted 64-bit numbers (40 bits of key, 24 of
 * line) in pages of 512. *names*: streams in UTF-8 byte order with their revisions, in pages of text. *summary*: the
 * blocks, and where each page of the other parts begins. *filter*: see key-filter.ts.
 */

export const INDEX_FORMAT = 1
export const HEADER_SIZE_BYTES = 1024
export const PAGE_LENGTH = 512

export interface Part {
  readonly offset: number
  readonly bytes: number
  readonly crc32: number
}

export interface IndexHeader {
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

/** Where in the summary's 32-bit words each of its lists begins; the blocks come first. */
export interface SummaryPlaces {
  readonly postingPages: number
  readonly postingSums: number
  /** The first posting of each page. */
  readonly fences: number
  readonly nameEnds: number
  readonly nameSums: number
  /** Text: the first name of each page, on a line of its own. */
  readonly firstNames: number
}

export function placesInSummary({ blocks, postings, namePages }: IndexHeader): SummaryPlaces {
  const postingPages = Math.ceil(postings.bytes / 8 / PAGE_LENGTH)
  const postingSums = 3 * blocks
  const fences = postingSums + postingPages
  const nameEnds = fences + 2 * postingPages
  const nameSums = nameEnds + namePages
  return { postingPages, postingSums, fences, nameEnds, nameSums, firstNames: nameSums + namePages }
}

/** The key of the posting whose two words begin at `i`. */
export function keyOf(words: Uint32Array, i: number): number {
  return (words[i + 1] as number) * 256 + ((words[i] as number) >>> 24)
}

/** The line of the posting whose two words begin at `i`. */
export function lineOf(words: Uint32Array, i: number): number {
  return (words[i] as number) & 0xffffff
}

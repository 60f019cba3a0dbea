/**
 * Reads a log's folder from a disk image by the format's description alone. What the simulation needs to know about
 * the disk it learns here, never from the backend under test.
 */
import { crc32 } from 'node:zlib'
import type { DiskImage } from './image.js'

const SLOT_SIZE_BYTES = 512
const SLOT_OFFSETS = [0, 4096]

/** Where the current values lie. They have a head and files of groups, as the log has. */
export const KV = 'kv'

/** What the head on the disk vouches for. */
export interface HeadOnDisk {
  readonly log: string
  readonly write: number
  /** First position of the segment; 0 before there is one. */
  readonly segment: number
  readonly bytes: number
  readonly last: number
  /** There are current values. */
  readonly kv?: boolean
}

/** The valid slot written last; undefined when there is none. */
export function readHead(image: DiskImage, folder: string): HeadOnDisk | undefined {
  const file = image.files.get(`${folder}/head`)
  if (file === undefined) return undefined
  let newest: HeadOnDisk | undefined
  for (const offset of SLOT_OFFSETS) {
    const slot = parseSlot(Buffer.from(file.subarray(offset, offset + SLOT_SIZE_BYTES)).toString('utf8'))
    if (slot !== undefined && (newest === undefined || slot.write > newest.write)) newest = slot
  }
  return newest
}

function parseSlot(text: string): HeadOnDisk | undefined {
  const end = text.lastIndexOf(',"crc32"')
  if (text.length !== SLOT_SIZE_BYTES || !text.endsWith('\n') || end < 0) return undefined
  try {
    const slot = JSON.parse(text) as HeadOnDisk & { crc32: number }
    return slot.crc32 === crc32(text.slice(0, end)) ? slot : undefined
  } catch {
    return undefined
  }
}

export interface SegmentOnDisk {
  readonly path: string
  /** The first position it can hold. */
  readonly from: number
  readonly bytes: Uint8Array
}

/** In order. Of the current values: `within` says where. */
export function segmentsOf(image: DiskImage, folder: string, within = 'segments'): readonly SegmentOnDisk[] {
  const prefix = `${folder}/${within}/`
  const segments: SegmentOnDisk[] = []
  for (const [path, bytes] of image.files) {
    if (path.startsWith(prefix) && path.endsWith('.ndjson')) {
      segments.push({ path, from: Number(path.slice(prefix.length, -'.ndjson'.length)), bytes })
    }
  }
  return segments.sort((a, b) => a.from - b.from)
}

/** The file of current values that their head names. */
export function valuesOf(image: DiskImage, folder: string): SegmentOnDisk | undefined {
  const head = readHead(image, `${folder}/${KV}`)
  return segmentsOf(image, folder, KV).find(({ from }) => from === head?.segment)
}

/** How many of a segment's bytes the head vouches for. */
export function vouchedBytes(head: HeadOnDisk | undefined, segment: SegmentOnDisk): number {
  if (head === undefined || segment.from > head.segment) return 0
  return segment.from === head.segment ? head.bytes : segment.bytes.length
}

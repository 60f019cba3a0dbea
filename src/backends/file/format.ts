/** The folder's own lines and names: segment header, mark, footer, head slot. docs/format.md specifies them. */
import { crc32 } from 'node:zlib'
import { assertInvariant } from '../../errors.js'

export const FORMAT = 1

export const HEAD_NAME = 'head'
export const LOCK_NAME = 'lock'
export const SEGMENTS_NAME = 'segments'
export const INDEX_NAME = 'index'
export const TORN_NAME = 'torn'
export const KV_NAME = 'kv'
export const SNAPSHOTS_NAME = 'snapshots'

const SEGMENT_NAME = /^(\d{16})\.ndjson$/

export function segmentName(from: number): string {
  return `${String(from).padStart(16, '0')}.ndjson`
}

export function indexName(from: number): string {
  return `${String(from).padStart(16, '0')}.index`
}

/** The first position of the segment with this name; undefined for other names. */
export function parseSegmentName(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** Everything before a place in a segment: its length in bytes, the last position, the SHA-256 in hex. */
export interface Extent {
  readonly bytes: number
  readonly last: number
  readonly sha256: string
}

export interface GroupExtent {
  readonly bytes: number
  readonly events: number
  readonly sha256: string
}

export interface SegmentHeader {
  readonly perdure: number
  readonly log: string
  readonly from: number
}

export function encodeHeader(log: string, from: number): string {
  return `{"perdure":${FORMAT},"log":"${log}","from":${from}}\n`
}

export function encodeMark(before: Extent, group: GroupExtent): string {
  return (
    `{"mark":{"bytes":${before.bytes},"last":${before.last},"sha256":"${before.sha256}"},` +
    `"group":{"bytes":${group.bytes},"events":${group.events},"sha256":"${group.sha256}"}}\n`
  )
}

export function encodeFooter({ bytes, last, sha256 }: Extent): string {
  return `{"end":{"bytes":${bytes},"last":${last},"sha256":"${sha256}"}}\n`
}

const HEADER = /^\{"perdure":(\d+),"log":"([^"\\]{1,512})","from":(\d{1,16})\}$/
const BEFORE = '"bytes":(\\d{1,16}),"last":(\\d{1,16}),"sha256":"([0-9a-f]{64})"'
const MARK = new RegExp(
  `^\\{"mark":\\{${BEFORE}\\},"group":\\{"bytes":(\\d{1,16}),"events":(\\d{1,16}),"sha256":"([0-9a-f]{64})"\\}\\}$`,
)
const FOOTER = new RegExp(`^\\{"end":\\{${BEFORE}\\}\\}$`)

/** Longest header, mark or footer, with its newline. */
export const OWN_LINE_SIZE_MAX_BYTES = 700

export function parseHeader(line: string): SegmentHeader | undefined {
  const [, perdure, log, from] = HEADER.exec(line) ?? []
  return log === undefined ? undefined : { perdure: Number(perdure), log, from: Number(from) }
}

export function parseMark(line: string): { before: Extent; group: GroupExtent } | undefined {
  const [, bytes, last, sha256, groupBytes, events, groupSha256] = MARK.exec(line) ?? []
  if (sha256 === undefined || groupSha256 === undefined) return undefined
  return {
    before: { bytes: Number(bytes), last: Number(last), sha256 },
    group: { bytes: Number(groupBytes), events: Number(events), sha256: groupSha256 },
  }
}

export function parseFooter(line: string): Extent | undefined {
  const [, bytes, last, sha256] = FOOTER.exec(line) ?? []
  return sha256 === undefined ? undefined : { bytes: Number(bytes), last: Number(last), sha256 }
}

/** Up to where the log is durable. `segment` 0: no segment has been made yet. */
export interface HeadState extends Extent {
  readonly log: string
  readonly segment: number
  /** Of the last event. */
  readonly time: string | undefined
  /** Of the log's head: there are current values, so that all of them cannot be lost unnoticed. */
  readonly hasKv: boolean
}

/** Far enough apart that a torn write of one slot cannot reach the other. */
export const SLOT_DISTANCE_BYTES = 4096
export const SLOT_SIZE_BYTES = 512

/** A slot of exactly {@link SLOT_SIZE_BYTES} ASCII characters. */
export function encodeSlot(head: HeadState, write: number): string {
  const { log, segment, bytes, last, time, hasKv, sha256 } = head
  const text =
    `{"perdure":${FORMAT},"log":"${log}","write":${write},"segment":${segment},"bytes":${bytes},"last":${last}` +
    `${time === undefined ? '' : `,"time":"${time}"`}${hasKv ? ',"kv":true' : ''},"sha256":"${sha256}"`
  const slot = `${text},"crc32":${crc32(text)}}`.padEnd(SLOT_SIZE_BYTES - 1) + '\n'
  assertInvariant(slot.length === SLOT_SIZE_BYTES, 'a slot of the head has its size')
  return slot
}

const SLOT = new RegExp(
  '^\\{"perdure":\\d+,"log":"([^"\\\\]{1,128})","write":(\\d{1,16}),"segment":(\\d{1,16}),"bytes":(\\d{1,16}),' +
    '"last":(\\d{1,16})(?:,"time":"([^"\\\\]{1,40})")?(,"kv":true)?,"sha256":"([0-9a-f]{64})"$',
)
/** In every version: the number of the format first, a checksum of all before it last. */
const CHECKED = /^(\{"perdure":(\d{1,9}),.*),"crc32":(\d{1,10})\} *\n$/

export type Slot =
  | { readonly kind: 'valid'; readonly write: number; readonly head: HeadState }
  | { readonly kind: 'newer'; readonly format: number }
  | { readonly kind: 'damaged' }

export function parseSlot(text: string): Slot {
  const [, checked, format, sum] = CHECKED.exec(text) ?? []
  if (checked === undefined || crc32(checked) !== Number(sum)) return { kind: 'damaged' }
  if (Number(format) > FORMAT) return { kind: 'newer', format: Number(format) }
  const [, log, write, segment, bytes, last, time, kv, sha256] = SLOT.exec(checked) ?? []
  if (log === undefined || sha256 === undefined || text.length !== SLOT_SIZE_BYTES) return { kind: 'damaged' }
  const [extent, hasKv] = [{ bytes: Number(bytes), last: Number(last), sha256 }, kv !== undefined]
  return { kind: 'valid', write: Number(write), head: { log, segment: Number(segment), ...extent, time, hasKv } }
}

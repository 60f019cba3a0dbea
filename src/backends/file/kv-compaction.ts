/** What a compacted file of current values holds: the newest line of each key, in groups, with the revisions they had. */
import { hash as hashOnce, type Hash } from 'node:crypto'
import { encodeMark } from './format.js'
import type { KvPlace } from './kv-survey.js'

const GROUP_SIZE_MAX_BYTES = 1024 * 1024

export interface LiveLine {
  readonly key: string
  readonly place: KvPlace
  /** Its bytes, without the newline, checked. */
  readonly read: () => Buffer
}

export interface Compaction {
  /** The newest revision before the file. */
  readonly last: number
  /** Goes on over every piece. */
  readonly hash: Hash
  /** Filled with where each line stands in the new file. */
  readonly places: Map<string, KvPlace>
}

/** The file, piece by piece, so that no more than a group of it is in memory. `lines` in the order of revisions. */
export function* compactedPieces(
  header: Buffer,
  lines: readonly LiveLine[],
  { last, hash, places }: Compaction,
): Generator<Uint8Array, void, void> {
  hash.update(header)
  yield header
  let offset = header.length
  for (let i = 0; i < lines.length;) {
    const group: LiveLine[] = []
    const parts: Buffer[] = []
    for (let size = 0; i < lines.length && size < GROUP_SIZE_MAX_BYTES; i++) {
      const line = lines[i] as LiveLine
      group.push(line)
      parts.push(line.read(), NEWLINE)
      size += line.place.bytes + NEWLINE.length
    }
    const body = Buffer.concat(parts)
    const before = { bytes: offset, last, sha256: hash.copy().digest('hex') }
    const extent = { bytes: body.length, events: group.length, sha256: hashOnce('sha256', body) }
    const mark = Buffer.from(encodeMark(before, extent), 'latin1')
    let at = offset + mark.length
    for (const { key, place } of group) {
      places.set(key, { revision: place.revision, offset: at, bytes: place.bytes, crc32: place.crc32 })
      at += place.bytes + NEWLINE.length
    }
    hash.update(mark).update(body)
    yield mark
    yield body
    offset = at
  }
}

const NEWLINE = Buffer.from('\n')

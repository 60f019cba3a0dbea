/** What a compacted file of current values holds: the newest line of each key, in groups, with the revisions they had. */
import { hash as hashOnce, type Hash } from 'node:crypto'
import { encodeMark } from './format.js'
import type { KvPlace } from './kv-walk.js'

const GROUP_SIZE_MAX_BYTES = 1024 * 1024
const NEWLINE = 10

export interface LiveLines {
  /** Keys and where their lines stand now, in the order of revisions. */
  readonly entries: readonly (readonly [key: string, place: KvPlace])[]
  /** The bytes of a line, without the newline, checked. */
  readonly read: (key: string, place: KvPlace) => Buffer
}

/** The file as far as it has been made. */
export interface Compaction {
  /** The newest revision before the file. */
  readonly last: number
  readonly hash: Hash
  bytes: number
  /** Where each line stands in it. */
  readonly places: Map<string, KvPlace>
}

/** The file, piece by piece, so that no more than a group of it is in memory. */
export function* compactedPieces(
  header: Buffer,
  { entries, read }: LiveLines,
  made: Compaction,
): Generator<Uint8Array, void, void> {
  const take = (bytes: Buffer): Buffer => {
    made.hash.update(bytes)
    made.bytes += bytes.length
    return bytes
  }
  yield take(header)
  for (let from = 0; from < entries.length;) {
    const { end, size } = groupFrom(entries, from)
    const group = entries.slice(from, end)
    const body = Buffer.allocUnsafe(size)
    let at = 0
    for (const [key, place] of group) {
      body.set(read(key, place), at)
      at += place.bytes
      body[at++] = NEWLINE
    }
    const before = { bytes: made.bytes, last: made.last, sha256: made.hash.copy().digest('hex') }
    const extent = { bytes: size, events: group.length, sha256: hashOnce('sha256', body) }
    yield take(Buffer.from(encodeMark(before, extent), 'latin1'))
    let offset = made.bytes
    for (const [key, { revision, bytes, crc32 }] of group) {
      made.places.set(key, { revision, offset, bytes, crc32 })
      offset += bytes + 1
    }
    yield take(body)
    from = end
  }
}

/** Where the group that begins here ends, and how large it is with its newlines. */
function groupFrom(entries: LiveLines['entries'], from: number): { end: number; size: number } {
  let [end, size] = [from, 0]
  while (end < entries.length && size < GROUP_SIZE_MAX_BYTES) size += (entries[end++]?.[1].bytes ?? 0) + 1
  return { end, size }
}

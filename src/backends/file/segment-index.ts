/** What can be looked up in a segment, whether its index is being built or stands on disk. */
import type { Blocks } from './block-table.js'

export interface StreamRevision {
  readonly stream: string
  /** After the last event of the stream in this segment. */
  readonly revision: number
}

export interface SegmentIndex {
  readonly events: number
  readonly firstTime: string
  readonly lastTime: string
  readonly blocks: Blocks
  /** False: no line has this key. True: perhaps. */
  mayHave(key: number): boolean
  /** Lines with this key, in order; by a collision of hashes, others too. Undefined: there are more than `limit`. */
  lines(key: number, limit: number): readonly number[] | undefined
  /** Streams after `after`, in UTF-8 byte order, from the first one that begins with `prefix` on. */
  streams(prefix: string, after: string): Iterable<StreamRevision>
}

/** The index does not hold what was written into it: it must be built again from its segment. */
export class IndexDamaged extends Error {}

/** The log of a folder as an observer sees it: what the head vouches for, and more of it each time the head has moved. */
import { createHash } from 'node:crypto'
import { isPerdureError } from '../../errors.js'
import { corrupt } from './failures.js'
import { FilePool } from './file-pool.js'
import { toSegment, walkClosed, type IndexParts } from './folder-log.js'
import type { FolderPaths } from './folder.js'
import type { HeadState } from './format.js'
import { readHead } from './head-file.js'
import { loadIndex } from './index-loading.js'
import { PageCache } from './page-cache.js'
import type { File, Files, Platform } from '../../files/platform.js'
import { damaged, SegmentWalk } from './segment-walk.js'
import type { Segment } from './segment.js'
import { lookAtClosed } from './survey.js'
import { headMissing } from './recovery.js'

/** A head that is being written may be met half written; the next look finds it whole. */
const HEAD_ATTEMPTS_MAX = 5

const INITIAL_SIZE_BYTES = 64 * 1024

export class ObservedLog {
  readonly parts: IndexParts
  readonly segments: Segment[] = []
  #head: HeadState
  /** The segment that the head names, read up to there. */
  #tail: Tail | undefined

  /** @throws PerdureError `head-missing`, `log-corrupt`, `format-newer`, `backend-failed` */
  constructor(platform: Platform, paths: FolderPaths) {
    const head = readHeadNow(platform.files, paths)
    this.parts = { logId: head.log, platform, paths, pool: new FilePool(platform.files), cache: new PageCache() }
    this.#head = { ...head, segment: 0, bytes: 0, last: 0, time: undefined }
    this.#moveTo(head)
  }

  get head(): HeadState {
    return this.#head
  }

  /** The open segment, for a check of all; undefined: nothing was ever written. */
  get open(): { segment: Segment; index: SegmentWalk['index']; bytes: number } | undefined {
    const segment = this.segments.at(-1)
    return this.#tail === undefined || segment === undefined
      ? undefined
      : { segment, index: this.#tail.walk.index, bytes: this.#head.bytes }
  }

  /** Looks at the head again. True: it has moved. @throws PerdureError `log-corrupt` if it is that of another log */
  refresh(): boolean {
    const { log, segment, bytes, last } = this.#head
    const head = readHeadNow(this.parts.platform.files, this.parts.paths, last)
    if (head.log !== log) {
      throw corrupt('the head is that of another log', { path: this.parts.paths.head, expected: log, found: head.log })
    }
    if (head.segment === segment && head.bytes === bytes) return false
    this.#moveTo(head)
    return true
  }

  close(): void {
    this.#tail?.close()
    this.parts.pool.closeAll()
  }

  #moveTo(head: HeadState): void {
    if (head.last < this.#head.last) {
      const facts = { path: this.parts.paths.head, expected: this.#head.last, found: head.last }
      throw corrupt('the log has become shorter while it was observed', facts)
    }
    if (head.segment !== this.#head.segment) this.#openTail(head)
    else this.#tail?.readUpTo(head)
    this.#head = head
  }

  /**
   * From the segment that was open to the one that the head names; those between have been closed. Nothing is changed
   * until all of it has been read: it may fail, and is then done again.
   */
  #openTail(head: HeadState): void {
    const known = this.#tail === undefined ? this.segments.length : this.segments.length - 1
    const closed: Segment[] = []
    let next = this.#head.segment === 0 ? 1 : this.#head.segment
    while (next < head.segment) {
      const segment = this.#closedSegment(next)
      closed.push(segment)
      next = segment.last + 1
    }
    if (next !== head.segment) {
      const path = this.parts.paths.segment(head.segment)
      throw corrupt('a segment is missing before this one', { path, expected: next, found: head.segment })
    }
    const tail = new Tail(this.parts, head.segment)
    try {
      tail.readUpTo(head)
    } catch (error) {
      tail.close()
      throw error
    }
    this.#tail?.close()
    this.#tail = tail
    this.segments.splice(known, Infinity, ...closed, toSegment(this.parts, head.segment, tail.walk.index))
  }

  #closedSegment(from: number): Segment {
    const { parts } = this
    const { bytes, contentDigest } = lookAtClosed(parts.platform.files, parts.paths.segment(from), parts.logId, from)
    // Built in memory if there is none: an observer writes nothing.
    const index = loadIndex(parts, from, { bytes, sha256: contentDigest }) ?? walkClosed(parts, from).index
    return toSegment(parts, from, index)
  }
}

/** The last segment, of which more is read as the head moves on. */
class Tail {
  readonly walk: SegmentWalk
  readonly #path: string
  readonly #file: File
  #buffer = Buffer.allocUnsafe(INITIAL_SIZE_BYTES)
  #length = 0

  constructor({ platform, paths, logId }: IndexParts, from: number) {
    this.#path = paths.segment(from)
    this.#file = platform.files.open(this.#path, 'read')
    this.walk = new SegmentWalk(this.#buffer.subarray(0, 0), logId, from)
  }

  readUpTo(head: HeadState): void {
    this.#fill(head.bytes)
    const isNew = this.walk.offset === 0
    this.walk.extend(this.#buffer.subarray(0, head.bytes))
    const damage = (isNew ? this.walk.header() : undefined) ?? this.walk.takeUpTo(head.bytes, true)
    if (damage !== undefined) throw damaged(this.#path, damage)
    if (this.walk.digest() === head.sha256 && this.walk.last === head.last) return
    const found = createHash('sha256').update(this.#buffer.subarray(0, head.bytes)).digest('hex')
    const facts = { path: this.#path, offset: 0, position: this.walk.from, expected: head.sha256, found }
    throw corrupt('the bytes are not those that were acknowledged', facts)
  }

  close(): void {
    this.#file.close()
  }

  #fill(end: number): void {
    if (end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    while (this.#length < end) {
      const read = this.#file.read(this.#buffer.subarray(this.#length), end - this.#length, this.#length)
      if (read === 0) {
        const facts = {
          path: this.#path,
          offset: this.#length,
          expected: `${end} bytes`,
          found: `${this.#length} bytes`,
        }
        throw corrupt('the segment is shorter than the head says', facts)
      }
      this.#length += read
    }
  }
}

/** `seen`: the last position that was seen; a head that is older, and has a torn slot, is one that is being written. */
function readHeadNow(files: Files, paths: FolderPaths, seen = 0): HeadState {
  for (let attempt = 1; ; attempt++) {
    try {
      const head = readHead(files, paths.head)
      if (head === undefined) throw headMissing(paths)
      if (!head.tornSlot || head.state.last >= seen || attempt === HEAD_ATTEMPTS_MAX) return head.state
    } catch (error) {
      if (!isPerdureError(error) || error.code !== 'log-corrupt' || attempt === HEAD_ATTEMPTS_MAX) throw error
    }
  }
}

/** A complete check of a folder: every byte of every segment, head, index, value and snapshot, revisions and ids. */
import type { BackendVerification, Finding } from '../protocol.js'
import { isPerdureError } from '../../errors.js'
import { scanEnvelope } from '../../log/line.js'
import type { FolderLog, OpenSegment } from './folder-log.js'
import type { HeadState } from './format.js'
import { readHead } from './head-file.js'
import { encodeIndex } from './index-encoding.js'
import { hashKey } from './key-hash.js'
import { checkValues } from './kv-verification.js'
import { damaged, SegmentWalk } from './segment-walk.js'
import type { Segment } from './segment.js'
import { snapshotPaths } from './snapshot-backend.js'
import { readSnapshot } from './snapshot-file.js'
import { readWhole } from './whole-read.js'

/** What is checked: a log that is open for writing, or one that is observed. */
export interface CheckedLog extends Pick<FolderLog, 'logId' | 'platform' | 'paths' | 'head' | 'segments'> {
  readonly open: Pick<OpenSegment, 'segment' | 'index' | 'bytes'> | undefined
  /** Somebody else writes it meanwhile: its head may be ahead of what is checked. */
  readonly isObserved?: boolean
}

/** `kvHead`: of the current values, if this process writes them. */
export function verifyFolder(log: CheckedLog, kvHead?: HeadState): BackendVerification {
  const check = new FolderCheck(log)
  check.head()
  for (const segment of log.segments) check.segment(segment)
  check.values(kvHead)
  check.snapshots()
  return { examined: check.examined, findings: check.findings }
}

class FolderCheck {
  readonly #log: CheckedLog
  readonly findings: Finding[] = []
  readonly examined = {
    segments: 0,
    bytes: 0,
    groups: 0,
    indexes: 0,
    ids: 0,
    revisions: 0,
    values: 0,
    valueBytes: 0,
    snapshots: 0,
  }

  constructor(log: CheckedLog) {
    this.#log = log
  }

  head(): void {
    this.#attempt(() => {
      const { paths, platform, head, isObserved = false } = this.#log
      const found = readHead(platform.files, paths.head)
      if (isObserved && found !== undefined && found.state.last >= head.last) return
      if (found === undefined || found.state.bytes !== head.bytes || found.state.sha256 !== head.sha256) {
        this.#report('log-corrupt', 'the head on disk is not the one that was written last', {
          path: paths.head,
          expected: `position ${head.last}`,
          found: found === undefined ? 'no head' : `position ${found.state.last}`,
        })
      }
    })
  }

  segment(segment: Segment): void {
    this.#attempt(() => {
      const { logId, platform, head, open, isObserved = false } = this.#log
      const isOpen = open?.segment === segment
      const bytes = readWhole(platform.files, segment.path)
      const end = isOpen ? open.bytes : bytes.length
      const walk = new SegmentWalk(bytes.subarray(0, end), logId, segment.from)
      const damage = walk.header() ?? walk.takeUpTo(end, false)
      if (damage !== undefined) throw damaged(segment.path, damage)
      const last = isOpen ? head.last : segment.last
      // A head that is observed may have come as far as the end of a segment, and not yet to the next one.
      const mayBeClosed = isOpen ? isObserved : true
      if (walk.last !== last || (walk.isClosed ? !mayBeClosed : !isOpen)) {
        this.#report('log-corrupt', 'the segment does not end where it should', {
          path: segment.path,
          position: walk.last,
          expected: last,
          found: walk.last,
        })
      }
      this.examined.segments++
      this.examined.bytes += end
      this.examined.groups += walk.pieces
      this.#checkIndex(segment, walk, isOpen)
      this.#checkEvents(segment, walk)
    })
  }

  values(known: HeadState | undefined): void {
    this.#attempt(() => {
      const { head, platform, paths } = this.#log
      Object.assign(this.examined, checkValues(platform.files, paths, head, known))
    })
  }

  snapshots(): void {
    this.#attempt(() => {
      const { logId, platform, paths } = this.#log
      for (const path of snapshotPaths(platform.files, paths)) {
        this.#attempt(() => {
          readSnapshot(platform.files, path, logId)
          this.examined.snapshots++
        })
      }
    })
  }

  /** An index is a function of its segment: built again, it must come out the same. */
  #checkIndex(segment: Segment, walk: SegmentWalk, isOpen: boolean): void {
    const { logId, open, paths } = this.#log
    const encode = (index: SegmentWalk['index']): Buffer =>
      Buffer.concat(encodeIndex(index, logId, segment.from, walk.contentDigest()))
    const expected = encode(walk.index)
    const path = paths.indexOf(segment.from)
    const found = isOpen && open !== undefined ? encode(open.index) : this.#readIndex(path)
    this.examined.indexes++
    if (found !== undefined && expected.equals(found)) return
    // So that closing the log builds it again.
    if (!isOpen) segment.indexDamaged = true
    this.#report('index-damaged', 'the index is not that of its segment; no answer depends on it', { path })
  }

  #readIndex(path: string): Buffer | undefined {
    try {
      return readWhole(this.#log.platform.files, path)
    } catch (error) {
      if (isPerdureError(error)) return undefined
      throw error
    }
  }

  /** Each stream's revisions follow one another, and no id stands twice. */
  #checkEvents(segment: Segment, walk: SegmentWalk): void {
    const revisions = new Map<string, number>()
    const ids = new Map<string, number>()
    const older = this.#log.segments.filter(({ from }) => from < segment.from)
    for (const { envelope } of walk.events()) {
      const { stream, revision, id, position } = envelope
      const expected = (revisions.get(stream) ?? lastRevision(older, stream)) + 1
      revisions.set(stream, revision)
      if (revision !== expected) {
        const what = `the revision of ${JSON.stringify(stream)} at position ${position} is ${revision} where ${expected} belongs`
        this.#report('log-corrupt', what, { path: segment.path, position, expected, found: revision })
      }
      const twice = ids.get(id) ?? older.flatMap((one) => placesOf(one, id))[0]
      ids.set(id, position)
      if (twice !== undefined) {
        this.#report('log-corrupt', `the id at position ${position} stands at ${twice} too`, {
          path: segment.path,
          position,
        })
      }
      this.examined.ids++
      this.examined.revisions++
    }
  }

  #attempt(check: () => void): void {
    try {
      check()
    } catch (error) {
      if (!isPerdureError(error)) throw error
      this.#report(error.code, error.message, error.facts as Finding['facts'])
    }
  }

  #report(code: string, message: string, facts: Finding['facts']): void {
    this.findings.push({ code, message, facts })
  }
}

function lastRevision(segments: readonly Segment[], stream: string): number {
  for (const segment of segments.toReversed()) {
    for (const position of segment.positions(hashKey('stream', stream)).reverse()) {
      const envelope = scanEnvelope(segment.line(position))
      if (envelope.stream === stream) return envelope.revision
    }
  }
  return 0
}

/** Where an id stands in a segment. */
function placesOf(segment: Segment, id: string): number[] {
  return segment.positions(hashKey('id', id)).filter((position) => scanEnvelope(segment.line(position)).id === id)
}

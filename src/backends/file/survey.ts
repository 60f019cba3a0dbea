/** Looks at the segments of a folder and decides what of them is the log. Reads only. */
import { createHash } from 'node:crypto'
import { corrupt, type CorruptFacts } from './failures.js'
import type { FolderPaths } from './folder.js'
import {
  encodeFooter,
  FORMAT,
  OWN_LINE_SIZE_MAX_BYTES,
  parseFooter,
  parseHeader,
  parseMark,
  type Extent,
  type HeadState,
} from './format.js'
import { newerFormat } from './head-file.js'
import type { Files } from '../../files/platform.js'
import { damaged, SegmentWalk, type Damage } from './segment-walk.js'
import type { OpenIndex } from './open-index.js'
import { readEnd, readStart, readWhole } from './whole-read.js'

/** A segment that ended before the one the head names: only its header and footer have been looked at. */
export interface ClosedSegment {
  readonly from: number
  readonly last: number
  readonly bytes: number
  readonly contentDigest: string
}

/** A segment that was read whole. */
export interface WalkedSegment {
  readonly walk: SegmentWalk
  /** Up to where the head vouches for it. */
  readonly vouchedBytes: number
  /** Whole groups that stand above the head. */
  readonly groupsAbove: number
  /** What follows the last whole group. */
  readonly torn: Damage | undefined
}

/** The index on disk of what stands before this place in a segment, if there is one that can be used. */
export type LoadIndex = (from: number, before: Extent) => OpenIndex | undefined

export interface Survey {
  readonly closed: readonly ClosedSegment[]
  readonly walked: readonly WalkedSegment[]
}

/**
 * Without a head (when one is to be made anew) nothing is vouched for, and the last segment is walked from its header.
 *
 * @throws PerdureError `log-corrupt`, `format-newer`, `backend-failed`
 */
export function surveySegments(
  files: Files,
  paths: FolderPaths,
  log: string,
  segments: readonly number[],
  head: HeadState | undefined,
  loadIndex: LoadIndex = () => undefined,
): Survey {
  const walkedFrom = head?.segment ?? segments.at(-1) ?? 0
  const closed: ClosedSegment[] = []
  const walked: WalkedSegment[] = []
  if (head !== undefined && head.segment !== 0 && !segments.includes(head.segment)) {
    throw corrupt('the segment that the head names is missing', {
      path: paths.segment(head.segment),
      position: head.segment,
      expected: `${head.bytes} bytes`,
      found: 'no file',
    })
  }
  let next = 1
  segments.forEach((from, i) => {
    const path = paths.segment(from)
    if (from !== next)
      throw corrupt('a segment is missing before this one', { path, position: next, expected: next, found: from })
    const isLast = i === segments.length - 1
    if (from < walkedFrom) {
      const segment = lookAtClosed(files, path, log, from)
      closed.push(segment)
      next = segment.last + 1
      return
    }
    const segment = walkSegment(files, path, log, from, head?.segment === from ? head : undefined, loadIndex)
    if (!isLast && (segment.torn !== undefined || !segment.walk.isClosed)) {
      throw corrupt('the segment has no footer, yet another one follows', {
        path,
        offset: segment.walk.offset,
        position: segment.walk.last + 1,
      })
    }
    walked.push(segment)
    next = segment.walk.last + 1
  })
  return { closed, walked }
}

/** @throws PerdureError `log-corrupt`, `format-newer`, `backend-failed` */
export function lookAtClosed(files: Files, path: string, log: string, from: number): ClosedSegment {
  checkHeader(readStart(files, path, OWN_LINE_SIZE_MAX_BYTES), path, log, from)
  const { bytes, size } = readEnd(files, path, OWN_LINE_SIZE_MAX_BYTES)
  const text = bytes.toString('latin1')
  const line = text.slice(text.lastIndexOf('\n', text.length - 2) + 1)
  const footer = line.endsWith('\n') ? parseFooter(line.slice(0, -1)) : undefined
  if (
    footer === undefined ||
    footer.bytes + line.length !== size ||
    encodeFooter(footer) !== line ||
    footer.last < from
  ) {
    throw corrupt('the segment does not end with its footer', {
      path,
      offset: Math.max(0, size - line.length),
      position: from,
      expected: footer === undefined ? 'a footer' : `${footer.bytes + line.length} bytes`,
      found: footer === undefined ? JSON.stringify(line.slice(0, 40)) : `${size} bytes`,
    })
  }
  return { from, last: footer.last, bytes: size, contentDigest: footer.sha256 }
}

function checkHeader(bytes: Buffer, path: string, log: string, from: number): void {
  const text = bytes.toString('latin1')
  const line = text.slice(0, Math.max(0, text.indexOf('\n')))
  const header = parseHeader(line)
  if (header !== undefined && header.perdure > FORMAT) throw newerFormat(path, header.perdure)
  if (header?.log === log && header.from === from) return
  throw corrupt('the header is not that of this segment', {
    path,
    offset: 0,
    position: from,
    expected: `log ${log}, from ${from}`,
    found: header === undefined ? JSON.stringify(line.slice(0, 40)) : `log ${header.log}, from ${header.from}`,
  })
}

function walkSegment(
  files: Files,
  path: string,
  log: string,
  from: number,
  head: HeadState | undefined,
  loadIndex: LoadIndex,
): WalkedSegment {
  const bytes = readWhole(files, path)
  const walk = new SegmentWalk(bytes, log, from)
  if (head !== undefined) {
    takeVouched(walk, head, path, loadIndex)
  } else {
    const format = parseHeader(bytes.toString('latin1', 0, Math.max(0, bytes.indexOf(10))))?.perdure ?? FORMAT
    if (format > FORMAT) throw newerFormat(path, format)
    const damage = walk.header()
    if (damage !== undefined) return { walk, vouchedBytes: 0, groupsAbove: 0, torn: checkTorn(bytes, damage, path) }
  }
  const vouchedBytes = head === undefined ? 0 : head.bytes
  let groupsAbove = 0
  while (walk.offset < bytes.length) {
    const damage = walk.takePiece()
    if (damage !== undefined) return { walk, vouchedBytes, groupsAbove, torn: checkTorn(bytes, damage, path) }
    groupsAbove++
  }
  return { walk, vouchedBytes, groupsAbove, torn: undefined }
}

/** What the head vouches for must be there, byte for byte. */
function takeVouched(walk: SegmentWalk, head: HeadState, path: string, loadIndex: LoadIndex): void {
  const { bytes } = walk
  if (bytes.length < head.bytes) {
    const damage = walk.header() ?? walk.takeUpTo(bytes.length, false)
    throw corrupt('the segment is shorter than the head says', {
      path,
      offset: bytes.length,
      position: damage?.position ?? walk.last + 1,
      expected: `${head.bytes} bytes`,
      found: `${bytes.length} bytes`,
    })
  }
  const hash = createHash('sha256').update(bytes.subarray(0, head.bytes))
  const found = hash.copy().digest('hex')
  if (found !== head.sha256)
    throw corrupt('the bytes are not those that were acknowledged', locate(walk, head, path, found))
  const index = loadIndex(walk.from, head)
  if (index !== undefined) walk.takeIndexed(head.bytes, index, hash)
  const damage = index === undefined ? (walk.header() ?? walk.takeUpTo(head.bytes, true)) : undefined
  if (damage !== undefined) throw damaged(path, damage)
  if (walk.last !== head.last) {
    throw corrupt('the head names another position', {
      path,
      position: walk.last,
      expected: head.last,
      found: walk.last,
    })
  }
}

/** Where in the vouched bytes the damage begins, as far as the marks can tell. */
function locate(walk: SegmentWalk, head: HeadState, path: string, found: string): CorruptFacts {
  const { offset, position } = walk.header() ?? walk.takeUpTo(head.bytes, false) ?? { offset: 0, position: walk.from }
  return { path, offset, position, expected: head.sha256, found }
}

/**
 * A broken end may be set aside only if it is that of the one group that was being written. A mark behind it says that
 * it was synced once: then it is damage, and nothing may be cut.
 */
function checkTorn(bytes: Buffer, damage: Damage, path: string): Damage {
  const next = findMarkAfter(bytes, damage)
  if (next === undefined) return damage
  throw damaged(path, {
    ...damage,
    problem: `${damage.problem}; but a later mark at byte ${next} says that it was once whole`,
  })
}

/** Where a mark or footer stands that says, rightly, where it stands: what is before it was synced once. */
export function findMarkAfter(bytes: Buffer, { pieceOffset }: Pick<Damage, 'pieceOffset'>): number | undefined {
  for (let at = bytes.indexOf('\n{"', pieceOffset); at >= 0; at = bytes.indexOf('\n{"', at + 1)) {
    const start = at + 1
    const end = bytes.indexOf(10, start)
    if (end < 0 || end - start > OWN_LINE_SIZE_MAX_BYTES) continue
    const before: Extent | undefined =
      parseMark(bytes.toString('latin1', start, end))?.before ?? parseFooter(bytes.toString('latin1', start, end))
    if (before?.bytes === start) return start
  }
  return undefined
}

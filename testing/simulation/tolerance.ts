/**
 * What a damaged log may still answer. Computed from the disk as it was before and after the damage, with nothing but
 * the format's description.
 */
import { KV, readHead, type SegmentOnDisk, segmentsOf, valuesOf, vouchedBytes } from './format-reader.js'
import { type Damage, type DiskImage, sameBytes } from './image.js'
import { FOLDER } from './scenario.js'
import type { SnapshotTolerance } from './snapshot-life.js'

export interface Tolerance {
  /** What is at or below a head is damaged: somebody must say so, at open, at the first read, or when verifying. */
  readonly mustRefuse: boolean
  readonly mayRefuse: boolean
  /**
   * Up to here the log must be there if it opens. Less than was acknowledged only in the one documented case: the head
   * on the disk lags behind, and what it does not vouch for is damaged, with nothing whole after it.
   */
  readonly floor: number
  /** The same of the current values' revisions. */
  readonly kvFloor: number
  readonly snapshots: SnapshotTolerance
  /** Neither slot of a head can be read any more: the log can be repaired. */
  readonly headLost?: boolean
}

const SOUND: SnapshotTolerance = { mayMiss: false, mayBeMalformed: false }
const NOTHING_TOLERATED: Tolerance = {
  mustRefuse: false,
  mayRefuse: false,
  floor: Infinity,
  kvFloor: Infinity,
  snapshots: SOUND,
}
const MUST_REFUSE: Tolerance = { ...NOTHING_TOLERATED, mustRefuse: true, mayRefuse: true }
const MAY_REFUSE: Tolerance = { ...NOTHING_TOLERATED, mayRefuse: true }

export function toleranceOf(before: DiskImage, after: DiskImage, damage: Damage): Tolerance {
  const { path } = damage
  if (path === `${FOLDER}/${KV}`) return saysValues(before) ? MUST_REFUSE : NOTHING_TOLERATED
  if (sameBytes(before.files.get(path), after.files.get(path))) return NOTHING_TOLERATED
  if (path === `${FOLDER}/head`) return ofHead(after, damage, FOLDER)
  if (path === `${FOLDER}/${KV}/head`) return ofHead(after, damage, `${FOLDER}/${KV}`)
  if (path.startsWith(`${FOLDER}/snapshots/`)) return ofSnapshot(damage)
  return ofLog(before, after, path) ?? ofValues(before, after, path) ?? NOTHING_TOLERATED
}

function ofHead(after: DiskImage, { kind }: Damage, folder: string): Tolerance {
  // An old copy of the head is sound in itself: it may vouch for a segment long closed, which no crash leaves behind.
  if (readHead(after, folder) !== undefined) return kind === 'restore' ? MAY_REFUSE : NOTHING_TOLERATED
  // Where only the head was begun, and the log does not say so yet, nothing is lost with it.
  const isBegun = folder === FOLDER || saysValues(after) || after.files.has(`${folder}/head`)
  return isBegun ? { ...MUST_REFUSE, headLost: true } : NOTHING_TOLERATED
}

/** The log's head says that there are current values; one that is older than this says nothing, but files do. */
function saysValues(image: DiskImage): boolean {
  return readHead(image, FOLDER)?.kv === true || segmentsOf(image, FOLDER, KV).length > 0
}

function ofSnapshot({ kind, path }: Damage): Tolerance {
  if (!path.endsWith('.json')) return NOTHING_TOLERATED
  const isDeleted = kind === 'delete'
  return { ...NOTHING_TOLERATED, snapshots: { mayMiss: isDeleted, mayBeMalformed: !isDeleted } }
}

function ofLog(before: DiskImage, after: DiskImage, path: string): Tolerance | undefined {
  const segments = segmentsOf(before, FOLDER)
  const segment = segments.find((other) => other.path === path)
  if (segment === undefined) return undefined
  const first = firstDifference(segment.bytes, after.files.get(path))
  if (first < vouchedBytes(readHead(after, FOLDER), segment)) return MUST_REFUSE
  // Longer than a closed segment can be: nothing is lost, whether or not it is refused.
  if (first >= segment.bytes.length) return MAY_REFUSE
  if (hasMarkAfter(segmentsOf(after, FOLDER), segment, first)) return MUST_REFUSE
  return { ...NOTHING_TOLERATED, floor: lastWholeBefore(segment, first) }
}

function ofValues(before: DiskImage, after: DiskImage, path: string): Tolerance | undefined {
  const file = valuesOf(before, FOLDER)
  if (file?.path !== path) return undefined
  const first = firstDifference(file.bytes, after.files.get(path))
  if (first < vouchedBytes(readHead(after, `${FOLDER}/${KV}`), file)) return MUST_REFUSE
  if (first >= file.bytes.length) return MAY_REFUSE
  const files = segmentsOf(after, FOLDER, KV).filter(({ from }) => from === file.from)
  if (hasMarkAfter(files, file, first)) return MUST_REFUSE
  return { ...NOTHING_TOLERATED, kvFloor: lastWholeBefore(file, first) }
}

function firstDifference(before: Uint8Array, after: Uint8Array | undefined): number {
  const end = Math.min(before.length, after?.length ?? 0)
  let at = 0
  while (at < end && before[at] === after?.[at]) at++
  return at
}

const MARK_OR_FOOTER =
  /^\{"(?:mark|end)":\{"bytes":(\d+),"last":\d+,"sha256":"[0-9a-f]{64}"\}(?:,"group":\{[^\n]*\})?\}\n/gm

/** Whether a group begins beyond the damage, in this segment or a later one, or this one ends there as a closed one. */
function hasMarkAfter(after: readonly SegmentOnDisk[], segment: SegmentOnDisk, offset: number): boolean {
  return after.some(({ from, bytes }) => {
    if (from < segment.from) return false
    const marks = [...textOf(bytes).matchAll(MARK_OR_FOOTER)]
    // One that stands elsewhere than it says is a stray copy, and proves nothing.
    return marks.some(({ index, 1: says }) => (from > segment.from || index > offset) && index === Number(says))
  })
}

/** The last position, or revision, of the groups that end before the one in which the damage begins. */
function lastWholeBefore({ bytes, from }: SegmentOnDisk, offset: number): number {
  const text = textOf(bytes)
  // A mark that begins right after the damaged byte opens the next group.
  const mark = offset === 0 ? -1 : text.lastIndexOf('\n{"mark"', offset - 1)
  let last = from - 1
  for (const match of text.slice(0, mark + 1).matchAll(/^\{"(?:position|revision)":(\d+),/gm)) {
    last = Math.max(last, Number(match[1]))
  }
  return last
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

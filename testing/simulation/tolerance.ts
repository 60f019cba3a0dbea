/**
 * What a damaged log may still answer. Computed from the disk as it was before and after the damage, with nothing but
 * the format's description.
 */
import { readHead, type SegmentOnDisk, segmentsOf, vouchedBytes } from './format-reader.js'
import { type Damage, type DiskImage, sameBytes } from './image.js'
import { FOLDER } from './scenario.js'

export interface Tolerance {
  /** What is at or below the head is damaged: somebody must say so, at open, at the first read, or when verifying. */
  readonly mustRefuse: boolean
  readonly mayRefuse: boolean
  /**
   * Up to here the log must be there if it opens. Less than was acknowledged only in the one documented case: the head
   * on the disk lags behind, and what it does not vouch for is damaged, with nothing whole after it.
   */
  readonly floor: number
  /** Neither slot of the head can be read any more: the log can be repaired. */
  readonly headLost?: boolean
}

const NOTHING_TOLERATED = { mustRefuse: false, mayRefuse: false, floor: Infinity }

export function toleranceOf(before: DiskImage, after: DiskImage, damage: Damage): Tolerance {
  const { path } = damage
  if (sameBytes(before.files.get(path), after.files.get(path))) return NOTHING_TOLERATED
  const head = readHead(after, FOLDER)
  if (path === `${FOLDER}/head`) {
    const isLost = head === undefined
    // An old copy of the head is sound in itself: it may vouch for a segment long closed, which no crash leaves behind.
    return { mustRefuse: isLost, mayRefuse: isLost || damage.kind === 'restore', floor: Infinity, headLost: isLost }
  }
  const segment = segmentsOf(before, FOLDER).find((other) => other.path === path)
  if (segment === undefined) return NOTHING_TOLERATED
  const vouched = vouchedBytes(head, segment)
  const first = firstDifference(segment.bytes, after.files.get(path))
  if (first < vouched) return { mustRefuse: true, mayRefuse: true, floor: Infinity }
  // Longer than a closed segment can be: nothing is lost, whether or not it is refused.
  if (first >= segment.bytes.length) return { mustRefuse: false, mayRefuse: true, floor: Infinity }
  if (hasMarkAfter(after, segment, first)) return { mustRefuse: true, mayRefuse: true, floor: Infinity }
  return { mustRefuse: false, mayRefuse: false, floor: lastWholeBefore(segment, first) }
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
function hasMarkAfter(after: DiskImage, segment: SegmentOnDisk, offset: number): boolean {
  return segmentsOf(after, FOLDER).some(({ from, bytes }) => {
    if (from < segment.from) return false
    const marks = [...textOf(bytes).matchAll(MARK_OR_FOOTER)]
    // One that stands elsewhere than it says is a stray copy, and proves nothing.
    return marks.some(({ index, 1: says }) => (from > segment.from || index > offset) && index === Number(says))
  })
}

/** The last position of the groups that end before the one in which the damage begins. */
function lastWholeBefore({ bytes, from }: SegmentOnDisk, offset: number): number {
  const text = textOf(bytes)
  // A mark that begins right after the damaged byte opens the next group.
  const mark = offset === 0 ? -1 : text.lastIndexOf('\n{"mark"', offset - 1)
  let last = from - 1
  for (const match of text.slice(0, mark + 1).matchAll(/^\{"position":(\d+),/gm)) last = Number(match[1])
  return last
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

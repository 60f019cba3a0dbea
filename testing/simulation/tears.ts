/** Every way worth trying in which a power failure can leave the writes pending at one moment, numbered. */
import { type CrashVariant, type Fate, sectorCount } from './crash.js'
import type { PendingOp } from './pending.js'

/** Up to this many pending operations, every subset of them is tried as what survived. */
const SUBSET_LENGTH_MAX = 5
/** A write is torn at every byte up to so many; a longer one, at that many places spread over it. */
const SEGMENT_TEARS_MAX = 800
const OTHER_TEARS_MAX = 24

type Family = readonly [count: number, variant: (k: number) => CrashVariant]

/**
 * The variants for these pending operations. `newest`: the last operation has just been done, so it is torn at every
 * byte here; at later moments only whole. `moment` shifts where long writes are torn, so that many moments cover all.
 */
export class Tears {
  readonly count: number
  readonly #families: readonly Family[]

  constructor(pending: readonly PendingOp[], newest: boolean, moment: number) {
    const last = pending.length - 1
    const op = pending[last]
    const isTorn = newest && op?.kind === 'write' && op.bytes.length > 1
    this.#families = [
      subsets(pending.length),
      ...(isTorn ? [tornBytes(op, last, moment, 'apply', 1), tornBytes(op, last, moment, 'drop', 8)] : []),
      ...(newest && op?.kind === 'write' ? [damagedSectors(op, last), only(last, 'grown')] : []),
    ]
    this.count = this.#families.reduce((sum, [count]) => sum + count, 0)
  }

  variant(k: number): CrashVariant {
    let left = k
    for (const [count, variant] of this.#families) {
      if (left < count) return variant(left)
      left -= count
    }
    throw new RangeError(`there are ${this.count} variants, not ${k}`)
  }
}

/** All subsets of a few operations; of many: each first part, and all but each one (a reordering). */
function subsets(length: number): Family {
  if (length <= SUBSET_LENGTH_MAX) {
    return [2 ** length, (mask) => surviving(length, (index) => (mask & (1 << index)) !== 0)]
  }
  return [
    2 * length + 1,
    (k) => surviving(length, k <= length ? (index) => index < k : (index) => index !== k - length - 1),
  ]
}

function surviving(length: number, survives: (index: number) => boolean): CrashVariant {
  const except = new Map<number, Fate>()
  for (let index = 0; index < length; index++) if (survives(index)) except.set(index, 'apply')
  return { rest: 'drop', except }
}

type Write = Extract<PendingOp, { kind: 'write' }>

function tornBytes(op: Write, index: number, moment: number, rest: 'apply' | 'drop', every: number): Family {
  const limit = op.file.bornAs.includes('/segments/') ? SEGMENT_TEARS_MAX : OTHER_TEARS_MAX
  const places = op.bytes.length - 1
  const stride = Math.ceil(places / limit) * every
  const count = Math.ceil(places / stride)
  const tornAt = (k: number): number => 1 + ((k * stride + moment) % places)
  return [count, (k) => ({ rest, except: new Map([[index, { torn: tornAt(k) }]]) })]
}

const SECTOR_FATES = ['skipped', 'zero', 'garbage'] as const

function damagedSectors(op: Write, index: number): Family {
  return [
    sectorCount(op) * SECTOR_FATES.length,
    (k) => {
      const as = SECTOR_FATES[k % SECTOR_FATES.length] ?? 'zero'
      return { rest: 'apply', except: new Map([[index, { sector: Math.floor(k / SECTOR_FATES.length), as }]]) }
    },
  ]
}

function only(index: number, fate: Fate): Family {
  return [1, () => ({ rest: 'apply', except: new Map([[index, fate]]) })]
}

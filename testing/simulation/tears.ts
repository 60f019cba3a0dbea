/** Every way worth trying in which a power failure can leave the writes pending at one moment, numbered. */
import { type CrashVariant, type Fate, sectorCount } from './crash.js'
import type { PendingOp } from './pending.js'

/** Up to this many pending operations, every subset of them is tried as what survived. */
const SUBSET_LENGTH_MAX = 5
/** A write is torn at every byte up to so many; a longer one, at that many places spread over it. */
const SEGMENT_TEARS_MAX = 800
/** The other files are believed as a whole or not at all: where one is torn makes little difference. */
const OTHER_TEARS_MAX = 12

type Family = readonly [count: number, variant: (k: number) => CrashVariant]

/**
 * The variants for these pending operations. `newest`: the last operation has just been done, so it is torn at every
 * byte here (or at every `everyByte`-th); at later moments only whole. `moment` shifts what is a sample, so that many
 * moments cover all.
 */
export class Tears {
  readonly count: number
  readonly #families: readonly Family[]

  constructor(pending: readonly PendingOp[], newest: boolean, moment: number, everyByte: number) {
    const last = pending.length - 1
    const op = pending[last]
    const isTorn = newest && op?.kind === 'write' && op.bytes.length > 1
    this.#families = [
      subsets(pending.length, newest, moment),
      ...(isTorn ? [tornBytes(op, last, moment, 'apply', everyByte), tornBytes(op, last, moment, 'drop', 8)] : []),
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

/**
 * All subsets of a few operations; of many: nothing, everything, each first part, and all but each one (a reordering).
 * Where an operation has just been done, every third of the last two, by turns; all of them where a call has just been
 * answered, since that is when most has been promised.
 */
function subsets(length: number, newest: boolean, moment: number): Family {
  if (length <= SUBSET_LENGTH_MAX) {
    return [2 ** length, (mask) => surviving(length, (index) => (mask & (1 << index)) !== 0)]
  }
  const stride = newest ? 3 : 1
  const first = newest ? moment % stride : 0
  const partial = (k: number): CrashVariant =>
    surviving(length, k < length - 1 ? (index) => index <= k : (index) => index !== k - length + 1)
  const count = Math.ceil((2 * length - 1 - first) / stride)
  return [
    count + 2,
    (k) => (k < count ? partial(first + k * stride) : { rest: k === count ? 'drop' : 'apply', except: new Map() }),
  ]
}

function surviving(length: number, survives: (index: number) => boolean): CrashVariant {
  const except = new Map<number, Fate>()
  for (let index = 0; index < length; index++) if (survives(index)) except.set(index, 'apply')
  return { rest: 'drop', except }
}

type Write = Extract<PendingOp, { kind: 'write' }>

function tornBytes(op: Write, index: number, moment: number, rest: 'apply' | 'drop', every: number): Family {
  const limit = op.file.bornAs.includes('.ndjson') ? SEGMENT_TEARS_MAX : OTHER_TEARS_MAX
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

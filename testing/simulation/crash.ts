/** What a power failure leaves of the writes that were not yet synced. */
import { applyData, type PendingOp } from './pending.js'
import type { Volume } from './volume.js'
import type { Bytes } from './bytes.js'
import { type DiskImage, sameBytes } from './image.js'
import { Random } from './random.js'

export const SECTOR_BYTES = 512

/** What became of one pending operation. A name (create, rename, remove) knows only `apply` and `drop`. */
export type Fate =
  | 'apply'
  | 'drop'
  /** The file has the new length, the data never arrived: zeros where it was longer, old bytes elsewhere. */
  | 'grown'
  /** The first bytes arrived, the rest did not. */
  | { readonly torn: number }
  /** One sector of the write (counted from the sector of its first byte) went wrong, all others arrived. */
  | { readonly sector: number; readonly as: 'skipped' | 'zero' | 'garbage' }

/** `rest` befalls every pending operation not named in `except` (by index, oldest first). */
export interface CrashVariant {
  readonly rest: 'apply' | 'drop'
  readonly except?: ReadonlyMap<number, Fate>
}

export const LOSE_ALL: CrashVariant = { rest: 'drop' }
export const KEEP_ALL: CrashVariant = { rest: 'apply' }

/** The disk after power failed. A later write that survived an earlier one which did not is a reordering. */
export function crashImage(volume: Volume, variant: CrashVariant): DiskImage {
  const fateOf = (index: number): Fate => variant.except?.get(index) ?? variant.rest
  return volume.powerFailure(
    (_, index) => fateOf(index) !== 'drop',
    (bytes, op, index) => settle(bytes, op, fateOf(index)),
  )
}

function settle(bytes: Bytes, op: PendingOp, fate: Fate): void {
  if (fate === 'drop') return
  if (fate === 'apply' || op.kind !== 'write') applyData(bytes, op)
  else if (fate === 'grown') bytes.truncate(Math.max(bytes.size, op.at + op.bytes.length))
  else if ('torn' in fate) bytes.write(op.bytes.subarray(0, fate.torn), op.at)
  else settleSector(bytes, op, fate.sector, fate.as)
}

type Write = Extract<PendingOp, { kind: 'write' }>

function settleSector(bytes: Bytes, op: Write, sector: number, as: 'skipped' | 'zero' | 'garbage'): void {
  const { from, to } = sectorRange(op, sector)
  const before = new Uint8Array(to - from)
  bytes.read(before, before.length, from)
  bytes.write(op.bytes, op.at)
  // A sector that is written with what it holds already is not hurt: docs/guarantees.md states this assumption.
  if (sameBytes(before, op.bytes.subarray(from - op.at, to - op.at))) return
  if (as === 'skipped') bytes.write(before, from)
  else bytes.write(as === 'zero' ? new Uint8Array(to - from) : garbage(from, to), from)
}

/** How many sectors a write touches. */
export function sectorCount(op: Write): number {
  const first = Math.floor(op.at / SECTOR_BYTES)
  return Math.ceil((op.at + op.bytes.length) / SECTOR_BYTES) - first
}

function sectorRange(op: Write, sector: number): { from: number; to: number } {
  const start = (Math.floor(op.at / SECTOR_BYTES) + sector) * SECTOR_BYTES
  return { from: Math.max(start, op.at), to: Math.min(start + SECTOR_BYTES, op.at + op.bytes.length) }
}

function garbage(from: number, to: number): Uint8Array {
  return new Random(from * 31 + to).bytes(to - from)
}

/** A variant drawn at random: every pending operation meets its own fate. */
export function randomVariant(pending: readonly PendingOp[], random: Random): CrashVariant {
  const except = new Map<number, Fate>()
  pending.forEach((op, index) => except.set(index, randomFate(op, random)))
  return { rest: 'drop', except }
}

function randomFate(op: PendingOp, random: Random): Fate {
  const draw = random.below(10)
  if (draw < 3) return 'apply'
  if (draw < 6 || op.kind !== 'write') return random.chance(50) ? 'apply' : 'drop'
  if (draw === 6) return 'grown'
  if (draw < 9) return { torn: random.below(op.bytes.length + 1) }
  return { sector: random.below(sectorCount(op)), as: random.pick(['skipped', 'zero', 'garbage'] as const) }
}

/** How far a subscription has come: the value that is kept under its name, its text, and how that is read. */
import { PerdureError } from '../errors.js'
import type { Json } from '../json.js'
import type { Parked } from './subscription.js'

/** Of the keys of checkpoints. */
export const KEY_PREFIX = '$subscription/'

/** Everything selected up to `position` has been handled, parked or skipped. */
export interface Checkpoint {
  readonly position: number
  /** The id of the event at `position`, by which another history of the log is told apart. None at 0. */
  readonly event?: string | undefined
  readonly skipped: number
  /** By position. */
  readonly parked: readonly Parked[]
  /** What it has selected, see `toRecordedQuery`. None: an earlier version has not kept it. */
  readonly query?: Json | undefined
}

/** What is written beside it, for people and for telling one instance's writes from another's. */
export interface CheckpointNote {
  /** The instance that wrote it. */
  readonly owner: string
  readonly time: string
}

export function checkpointKey(name: string): string {
  return KEY_PREFIX + name
}

export function encodeCheckpoint(checkpoint: Checkpoint, note: CheckpointNote): string {
  const { position, event, skipped, parked, query } = checkpoint
  return JSON.stringify({ position, event, skipped, parked, query, ...note })
}

/** Whether the log is the one it speaks of is not judged here: see `History`. @throws PerdureError `checkpoint-invalid` */
export function parseCheckpoint(key: string, text: string): Checkpoint {
  const { position, event, skipped, parked, query } = parseObject(key, text)
  if (!isCount(position)) throw checkpointInvalid(key, 'its position is no position')
  if (event !== undefined && typeof event !== 'string') throw checkpointInvalid(key, 'its event is no id')
  if (!isCount(skipped)) throw checkpointInvalid(key, 'its count of skipped events is no count')
  if (!Array.isArray(parked)) throw checkpointInvalid(key, 'its parked events are no list')
  if (!parked.every(isParked)) throw checkpointInvalid(key, 'one of its parked events is malformed')
  checkParked(key, parked, position)
  // It was JSON; whether it is a query is for those to judge who compare it with theirs.
  return { position, event, skipped, parked: parked.toSorted((a, b) => a.position - b.position), query: query as Json }
}

function checkParked(key: string, parked: readonly Parked[], upTo: number): void {
  const positions = new Set<number>()
  for (const { position } of parked) {
    if (position > upTo) throw checkpointInvalid(key, `it stands at ${upTo}, but has parked the event at ${position}`)
    if (positions.has(position)) throw checkpointInvalid(key, `it has parked the event at ${position} twice`)
    positions.add(position)
  }
}

function parseObject(key: string, text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw checkpointInvalid(key, 'it is not JSON', cause)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw checkpointInvalid(key, 'it is no object')
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isParked(value: unknown): value is Parked {
  if (typeof value !== 'object' || value === null) return false
  const { position, error, attempts, time } = value as Record<string, unknown>
  return isCount(position) && position > 0 && isCount(attempts) && typeof error === 'string' && typeof time === 'string'
}

export function checkpointInvalid(key: string, problem: string, cause?: unknown): PerdureError<'checkpoint-invalid'> {
  return new PerdureError(
    'checkpoint-invalid',
    `the checkpoint under the key ${key} cannot be used: ${problem}`,
    { key, problem },
    {
      cause,
      hint: 'Nothing was handled or changed. Restore the store from one copy, log and current values together; or subscribe under another name, with `after` where it is to begin.',
    },
  )
}

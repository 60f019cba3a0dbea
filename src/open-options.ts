/** The options of `open`, checked at the border: one that is misspelt would otherwise be ignored without a word. */
import type { Clock } from './clock.js'
import { PerdureError } from './errors.js'
import type { BlobStore } from './blobs/blob-store.js'
import type { Events } from './log/evolution.js'
import type { KeyStore } from './privacy/key-store.js'
import type { KeysOption } from './privacy/opening.js'
import type { SnapshotOptions } from './projections/projecting.js'
import { isAs, ROLES, type As, type Role } from './roles.js'

export interface OpenOptions<R extends Role = never> {
  /** Make the store if there is none. Default false: a wrong path is an error, not a new log. */
  readonly create?: boolean
  readonly clock?: Clock
  readonly random?: (bytes: number) => Uint8Array
  readonly events?: Events
  /** Where large objects live: `file:<folder>`, `memory:`, or a store of one's own. Left out: nowhere. */
  readonly blobs?: string | BlobStore
  /**
   * The key store of a sealed log: `file:<folder>`, `memory:`, or one of one's own. Left out: `<folder>.keys` beside a
   * folder that is sealed. Given for a new log, that is sealed from its first event on.
   */
  readonly keys?: KeysOption
  readonly snapshots?: SnapshotOptions
  /** `file:` only. When the head file is synced: within 100 ms of an append (default), or only at close. */
  readonly syncHead?: 'idle' | 'close'
  /** Whose handle it is: it has the methods of its role only, and records in its name. Left out: the whole store. */
  readonly as?: As<R>
}

/** What each option must be, if it is given and not undefined. */
type Check = readonly [isValid: (value: unknown) => boolean, expected: string]

const CHECKS: { readonly [Option in keyof OpenOptions]-?: Check } = {
  create: [(value) => typeof value === 'boolean', 'true or false'],
  clock: [(value) => typeof value === 'function', 'a function that gives a Date'],
  random: [(value) => typeof value === 'function', 'a function that gives so many random bytes'],
  events: [isEvents, 'what defineEvents returns'],
  blobs: [isBlobs, 'an address such as file:./blobs, or a blob store'],
  keys: [isKeys, 'an address such as file:./data.keys, or a key store'],
  snapshots: [isSnapshotOptions, 'an object of everyEvents, keep (whole numbers of at least 1) and rebuild'],
  syncHead: [(value) => value === 'idle' || value === 'close', "'idle' or 'close'"],
  as: [isAs, `{ role, id }, with one of ${ROLES.join(', ')} and a name of 1 to 512 bytes`],
}

export type ObserverOptions = Pick<OpenOptions, 'events' | 'blobs' | 'keys'> & {
  /** Closes the observer when aborted. */
  readonly signal?: AbortSignal
}

const OBSERVER_CHECKS: { readonly [Option in keyof ObserverOptions]-?: Check } = {
  events: CHECKS.events,
  blobs: CHECKS.blobs,
  keys: CHECKS.keys,
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
}

/** A caller without types may hand in anything. @throws PerdureError `options-invalid` */
export function checkOpenOptions(options: unknown): asserts options is OpenOptions<Role> {
  checkOptions(options, CHECKS, 'open')
}

/** @throws PerdureError `options-invalid` */
export function checkObserverOptions(options: unknown): ObserverOptions {
  checkOptions(options, OBSERVER_CHECKS, 'openObserver')
  return options as ObserverOptions
}

function checkOptions(options: unknown, checks: Readonly<Record<string, Check>>, call: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('options', 'the options are not an object', 'Say, for example, { create: true }.')
  }
  for (const [option, value] of Object.entries(options)) {
    const check = Object.hasOwn(checks, option) ? checks[option] : undefined
    if (check === undefined) throw unknownOption(option, Object.keys(checks), call)
    const [isValid, expected] = check
    if (value !== undefined && !isValid(value)) throw invalid(option, `${option} is not ${expected}`, 'Correct it.')
  }
}

function isEvents(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return 'check' in value && 'upcast' in value && [value.check, value.upcast].every((one) => typeof one === 'function')
}

function isBlobs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'string'
  const { put, get, has } = value as Partial<BlobStore>
  return [put, get, has].every((one) => typeof one === 'function')
}

function isKeys(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'string'
  const { read, list, write, provider } = value as Partial<KeyStore>
  return [read, list, write].every((one) => typeof one === 'function') && typeof provider === 'object'
}

function isSnapshotOptions(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { everyEvents, keep, rebuild, ...others } = value as Record<string, unknown>
  const isCount = (count: unknown): boolean =>
    count === undefined || (Number.isSafeInteger(count) && Number(count) >= 1)
  const isFlag = rebuild === undefined || typeof rebuild === 'boolean'
  return isCount(everyEvents) && isCount(keep) && isFlag && Object.keys(others).length === 0
}

function unknownOption(option: string, known: readonly string[], call: string): PerdureError<'options-invalid'> {
  const nearest = known.find((one) => isNear(option.toLowerCase(), one.toLowerCase()))
  const hint = nearest === undefined ? `There are ${known.join(', ')}.` : `Did you mean ${nearest}?`
  return invalid(option, `${JSON.stringify(option)} is not an option of ${call}`, hint)
}

function invalid(option: string, message: string, hint: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', message, { option }, { hint })
}

/** Begins like it, or is it but for two letters left out, put in or changed. */
function isNear(text: string, known: string): boolean {
  if (text.length > 2 && (known.startsWith(text) || text.startsWith(known))) return true
  return distance(text, known) <= Math.min(2, known.length - 1)
}

/** Levenshtein's, by one row of his table at a time. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, j) => j)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** What can go wrong, as stable codes with typed facts. `docs/errors.md` has one heading for each code. */
import type { Conflict } from './events.js'
import type { Json } from './json.js'

/** Facts carried by each code. Adding a code is a minor release; renaming one is major. */
export interface ErrorFacts {
  'options-invalid': { option: string }
  'event-invalid': { index: number; pointer: string }
  'query-invalid': { pointer: string }
  'condition-invalid': { pointer: string; head?: number }
  'commit-empty': Record<never, never>
  'id-reused': { ids: readonly string[]; places: Readonly<Record<string, number>> }
  conflict: { conflicts: readonly Conflict[] }
  'version-newer': { type: string; version: number; declared: number; position: number }
  'upcast-failed': { type: string; version: number; position: number }
  'kv-invalid': { pointer: string }
  'kv-corrupt': { path: string; offset?: number; key?: string; expected?: string | number; found?: string | number }
  'snapshot-malformed': {
    path: string
    key?: string
    position?: number
    expected?: string | number
    found?: string | number
  }
  'state-invalid': { projection: string; pointer: string }
  'subscription-active': { name: string }
  'subscription-lost': { name: string; position: number }
  'subscription-changed': { name: string; position: number; recorded: Json; query: Json }
  'subscription-failed': { name: string; position: number }
  'subscription-closed': { name: string }
  'checkpoint-invalid': { key: string; problem: string }
  'handler-timeout': { name: string; position: number; timeoutMs: number }
  'not-parked': { name: string; position: number }
  'timed-out': { operation: string; timeoutMs: number }
  'blob-invalid': { pointer: string }
  'blob-missing': { cid: string; index?: number; pointer?: string }
  'blob-corrupt': { cid: string; path?: string }
  'import-invalid': {
    path: string
    /** From 1, in the file. */
    line?: number
    /** From 1: data rows of a table, events of a batch. */
    row?: number
    /** Bytes from the start of the file. */
    offset?: number
    column?: string
    pointer?: string
    /** How many events this run had recorded before. */
    recorded?: number
  }
  'store-missing': { path: string }
  'store-foreign': { path: string; found: string }
  'store-unwritable': { path: string }
  'store-locked': { path: string }
  'store-closed': Record<never, never>
  'format-newer': { path: string; found: number; supported: number }
  'head-missing': { path: string }
  'log-corrupt': {
    path: string
    /** Bytes from the start of the file. */
    offset?: number
    /** The first position that cannot be answered for. */
    position?: number
    expected?: string | number
    found?: string | number
  }
  'lines-invalid': { index: number; expected?: string | number; found?: string | number }
  'disk-full': { path: string }
  'sync-failed': { path: string }
  'keys-missing': { path?: string }
  'keys-unexpected': { log: string }
  'keys-foreign': { store: string; expected: string; found: string }
  'keys-outdated': { store: string; expected: number; found: number }
  'keys-corrupt': { store: string; record?: string }
  'keys-exposed': { path: string; mode: string }
  'master-key-missing': { master: string }
  'master-key-wrong': { master: string }
  'key-unavailable': { store?: string; key?: string; subject?: string; position?: number }
  'key-timeout': { store: string; timeoutMs: number }
  'key-mismatch': { store: string; key: string }
  'seal-broken': { what: string; at?: string; position?: number; key?: string }
  'subject-missing': { index: number; type: string; class: string }
  'subject-ambiguous': { index: number; type: string; class: string; subjects: readonly string[] }
  'subject-shredded': { subject: string; index?: number }
  'subject-unknown': { subject: string }
  'role-forbidden': { role: string; method: string }
  unsupported: { feature: string }
  'backend-failed': { operation: string; path?: string; offset?: number }
}

export type ErrorCode = keyof ErrorFacts

const brand = Symbol.for('perdure.error')

interface PerdureErrorOptions extends ErrorOptions {
  readonly hint?: string
  readonly written?: 'no' | 'unknown'
}

/** An error a caller can act on. Tell them apart by `code`, never by class or message. */
export class PerdureError<Code extends ErrorCode = ErrorCode> extends Error {
  // A field, not the class's name: minifiers rename classes.
  override readonly name = 'PerdureError'
  readonly [brand] = true
  /** What to do next, for a person. */
  readonly hint: string | undefined
  /** For failed writes: whether the write happened. */
  readonly written: 'no' | 'unknown' | undefined

  constructor(
    readonly code: Code,
    message: string,
    readonly facts: Readonly<ErrorFacts[Code]>,
    options: PerdureErrorOptions = {},
  ) {
    super(message, options)
    this.hint = options.hint
    this.written = options.written
  }
}

/** The union form, so that `switch (error.code)` narrows `error.facts`. */
export type AnyPerdureError = { [Code in ErrorCode]: PerdureError<Code> }[ErrorCode]

/** Works across duplicate copies of this package, where `instanceof` does not. */
export function isPerdureError(error: unknown): error is AnyPerdureError {
  return typeof error === 'object' && error !== null && brand in error
}

/** The same error, with what its thrower could not know: whether anything was written. */
export function withWritten(error: unknown, written: 'no' | 'unknown'): unknown {
  if (!isPerdureError(error) || error.written !== undefined) return error
  const { code, message, facts, hint, cause } = error
  return new PerdureError(code, message, facts, { cause, written, ...(hint === undefined ? {} : { hint }) })
}

/**
 * What a failed write of a backend is to its caller: unless the backend says that nothing was written, that is unknown.
 * Bugs stay what they are.
 */
export function writeFailure(error: unknown, operation: string, hint: string): unknown {
  if (error instanceof InvariantError) return error
  if (isPerdureError(error)) return withWritten(error, 'unknown')
  const message = error instanceof Error ? error.message : String(error)
  const facts = { operation }
  const options = { cause: error, written: 'unknown', hint } as const
  return new PerdureError('backend-failed', `the backend failed during ${operation}: ${message}`, facts, options)
}

/** What every call on a closed store or backend fails with. */
export function storeClosed(written?: 'no'): PerdureError<'store-closed'> {
  const options = { hint: 'Open it again.', ...(written === undefined ? {} : { written }) }
  return new PerdureError('store-closed', 'the store is closed', {}, options)
}

/** A bug in Perdure or in a backend: a state that its own rules exclude. Never caught inside; report it. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

export function assertInvariant(holds: boolean, message: string): asserts holds {
  if (!holds) throw new InvariantError(message)
}

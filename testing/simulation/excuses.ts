/** What may fail, and what must not, once a planned fault has struck. */
import { isPerdureError } from '../../src/errors.js'
import type { Strike } from './calls.js'

/** Codes that say that a log is not what it was. */
export const DAMAGE_CODES: ReadonlySet<string> = new Set([
  'log-corrupt',
  'head-missing',
  'store-missing',
  'store-foreign',
  'format-newer',
])

/** Where there was no room, or something could not be read, the log goes on; after any other failure it is closed. */
export function goesOn(error: unknown): boolean {
  if (!isPerdureError(error) || error.written !== 'no') return false
  return error.code === 'disk-full' || (error.code === 'backend-failed' && error.facts.operation === 'read')
}

/** The head could not be written or synced, be it between two appends: the log is closed to appends. */
export function closesLog(strikes: readonly Strike[]): boolean {
  return strikes.some(({ call, path }) => path.endsWith('/head') && (call === 'write' || call === 'sync'))
}

/** A sync failed. Indexes are disposable: whether they are durable matters to nobody. */
export function losesSync(strikes: readonly Strike[]): boolean {
  return strikes.some(
    ({ call, path, effect }) => call === 'sync' && effect.kind === 'fail' && !path.includes('/index/'),
  )
}

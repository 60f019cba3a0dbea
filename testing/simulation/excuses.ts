/** What may fail, and what must not, once a planned fault has struck. */
import { isPerdureError } from '../../src/errors.js'
import type { Strike } from './calls.js'

/** Codes that say that a log is not what it was. */
export const DAMAGE_CODES: ReadonlySet<string> = new Set([
  'log-corrupt',
  'kv-corrupt',
  'head-missing',
  'store-missing',
  'store-foreign',
  'format-newer',
])

/** Each is closed by its own failures only. */
export type Area = 'log' | 'kv' | 'snapshots'

function areaOf(path: string): Area {
  return path.includes('/kv/') ? 'kv' : path.includes('/snapshots/') ? 'snapshots' : 'log'
}

/** Where there was no room, or something could not be read, the log goes on; after any other failure it is closed. */
export function goesOn(error: unknown): boolean {
  if (!isPerdureError(error) || error.written !== 'no') return false
  return error.code === 'disk-full' || (error.code === 'backend-failed' && error.facts.operation === 'read')
}

/** The head could not be written or synced, be it between two writes: no more are taken. */
export function closes(strikes: readonly Strike[], area: Area): boolean {
  return strikes.some(
    ({ call, path }) => path.endsWith('/head') && areaOf(path) === area && (call === 'write' || call === 'sync'),
  )
}

/** A sync failed. Indexes are disposable: whether they are durable matters to nobody. */
export function losesSync(strikes: readonly Strike[], area: Area): boolean {
  return strikes.some(
    ({ call, path, effect }) =>
      call === 'sync' && effect.kind === 'fail' && areaOf(path) === area && !path.includes('/index/'),
  )
}

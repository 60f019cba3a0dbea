/** What goes wrong with current values. */
import { PerdureError, writeFailure } from '../errors.js'

export function corrupt(key: string, problem: string, cause?: unknown): PerdureError<'kv-corrupt'> {
  const options = { cause, hint: 'Restore the entry, or put it again.' }
  return new PerdureError('kv-corrupt', `the entry ${JSON.stringify(key)} ${problem}`, { path: 'kv', key }, options)
}

/** A sealed value is met where the log is read without its keys. */
export function noKeys(): PerdureError<'key-unavailable'> {
  const hint = 'Open the log with its keys.'
  return new PerdureError('key-unavailable', 'the value is sealed, and its keys are not at hand', {}, { hint })
}

/** A value is to be sealed in a log that is not. */
export function notSealed(): PerdureError<'unsupported'> {
  const message = 'the log is not sealed, so it cannot seal a value for a subject'
  const hint = 'Leave subject out, or begin a log with keys (perdure init --keys).'
  return new PerdureError('unsupported', message, { feature: 'values by subject' }, { hint, written: 'no' })
}

export function putFailed(error: unknown): unknown {
  return writeFailure(error, 'kv', 'Get the key to see what it holds now; with `expect`, putting again is safe.')
}

/** What goes wrong with keys and seals: each its own code, and none of them shows a secret. */
import { PerdureError } from '../errors.js'
import { codeOf } from '../files/codes.js'

const RESTORE = 'Restore the key store from its newest backup (perdure keys says what it should hold).'
const WITHOUT_KEYS = "To read what needs no key, observe the log with { keys: 'none' }."

export function keysMissing(what: string, path?: string): PerdureError<'keys-missing'> {
  const hint = `${RESTORE} ${WITHOUT_KEYS}`
  return new PerdureError('keys-missing', what, path === undefined ? {} : { path }, { hint, written: 'no' })
}

export function keysUnexpected(log: string): PerdureError<'keys-unexpected'> {
  const message = `the log ${log} was begun without keys, and stays as it is`
  const hint = 'Open it without keys, or begin a new log with keys and import into that.'
  return new PerdureError('keys-unexpected', message, { log }, { hint, written: 'no' })
}

export function keysForeign(store: string, expected: string, found: string): PerdureError<'keys-foreign'> {
  const message = `${store} holds the keys of ${found}, not of ${expected}`
  const hint = 'Name the key store that belongs to this log. Nothing was changed.'
  return new PerdureError('keys-foreign', message, { store, expected, found }, { hint, written: 'no' })
}

export function keysOutdated(store: string, expected: number, found: number): PerdureError<'keys-outdated'> {
  const message = `${store} is older than the log: it has made ${found} keys, and the log was sealed with ${expected}`
  return new PerdureError(
    'keys-outdated',
    message,
    { store, expected, found },
    {
      written: 'no',
      hint: `${RESTORE} What was sealed with the missing keys cannot be read without it; nothing was changed.`,
    },
  )
}

export function keysCorrupt(store: string, problem: string, record?: string): PerdureError<'keys-corrupt'> {
  const facts = { store, ...(record === undefined ? {} : { record }) }
  const what = record === undefined ? store : `the record ${JSON.stringify(record)} of ${store}`
  return new PerdureError('keys-corrupt', `${what} ${problem}`, facts, { hint: RESTORE, written: 'no' })
}

export function keysExposed(path: string, mode: number): PerdureError<'keys-exposed'> {
  const octal = mode.toString(8).padStart(4, '0')
  const message = `${path} has the mode ${octal}: others on this machine can read or change keys`
  const hint = `Run chmod go-rwx ${JSON.stringify(path)}, and rotate the master key if others may have read it.`
  return new PerdureError('keys-exposed', message, { path, mode: octal }, { hint, written: 'no' })
}

export function masterKeyMissing(master: string, where: string): PerdureError<'master-key-missing'> {
  const message = `the master key ${JSON.stringify(master)} is not in ${where}`
  const hint = `Bring back the master key that wraps the keys; without it they are lost. ${WITHOUT_KEYS}`
  return new PerdureError('master-key-missing', message, { master }, { hint, written: 'no' })
}

export function masterKeyWrong(master: string, where: string): PerdureError<'master-key-wrong'> {
  const message = `the master key ${JSON.stringify(master)} of ${where} does not open a key that is recorded under its name`
  const hint = `Either of the two has been changed. ${RESTORE}`
  return new PerdureError('master-key-wrong', message, { master }, { hint, written: 'no' })
}

/** An outage, and never an erasure: what is sealed stays as it is, and can be read once the keys are there again. */
export function keyUnavailable(
  store: string,
  facts: { readonly key?: string; readonly subject?: string },
  cause?: unknown,
): PerdureError<'key-unavailable'> {
  const what = facts.key === undefined ? 'the keys' : `the key ${facts.key}`
  const code = [cause, cause instanceof Error ? cause.cause : undefined]
    .map(codeOf)
    .find((one) => /^[A-Z_\d]+$/.test(one))
  const why = code === undefined ? '' : ` (${code})`
  return new PerdureError(
    'key-unavailable',
    `${what} cannot be had from ${store} now${why}`,
    { store, ...facts },
    { cause: bare(cause), hint: 'Nothing is lost. Try again once the key store and its service answer.' },
  )
}

/** Where it failed, and no more: what a client says of a request, or hangs on to its error, may quote a key or a token. */
function bare(cause: unknown): Error | undefined {
  if (!(cause instanceof Error)) return undefined
  const error = new Error('its message is left out, because it may quote a secret')
  const places = (cause.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line))
  error.stack = [`Error: ${error.message}`, ...places].join('\n')
  return error
}

export function keyTimeout(store: string, timeoutMs: number): PerdureError<'key-timeout'> {
  const message = `${store} has not answered for ${timeoutMs} ms`
  const hint = 'Nothing is lost. Try again once the key store and its service answer.'
  return new PerdureError('key-timeout', message, { store, timeoutMs }, { hint })
}

export function keyMismatch(store: string, key: string): PerdureError<'key-mismatch'> {
  const message = `${store} has given another key for ${key} than the one that was made under this name`
  const hint = 'Nothing was opened with it. Look at the key service: it answers wrongly.'
  return new PerdureError('key-mismatch', message, { store, key }, { hint })
}

export function sealBroken(
  what: string,
  facts: { readonly at?: string; readonly position?: number; readonly key?: string },
): PerdureError<'seal-broken'> {
  const message = `${what} is not what was sealed: it has been changed, or moved from where it belongs`
  const hint = 'Run perdure verify, and restore the log from a copy. Nothing of it was given out.'
  return new PerdureError('seal-broken', message, { what, ...facts }, { hint })
}

export function subjectShredded(subject: string, index?: number): PerdureError<'subject-shredded'> {
  const message = `the subject ${JSON.stringify(subject)} has been forgotten`
  const facts = { subject, ...(index === undefined ? {} : { index }) }
  const hint = 'What is new about the same person goes under a new subject: subjects.pseudonym gives one.'
  return new PerdureError('subject-shredded', message, facts, { hint, written: 'no' })
}

export function subjectUnknown(subject: string): PerdureError<'subject-unknown'> {
  const message = `nothing was ever sealed for the subject ${JSON.stringify(subject)}`
  const hint = 'Look for the right name with subjects.list() or perdure subjects.'
  return new PerdureError('subject-unknown', message, { subject }, { hint, written: 'no' })
}

export function subjectMissing(index: number, type: string, ofClass: string): PerdureError<'subject-missing'> {
  const message = `event ${index} is of ${type}, of the class ${ofClass}, and names no subject whose key could seal it`
  const hint = `Give it a subject, or the tag ${ofClass}:<id>.`
  return new PerdureError('subject-missing', message, { index, type, class: ofClass }, { hint, written: 'no' })
}

export function subjectAmbiguous(
  index: number,
  type: string,
  ofClass: string,
  subjects: readonly string[],
): PerdureError<'subject-ambiguous'> {
  const message = `event ${index} is of ${type}, of the class ${ofClass}, and its tags name ${subjects.length} subjects`
  const hint = 'Say whose it is with subject, or with subjects for its parts.'
  const facts = { index, type, class: ofClass, subjects }
  return new PerdureError('subject-ambiguous', message, facts, { hint, written: 'no' })
}

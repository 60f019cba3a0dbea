/** Errors of blobs, and from what the disk throws to what a caller can act on. */
import { isPerdureError, PerdureError } from '../errors.js'
import { isOutOfSpace, messageOf } from '../files/codes.js'

/** Of a put. `pointer` names the argument: `/bytes`, `/mediaType`. */
export function invalidBlob(pointer: string, problem: string, hint: string): PerdureError<'blob-invalid'> {
  return new PerdureError('blob-invalid', `${pointer.slice(1)} ${problem}`, { pointer }, { hint, written: 'no' })
}

/** Of a get or a has, which write nothing. */
export function invalidCid(problem: string): PerdureError<'blob-invalid'> {
  const hint = 'Give the cid of a reference, as put returned it.'
  return new PerdureError('blob-invalid', `cid ${problem}`, { pointer: '/cid' }, { hint })
}

export function corruptBlob(cid: string, found: string, path?: string): PerdureError<'blob-corrupt'> {
  const facts = { cid, ...(path === undefined ? {} : { path }) }
  const message = `the bytes kept as ${cid} are those of another blob (${found})`
  return new PerdureError('blob-corrupt', message, facts, {
    hint: 'Nothing has been changed. Put the right bytes again, which replaces them, or restore the file from a copy.',
  })
}

export function syncFailed(path: string, written: 'no' | 'unknown', cause: unknown): PerdureError<'sync-failed'> {
  return new PerdureError(
    'sync-failed',
    `syncing ${path} failed: ${messageOf(cause)}`,
    { path },
    { cause, written, hint: 'Check the disk, then open the store again and put the blob again.' },
  )
}

/** Of a put before its name was changed. */
export function writeFailed(path: string, cause: unknown): PerdureError {
  if (isPerdureError(cause)) return cause
  if (isOutOfSpace(cause)) {
    const hint = 'Make room on the disk (or raise the quota or file size limit), then put the blob again.'
    return new PerdureError('disk-full', `there is no room to write ${path}`, { path }, { cause, hint, written: 'no' })
  }
  return new PerdureError(
    'backend-failed',
    `writing ${path} failed: ${messageOf(cause)}`,
    { operation: 'put a blob', path },
    { cause, written: 'no', hint: 'Check the folder of the blobs and its rights, then put the blob again.' },
  )
}

export function readFailed(path: string, cause: unknown): PerdureError {
  if (isPerdureError(cause)) return cause
  return new PerdureError(
    'backend-failed',
    `reading ${path} failed: ${messageOf(cause)}`,
    { operation: 'get a blob', path },
    { cause, hint: 'Check the disk and its mount. Nothing has been changed; reading again may work.' },
  )
}

export function sealBroken(cid: string): PerdureError<'seal-broken'> {
  const message = `the blob ${cid} is sealed, and does not say by what`
  return new PerdureError('seal-broken', message, { what: cid }, { hint: 'Restore it from a copy.' })
}

export function blobForgotten(subject: string): PerdureError<'subject-shredded'> {
  const message = `the blob belongs to ${JSON.stringify(subject)}, who has been forgotten`
  return new PerdureError('subject-shredded', message, { subject }, { hint: 'It can never be read again.' })
}

/** A sealed blob is met where the log is read without its keys. */
export function noBlobKeys(): PerdureError<'key-unavailable'> {
  const hint = 'Open the log with its keys.'
  return new PerdureError('key-unavailable', 'the blob is sealed, and its keys are not at hand', {}, { hint })
}

/** A blob is to be sealed in a log that is not. */
export function blobsNotSealed(): PerdureError<'unsupported'> {
  const message = 'the log is not sealed, so it cannot seal a blob for a subject'
  const hint = 'Leave subject out, or begin a log with keys (perdure init --keys).'
  return new PerdureError('unsupported', message, { feature: 'blobs by subject' }, { hint, written: 'no' })
}

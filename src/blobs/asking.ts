/** Calls of a blob store: is there one, and what its failures mean. */
import { isPerdureError, PerdureError } from '../errors.js'
import type { BlobStore } from './blob-store.js'
import { messageOf } from './failures.js'

/** @throws PerdureError `unsupported` */
export function requireBlobStore(store: BlobStore | undefined, written?: 'no'): BlobStore {
  if (store !== undefined) return store
  throw new PerdureError(
    'unsupported',
    'this store was opened without a place for blobs',
    { feature: 'blobs' },
    { hint: "Open it with { blobs: 'file:<folder>' } or a blob store of your own.", ...(written && { written }) },
  )
}

/** A call of a blob store that is not ours may throw anything. */
export async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (isPerdureError(cause)) throw cause
    const hint = 'The cause is an error of the blob store that was handed to open.'
    throw failed('get a blob', cause, { hint })
  }
}

export async function putting<T>(put: () => Promise<T>): Promise<T> {
  try {
    return await put()
  } catch (cause) {
    if (isPerdureError(cause)) throw cause
    const hint =
      'The cause is an error of the blob store that was handed to open. Putting the same bytes again is safe.'
    throw failed('put a blob', cause, { hint, written: 'unknown' })
  }
}

function failed(
  operation: string,
  cause: unknown,
  options: { readonly hint: string; readonly written?: 'unknown' },
): PerdureError<'backend-failed'> {
  const message = `the blob store failed: ${messageOf(cause)}`
  return new PerdureError('backend-failed', message, { operation }, { cause, ...options })
}

/** Calls of a blob store: is there one, and what its failures mean. */
import { isPerdureError, PerdureError } from '../errors.js'
import type { BlobStore } from './blob-store.js'
import { cidOf } from './cid.js'
import { messageOf } from '../files/codes.js'
import { corruptBlob } from './failures.js'

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

/** Whether the store has it. Anything but a plain answer is a fault of the store: an event may depend on it. */
export async function askHas(store: BlobStore, cid: string): Promise<boolean> {
  const answer: unknown = await reading(() => store.has(cid))
  if (typeof answer === 'boolean') return answer
  throw badAnswer('has', answer, 'true or false')
}

/** The bytes, whoever the store is of: they are those of the address, or an error. */
export async function askGet(store: BlobStore, cid: string): Promise<Uint8Array | undefined> {
  const bytes: unknown = await reading(() => store.get(cid))
  if (bytes === undefined) return undefined
  if (!(bytes instanceof Uint8Array)) throw badAnswer('get', bytes, 'a Uint8Array or undefined')
  const found = cidOf(bytes)
  if (found !== cid) throw corruptBlob(cid, found)
  return bytes
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

function badAnswer(call: string, found: unknown, expected: string): PerdureError<'backend-failed'> {
  const what = found === null ? 'null' : typeof found
  return new PerdureError(
    'backend-failed',
    `the blob store answered ${call} with ${what}, not with ${expected}`,
    { operation: call === 'get' ? 'get a blob' : 'look for a blob' },
    { hint: 'Correct the blob store that was handed to open; run testBlobStore against it.' },
  )
}

function failed(
  operation: string,
  cause: unknown,
  options: { readonly hint: string; readonly written?: 'unknown' },
): PerdureError<'backend-failed'> {
  const message = `the blob store failed: ${messageOf(cause)}`
  return new PerdureError('backend-failed', message, { operation }, { cause, ...options })
}

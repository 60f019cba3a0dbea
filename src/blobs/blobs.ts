/** `store.blobs`: large objects, and the references to them that events hold. */
import { PerdureError } from '../errors.js'
import { askGet, askHas, putting, requireBlobStore } from './asking.js'
import type { BlobStore } from './blob-store.js'
import { checkCid, cidOf } from './cid.js'
import { invalidBlob, invalidCid } from './failures.js'
import { checkMediaType, type BlobReference } from './reference.js'

export type { BlobReference } from './reference.js'

/** Largest blob: it is in memory as a whole when it is put and when it is read. */
export const BLOB_SIZE_MAX_BYTES = 1024 * 1024 * 1024

export interface BlobPutOptions {
  /** What the bytes are, as RFC 6838 names it: `image/png`, `text/plain; charset=utf-8`. Kept in the reference only. */
  readonly mediaType?: string
}

export class BlobReader {
  constructor(
    protected readonly store: BlobStore | undefined,
    protected readonly assertOpen: (written?: 'no') => void,
  ) {}

  /**
   * The bytes, compared with their address; undefined: there are none.
   *
   * @throws PerdureError `blob-invalid`, `blob-corrupt`, `unsupported` without a blob store, `backend-failed`
   */
  async get(cid: string): Promise<Uint8Array | undefined> {
    const store = this.#storeFor(cid)
    return await askGet(store, cid)
  }

  /** Whether there is such a blob; its bytes are not looked at. @throws PerdureError as {@link BlobReader.get} */
  async has(cid: string): Promise<boolean> {
    const store = this.#storeFor(cid)
    return await askHas(store, cid)
  }

  #storeFor(cid: string): BlobStore {
    this.assertOpen()
    const problem = checkCid(cid)
    if (problem !== undefined) throw invalidCid(problem)
    return requireBlobStore(this.store)
  }
}

export class Blobs extends BlobReader {
  /**
   * Keeps bytes and gives the reference to put into an event; durable once it resolves. The same bytes are kept once.
   *
   * @throws PerdureError `blob-invalid`, `unsupported` without a blob store, `disk-full`, `sync-failed`, `backend-failed`
   */
  async put(bytes: Uint8Array, options: BlobPutOptions = {}): Promise<BlobReference> {
    this.assertOpen('no')
    checkBytes(bytes)
    const { mediaType } = checkPutOptions(options)
    const store = requireBlobStore(this.store, 'no')
    const size = bytes.length
    const expected = cidOf(bytes)
    const cid = await putting(() => store.put(bytes))
    if (cid !== expected) throw wrongAddress(expected, cid)
    return { cid, size, ...(mediaType === undefined ? {} : { mediaType }) }
  }
}

function checkBytes(bytes: unknown): void {
  const hint = 'Give a Uint8Array (a Buffer is one) of at most 1 GiB.'
  if (!(bytes instanceof Uint8Array)) throw invalidBlob('/bytes', 'is not a Uint8Array', hint)
  if (bytes.length > BLOB_SIZE_MAX_BYTES) throw invalidBlob('/bytes', `is larger than ${BLOB_SIZE_MAX_BYTES}`, hint)
}

/** A caller without types may hand in anything. */
function checkPutOptions(options: unknown): BlobPutOptions {
  const hint = 'There is mediaType: type/subtype, such as image/png.'
  if (typeof options !== 'object' || options === null) throw invalidBlob('/options', 'is not an object', hint)
  const { mediaType, subject, ...others } = options as Record<string, unknown>
  if (subject !== undefined) throw noSealing()
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalidBlob(`/${other}`, 'is not an option of put', hint)
  if (mediaType === undefined) return {}
  const problem = checkMediaType(mediaType)
  if (problem !== undefined) throw invalidBlob('/mediaType', problem, hint)
  return { mediaType: mediaType as string }
}

function noSealing(): PerdureError<'unsupported'> {
  return new PerdureError(
    'unsupported',
    'this version of Perdure cannot seal a blob for a subject yet',
    { feature: 'blobs by subject' },
    { hint: 'Leave subject out, or encrypt the bytes before they are put.', written: 'no' },
  )
}

/** A store of somebody else's that names blobs in another way would make references that nobody can follow. */
function wrongAddress(expected: string, found: unknown): PerdureError<'backend-failed'> {
  return new PerdureError(
    'backend-failed',
    `the blob store answered with ${String(found)} for bytes whose address is ${expected}`,
    { operation: 'put a blob' },
    { written: 'unknown', hint: 'A blob store answers with CIDv1, raw, sha2-256; run testBlobStore against it.' },
  )
}

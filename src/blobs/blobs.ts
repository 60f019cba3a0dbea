/** `store.blobs`: large objects, and the references to them that events hold. */
import { PerdureError, withWritten } from '../errors.js'
import { askGet, askHas, putting, requireBlobStore } from './asking.js'
import type { BlobStore } from './blob-store.js'
import { checkCid, cidOf } from './cid.js'
import type { ValueSeal } from '../log/ports.js'
import { checkName } from '../log/names.js'
import { blobForgotten, blobsNotSealed, invalidBlob, invalidCid, noBlobKeys } from './failures.js'
import { checkMediaType, type BlobReference } from './reference.js'
import { BLOB_BOUND_TO, encodeSealedBlob, isSealedBlob, parseSealedBlob } from './sealed-blob.js'

export type { BlobReference } from './reference.js'

/** Largest blob: it is in memory as a whole when it is put and when it is read. */
export const BLOB_SIZE_MAX_BYTES = 1024 * 1024 * 1024

export interface BlobPutOptions {
  /** What the bytes are, as RFC 6838 names it: `image/png`, `text/plain; charset=utf-8`. Kept in the reference only. */
  readonly mediaType?: string
  /** Whose key seals the bytes before they are kept: once the subject is forgotten, nobody can read them. */
  readonly subject?: string
}

export class BlobReader {
  constructor(
    protected readonly store: BlobStore | undefined,
    protected readonly assertOpen: (written?: 'no') => void,
    /** Undefined: the log is not sealed, or its keys are not at hand. */
    protected readonly seal: ValueSeal | undefined,
  ) {}

  /**
   * The bytes, compared with their address; undefined: there are none.
   *
   * @throws PerdureError `blob-invalid`, `blob-corrupt`, `unsupported` without a blob store, `backend-failed`;
   * `subject-shredded`, `key-unavailable`, `seal-broken` where it is sealed
   */
  async get(cid: string): Promise<Uint8Array | undefined> {
    const store = this.#storeFor(cid)
    const bytes = await askGet(store, cid)
    return bytes === undefined || !isSealedBlob(bytes) ? bytes : await this.#open(cid, bytes)
  }

  /** Whether there is such a blob; its bytes are not looked at. @throws PerdureError as {@link BlobReader.get} */
  async has(cid: string): Promise<boolean> {
    const store = this.#storeFor(cid)
    return await askHas(store, cid)
  }

  async #open(cid: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (this.seal === undefined) throw noBlobKeys()
    const sealed = parseSealedBlob(cid, bytes)
    const plain = await this.seal.openValue(sealed, BLOB_BOUND_TO)
    if (plain === undefined) throw blobForgotten(sealed.subject)
    return plain
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
   * @throws PerdureError `blob-invalid`, `unsupported` without a blob store, `disk-full`, `sync-failed`, `backend-failed`;
   * `subject-shredded`, `key-unavailable` with a `subject`
   */
  async put(bytes: Uint8Array, options: BlobPutOptions = {}): Promise<BlobReference> {
    this.assertOpen('no')
    checkBytes(bytes)
    const { mediaType, subject } = checkPutOptions(options)
    const store = requireBlobStore(this.store, 'no')
    const size = bytes.length
    const stored = subject === undefined ? bytes : await this.#seal(subject, bytes)
    const expected = cidOf(stored)
    const cid = await putting(() => store.put(stored))
    if (cid !== expected) throw wrongAddress(expected, cid)
    return { cid, size, ...(mediaType === undefined ? {} : { mediaType }) }
  }

  async #seal(subject: string, bytes: Uint8Array): Promise<Uint8Array> {
    if (this.seal === undefined) throw blobsNotSealed()
    try {
      return encodeSealedBlob(await this.seal.sealValue(subject, BLOB_BOUND_TO, bytes))
    } catch (error) {
      throw withWritten(error, 'no')
    }
  }
}

function checkBytes(bytes: unknown): void {
  const hint = 'Give a Uint8Array (a Buffer is one) of at most 1 GiB.'
  if (!(bytes instanceof Uint8Array)) throw invalidBlob('/bytes', 'is not a Uint8Array', hint)
  if (isSealedBlob(bytes)) throw invalidBlob('/bytes', 'begins as only sealed blobs do', 'Seal it with a subject.')
  if (bytes.length > BLOB_SIZE_MAX_BYTES) throw invalidBlob('/bytes', `is larger than ${BLOB_SIZE_MAX_BYTES}`, hint)
}

/** A caller without types may hand in anything. */
function checkPutOptions(options: unknown): BlobPutOptions {
  const hint = 'There are mediaType (type/subtype, such as image/png) and subject.'
  if (typeof options !== 'object' || options === null) throw invalidBlob('/options', 'is not an object', hint)
  const { mediaType, subject, ...others } = options as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalidBlob(`/${other}`, 'is not an option of put', hint)
  const whose = subject === undefined ? {} : { subject: checkSubject(subject) }
  if (mediaType === undefined) return whose
  const problem = checkMediaType(mediaType)
  if (problem !== undefined) throw invalidBlob('/mediaType', problem, hint)
  return { mediaType: mediaType as string, ...whose }
}

function checkSubject(subject: unknown): string {
  const problem = typeof subject === 'string' ? checkName(subject) : 'is not a string'
  if (problem !== undefined) throw invalidBlob('/subject', problem, 'Give the subject that the blob is about.')
  return subject as string
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

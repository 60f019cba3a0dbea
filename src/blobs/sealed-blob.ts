/** A blob that only a subject's key opens: how its bytes say so. What is stored, and addressed, is ciphertext. */
import { sealBroken } from './failures.js'
import type { SealedValue } from '../log/ports.js'

/** No other blob begins like this: putting one is refused. */
const MAGIC = Buffer.from('perdure sealed blob 1\n')
const NEWLINE = 10
/** Of the line that says whose it is. */
const HEADER_SIZE_MAX_BYTES = 4096

/** What a sealed blob is bound to: it cannot be known under which address it will stand. */
export const BLOB_BOUND_TO = 'blob'

export function isSealedBlob(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(0, MAGIC.length), MAGIC) === 0
}

export function encodeSealedBlob({ subject, key, nonce, box }: SealedValue): Uint8Array {
  return Buffer.concat([MAGIC, Buffer.from(`${JSON.stringify({ subject, key, nonce })}\n`), box])
}

/** @throws PerdureError `seal-broken` */
export function parseSealedBlob(cid: string, bytes: Uint8Array): SealedValue {
  const end = bytes.subarray(0, MAGIC.length + HEADER_SIZE_MAX_BYTES).indexOf(NEWLINE, MAGIC.length)
  try {
    const header = JSON.parse(Buffer.from(bytes.subarray(MAGIC.length, end)).toString('utf8')) as Record<
      string,
      unknown
    >
    const { subject, key, nonce } = header
    if (typeof subject === 'string' && typeof key === 'string' && typeof nonce === 'string') {
      return { subject, key, nonce, box: bytes.subarray(end + 1) }
    }
  } catch {
    // As below.
  }
  throw sealBroken(cid)
}

/**
 * Sealing a text with a data key: AES-256-GCM under a key of its own for each text, derived from the data key and from
 * what the text is bound to (NIST SP 800-56C rev. 2, one-step key derivation with SHA-256). A nonce that comes twice, from
 * a machine that was copied while it ran or from stuck randomness, then still meets another key.
 */
import { createCipheriv, createDecipheriv, hash } from 'node:crypto'
import { fromBase64, toBase64 } from '../base64.js'

export const KEY_SIZE_BYTES = 32
const NONCE_SIZE_BYTES = 12
/** Anything shorter would be easier to forge, and Node takes it unless told. */
const TAG = { authTagLength: 16 } as const
const CIPHER = 'aes-256-gcm'

/** The first round, as SP 800-56C counts; then the key, and what it is derived for. */
const ROUND = Buffer.from([0, 0, 0, 1])
const INFO_OFFSET = ROUND.length + KEY_SIZE_BYTES

/** Random bytes are drawn in batches: one draw costs as much as sealing. */
const POOL_LENGTH_NONCES = 512

export interface Sealed {
  readonly nonce: string
  /** Ciphertext and tag, base64. */
  readonly box: string
}

/** Gives a fresh nonce each time. */
export type Nonces = () => Uint8Array

export function createNonces(random: (bytes: number) => Uint8Array): Nonces {
  let pool: Uint8Array = new Uint8Array(0)
  let at = 0
  return () => {
    if (at === pool.length) {
      pool = random(POOL_LENGTH_NONCES * NONCE_SIZE_BYTES)
      at = 0
    }
    return pool.subarray(at, (at += NONCE_SIZE_BYTES))
  }
}

/** Nonce, ciphertext and tag. `bound` is not secret: who opens the box must know it. */
export function sealBytes(
  key: Uint8Array,
  bound: string,
  plain: string | Uint8Array,
  nonce: Uint8Array,
): { readonly encrypted: Buffer; readonly tag: Buffer } {
  const { derived, additional } = derive(key, bound)
  const cipher = createCipheriv(CIPHER, derived, nonce, TAG)
  cipher.setAAD(additional)
  const encrypted = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
  cipher.final()
  return { encrypted, tag: cipher.getAuthTag() }
}

/** Undefined: it was not sealed with this key for this, or it has been changed. Nothing of it is given before that is known. */
export function openBytes(key: Uint8Array, bound: string, nonce: Uint8Array, box: Uint8Array): Buffer | undefined {
  if (nonce.length !== NONCE_SIZE_BYTES || box.length < TAG.authTagLength) return undefined
  const { derived, additional } = derive(key, bound)
  const end = box.length - TAG.authTagLength
  const decipher = createDecipheriv(CIPHER, derived, nonce, TAG)
  decipher.setAAD(additional)
  decipher.setAuthTag(box.subarray(end))
  const plain = decipher.update(box.subarray(0, end))
  try {
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

/** As texts, for a line. */
export function sealText(key: Uint8Array, bound: string, plain: string, nonce: Uint8Array): Sealed {
  const { encrypted, tag } = sealBytes(key, bound, plain, nonce)
  return { nonce: toBase64(nonce), box: Buffer.concat([encrypted, tag]).toString('base64') }
}

/** Undefined as {@link openBytes}, and if a part is not the base64 of anything. */
export function openText(key: Uint8Array, bound: string, { nonce, box }: Sealed): string | undefined {
  const [nonceBytes, boxBytes] = [fromBase64(nonce), fromBase64(box)]
  if (nonceBytes === undefined || boxBytes === undefined) return undefined
  return openBytes(key, bound, nonceBytes, boxBytes)?.toString('utf8')
}

/**
 * A value by which a key is known again without being shown: GCM alone does not say by which key something was sealed
 * (key commitment).
 */
export function checkValueOf(key: Uint8Array): string {
  return toBase64(derive(key, 'perdure key check').derived)
}

/** Used again and again: making one costs as much as hashing. */
let input = Buffer.alloc(4096)

/** `additional` is `bound` as bytes, until the next call. */
function derive(key: Uint8Array, bound: string): { readonly derived: Buffer; readonly additional: Buffer } {
  // UTF-8 takes at most three bytes for what UTF-16 counts as one.
  const needed = INFO_OFFSET + 3 * bound.length
  if (input.length < needed) input = Buffer.alloc(needed)
  input.set(ROUND)
  input.set(key, ROUND.length)
  const end = INFO_OFFSET + input.write(bound, INFO_OFFSET)
  return { derived: hash('sha256', input.subarray(0, end), 'buffer'), additional: input.subarray(INFO_OFFSET, end) }
}

/** Content addresses: CIDv1, raw, sha2-256, written in lower-case base32 (https://github.com/multiformats/cid). */
import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'

/** Codes of the multicodec table. */
const RAW = 0x55
const SHA2_256 = 0x12
const DIGEST_SIZE_BYTES = 32
/** `b` for base32, then 36 bytes. */
const TEXT_LENGTH = 59

/** The address of these bytes: the same for the same bytes, on every machine and in IPFS. */
export function cidOf(bytes: Uint8Array): string {
  const sha256 = createHash('sha256').update(bytes).digest()
  return CID.createV1(RAW, createDigest(SHA2_256, sha256)).toString()
}

/** What is wrong with the text of a CID; nothing if {@link cidOf} could have given it. */
export function checkCid(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'is not a string'
  if (text.length !== TEXT_LENGTH) return unlike
  try {
    const { version, code, multihash } = CID.parse(text)
    if (version !== 1 || code !== RAW) return 'is not a CIDv1 of raw bytes'
    if (multihash.code !== SHA2_256 || multihash.size !== DIGEST_SIZE_BYTES) return 'is not a CID by sha2-256'
    // A decoder overlooks what the last character holds beyond the last byte: one blob must have one name.
    return CID.createV1(code, multihash).toString() === text ? undefined : unlike
  } catch {
    return unlike
  }
}

const unlike = 'is not a CID (version 1, raw, sha2-256, base32: bafkrei…)'

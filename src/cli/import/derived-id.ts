/** Ids that come from what is imported, so that importing it again changes nothing. */
import { createHash } from 'node:crypto'
import type { Digest } from '../../privacy/pseudonyms.js'

/** A UUIDv8 (RFC 9562) of the digest of these parts: the same for the same parts, for ever. `digest`: that of a sealed log. */
export function derivedId(parts: readonly (string | number)[], digest: Digest = plainDigest): string {
  const bytes = digest(parts).subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = Buffer.from(bytes).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

function plainDigest(parts: readonly (string | number)[]): Uint8Array {
  return createHash('sha256').update(JSON.stringify(parts)).digest()
}

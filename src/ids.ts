/** Event ids: UUIDv7 (RFC 9562), made from an injected clock and injected randomness. */
import { assertInvariant } from './errors.js'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Random bytes are drawn in batches: one draw costs more than the id. */
const POOL_SIZE_BYTES = 10 * 512

/**
 * A generator of UUIDv7: 48 bits of milliseconds, 74 random bits. Ids of one millisecond are in no particular order;
 * order is what positions are for.
 */
export function createIds(random: (bytes: number) => Uint8Array): (nowMs: number) => string {
  let pool: Uint8Array = new Uint8Array(0)
  let used = 0
  let prefixMs = -1
  let prefix = ''
  return (nowMs) => {
    if (used === pool.length) {
      pool = random(POOL_SIZE_BYTES)
      used = 0
      assertInvariant(pool.length === POOL_SIZE_BYTES, 'random gives as many bytes as it is asked for')
    }
    if (nowMs !== prefixMs) {
      prefixMs = nowMs
      const digits = nowMs.toString(16).padStart(12, '0')
      prefix = digits.slice(0, 8) + '-' + digits.slice(8) + '-7'
    }
    const byte = (offset: number): string => HEX[pool[used + offset] as number] as string
    const id =
      prefix +
      byte(0).slice(1) +
      byte(1) +
      '-' +
      (HEX[((pool[used + 2] as number) & 0x3f) | 0x80] as string) +
      byte(3) +
      '-' +
      byte(4) +
      byte(5) +
      byte(6) +
      byte(7) +
      byte(8) +
      byte(9)
    used += 10
    return id
  }
}

/** A random UUID (version 4), for a log's identity. */
export function createUuid(random: (bytes: number) => Uint8Array): string {
  const bytes = Uint8Array.from(random(16))
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => HEX[byte] as string).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Without vowels and look-alikes, so that no name comes out as a word. */
const NAME_ALPHABET = '23456789bcdfghjkmnpqrstvwxyz'

/** A random name for a person, of about 4.8 bits a character. */
export function createName(random: (bytes: number) => Uint8Array, length: number): string {
  let name = ''
  while (name.length < length) {
    for (const byte of random(length)) {
      // Bytes that would make some letters likelier than others are not used.
      if (byte < 252 && name.length < length) name += NAME_ALPHABET[byte % NAME_ALPHABET.length] as string
    }
  }
  return name
}

/** The system's randomness, where nobody injects another. */
export function systemRandom(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes))
}

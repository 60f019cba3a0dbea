/** A blocked Bloom filter: says of a key that it is certainly not in a segment, at the cost of one cache line. */

const BLOCK_SIZE_BYTES = 64
const BITS_PER_KEY = 10

/** At least one block. */
export function createFilter(keyCount: number): Uint8Array {
  return new Uint8Array(Math.max(1, Math.ceil((keyCount * BITS_PER_KEY) / 8 / BLOCK_SIZE_BYTES)) * BLOCK_SIZE_BYTES)
}

export function addToFilter(filter: Uint8Array, key: number): void {
  const block = blockOf(filter, key)
  for (let bits = mix(key), i = 0; i < 3; i++, bits >>>= 9) set(filter, block, bits & 511)
  for (let bits = mix(key + 1), i = 0; i < 2; i++, bits >>>= 9) set(filter, block, bits & 511)
}

export function mayBeInFilter(filter: Uint8Array, key: number): boolean {
  const block = blockOf(filter, key)
  for (let bits = mix(key), i = 0; i < 3; i++, bits >>>= 9) if (!isSet(filter, block, bits & 511)) return false
  for (let bits = mix(key + 1), i = 0; i < 2; i++, bits >>>= 9) if (!isSet(filter, block, bits & 511)) return false
  return true
}

function blockOf(filter: Uint8Array, key: number): number {
  return (Math.floor(key / 256) % (filter.length / BLOCK_SIZE_BYTES)) * BLOCK_SIZE_BYTES
}

function mix(key: number): number {
  let bits = Math.imul(Math.floor(key / 256) ^ ((key & 0xff) * 0x01000193), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 15), 0xc2b2ae35)
  return (bits ^ (bits >>> 13)) >>> 0
}

function set(filter: Uint8Array, block: number, bit: number): void {
  const at = block + (bit >>> 3)
  filter[at] = (filter[at] as number) | (1 << (bit & 7))
}

function isSet(filter: Uint8Array, block: number, bit: number): boolean {
  return ((filter[block + (bit >>> 3)] as number) & (1 << (bit & 7))) !== 0
}

/** The hash under which an index keeps what is asked for by name. Collisions cost a look at the line, nothing else. */

export type KeyKind = 'id' | 'stream' | 'type' | 'tag'

const SEED: Readonly<Record<KeyKind, number>> = { id: 1, stream: 2, type: 3, tag: 4 }

/** 40 bits, as a safe integer. Part of the index format: a change needs a new index version. */
export function hashKey(kind: KeyKind, text: string): number {
  let a = 0xdeadbeef ^ SEED[kind]
  let b = 0x41c6ce57 ^ SEED[kind]
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return (a >>> 0) * 256 + (b >>> 24)
}

/** The Merkle tree hash as RFC 6962, section 2.1 defines it, word by word: what a grown tree is compared with. */
import { createHash } from 'node:crypto'

/** 64 hex digits. */
export function naiveRoot(lines: readonly string[]): string {
  return treeHash(lines.map((line) => Buffer.from(line))).toString('hex')
}

function treeHash(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return sha256(Buffer.of(0), only)
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  return sha256(Buffer.of(1), treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)))
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

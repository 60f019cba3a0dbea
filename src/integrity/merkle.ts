/** The Merkle tree over a log's lines (RFC 6962, section 2.1): grown line by line, remembering only its right edge. */
import { hash } from 'node:crypto'

/** Before what is hashed, so that no leaf can ever pass for a node. */
const LEAF = 0x00
const NODE = 0x01
const DIGEST_SIZE_BYTES = 32

/**
 * A digest as 32 characters of one byte each. A one-shot hash that answers with a string takes less than half the time
 * of one that answers with a buffer, and the tree is hashes all the way up.
 */
type Digest = string

/**
 * The tree of the lines appended so far. Keeps one digest for each complete subtree on the right edge: about as many
 * as `size` has binary digits, so a tree over a log of any length fits in a kilobyte or two.
 */
export class MerkleTree {
  #size = 0
  /** Roots of the complete subtrees, largest (and leftmost) first: one for each 1 in `size` written in binary. */
  readonly #edge: Digest[] = []
  readonly #pair = Buffer.alloc(1 + 2 * DIGEST_SIZE_BYTES, NODE)
  #leaf = Buffer.alloc(4096, LEAF)

  /** How many lines. */
  get size(): number {
    return this.#size
  }

  /** Adds a line, given without its newline, as text or as the UTF-8 bytes of it. */
  append(line: string | Uint8Array): void {
    let digest = typeof line === 'string' ? digestOf('\0' + line) : this.#leafOf(line)
    // Like adding 1 in binary: every trailing 1 is a complete subtree of the size just reached, and carries.
    for (let size = this.#size; size % 2 === 1; size = (size - 1) / 2) {
      digest = this.#nodeOf(this.#edge.pop() as Digest, digest)
    }
    this.#edge.push(digest)
    this.#size += 1
  }

  /** The root over all lines so far, as 64 hex digits. For a tree of one line that is the line's leaf hash. */
  root(): string {
    if (this.#edge.length === 0) return hash('sha256', '', 'hex')
    const digest = this.#edge.reduceRight((right, left) => this.#nodeOf(left, right))
    return Buffer.from(digest, 'latin1').toString('hex')
  }

  #leafOf(line: Uint8Array): Digest {
    if (this.#leaf.length <= line.length) this.#leaf = Buffer.alloc(2 * line.length, LEAF)
    this.#leaf.set(line, 1)
    return digestOf(this.#leaf.subarray(0, 1 + line.length))
  }

  #nodeOf(left: Digest, right: Digest): Digest {
    this.#pair.write(left, 1, 'latin1')
    this.#pair.write(right, 1 + DIGEST_SIZE_BYTES, 'latin1')
    return digestOf(this.#pair)
  }
}

function digestOf(bytes: string | Uint8Array): Digest {
  return hash('sha256', bytes, 'binary')
}

/** The incremental Merkle tree against the definition in RFC 6962, read as code. */
import { createHash } from 'node:crypto'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { MerkleTree } from '../../src/integrity/merkle.js'

/** RFC 6962, section 2.1, word for word: MTH over an ordered list. Exponentially simpler than it is fast. */
function merkleRootNaive(lines: readonly (string | Uint8Array)[]): Buffer {
  const [only] = lines
  if (only === undefined) return sha256()
  if (lines.length === 1) return sha256(Buffer.of(0), Buffer.from(only))
  let split = 1
  while (split * 2 < lines.length) split *= 2
  return sha256(Buffer.of(1), merkleRootNaive(lines.slice(0, split)), merkleRootNaive(lines.slice(split)))
}

function sha256(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function treeOf(lines: readonly (string | Uint8Array)[]): MerkleTree {
  const tree = new MerkleTree()
  for (const line of lines) tree.append(line)
  return tree
}

// The inputs and roots that Certificate Transparency implementations test themselves with.
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
const CT_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('merkle: the roots of the Certificate Transparency test inputs are the published ones', () => {
  const tree = new MerkleTree()
  const roots = [tree.root()]
  for (const leaf of CT_LEAVES) {
    tree.append(Buffer.from(leaf, 'hex'))
    roots.push(tree.root())
  }
  expect(roots).toEqual(CT_ROOTS)
})

test('merkle: for every size from 0 to 300 the grown root is the one of the recursive definition', () => {
  const tree = new MerkleTree()
  const lines: string[] = []
  for (let size = 0; size <= 300; size++) {
    expect(tree.size).toBe(size)
    expect(tree.root()).toBe(merkleRootNaive(lines).toString('hex'))
    const line = `{"position":${size + 1},"data":"ä€😀\u2028"}`
    lines.push(line)
    tree.append(line)
  }
})

const line = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary-ascii', minLength: 4000, maxLength: 4200 }),
)

propertyTest.prop({ lines: fc.array(line, { maxLength: 200 }) }, { numRuns: 60 })(
  'merkle: any lines, as text or as bytes, give the root of the recursive definition',
  ({ lines }) => {
    const root = merkleRootNaive(lines).toString('hex')
    const bytes = lines.map((text, i) => (i % 3 === 0 ? text : new Uint8Array(Buffer.from(text))))
    expect(treeOf(lines).root()).toBe(root)
    expect(treeOf(bytes).root()).toBe(root)
  },
)

test('merkle: asking for the root changes nothing', () => {
  const asked = new MerkleTree()
  for (let i = 0; i < 100; i++) {
    asked.append(`line ${i}`)
    asked.root()
    asked.root()
  }
  expect(asked.root()).toBe(treeOf(Array.from({ length: 100 }, (_, i) => `line ${i}`)).root())
})

test('merkle: a leaf that spells out two digests is not the node above them', () => {
  const [left, right] = [merkleRootNaive(['a']), merkleRootNaive(['b'])]
  expect(treeOf([Buffer.concat([left, right])]).root()).not.toBe(treeOf(['a', 'b']).root())
})

test('merkle: order, repetition and a moved newline all change the root', () => {
  const roots = [
    ['a', 'b'],
    ['b', 'a'],
    ['a', 'a', 'b'],
    ['a', 'b', 'b'],
    ['ab'],
    ['a\n', 'b'],
    ['a', '\nb'],
    ['a', 'b', ''],
  ]
  expect(new Set(roots.map((lines) => treeOf(lines).root())).size).toBe(roots.length)
})

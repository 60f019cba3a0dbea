// The output of git log, cut into any pieces, gives the same commits.
import { fc, test as property } from '@fast-check/vitest'
import { expect, test } from 'vitest'
import { parseCommits, splitAtNul, type GitCommit } from '../../src/cli/git/history.js'
import { parseNumstat } from '../../src/cli/demo/truth.js'

async function* chunks(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  for (let i = 1; i < places.length; i++) yield bytes.subarray(places[i - 1], places[i])
}

async function parse(text: string, cuts: readonly number[] = []): Promise<GitCommit[]> {
  const commits: GitCommit[] = []
  for await (const commit of parseCommits(splitAtNul(chunks(Buffer.from(text, 'latin1'), cuts)))) commits.push(commit)
  return commits
}

const OUTPUT = [
  '\x01h1\0Ann\0ann@example.org\x002026-01-02T03:04:05+05:45\0First\0\n1\t2\tb.txt\0-\t-\ta\ttab\n\0',
  '\x01h2\0\0\x00not a date\0\0',
  '\x01h3\0Bob\0b\x002026-01-02T03:04:05Z\0\x01looks like a header\0\n0\t0\tmode\0',
].join('')

const COMMITS = [
  {
    hash: 'h1',
    name: 'Ann',
    email: 'ann@example.org',
    authored: '2026-01-02T03:04:05+05:45',
    message: 'First',
    files: [{ path: 'a\\x09tab\\x0a' }, { path: 'b.txt', added: 1, deleted: 2 }],
  },
  { hash: 'h2', name: '', email: '', message: '', files: [] },
  {
    hash: 'h3',
    name: 'Bob',
    email: 'b',
    authored: '2026-01-02T03:04:05Z',
    message: '\x01looks like a header',
    files: [{ path: 'mode', added: 0, deleted: 0 }],
  },
]

property.prop([fc.array(fc.nat())])('history: commits do not depend on where the chunks end', async (cuts) => {
  expect(await parse(OUTPUT, cuts)).toEqual(COMMITS)
})

test('history: nothing in, nothing out', async () => {
  expect(await parse('')).toEqual([])
})

test.each(['99999-01-01T00:00:00Z', '2026-01-01T00:00:00+99:00', '2026-13-01T00:00:00Z', '-1000-01-01T00:00:00Z'])(
  'history: a date that no calendar has (%s) is left out',
  async (date) => {
    const [commit] = await parse(`\x01h\0n\0e\x00${date}\0m\0`)
    expect(commit).not.toHaveProperty('authored')
  },
)

test('history: a message without end is cut, never inside a character', async () => {
  const long = Buffer.from('🎉'.repeat(2000)).toString('latin1')
  const [commit] = await parse(`\x01h\0n\0e\x00d\0x${long}\0`)
  expect(commit?.message.length).toBeLessThanOrEqual(1001)
  expect(commit?.message.isWellFormed()).toBe(true)
})

test('numstat: quoted and plain paths are the same paths, and their numbers add up', () => {
  const output = Buffer.from(
    '1\t2\t"\\303\\244\\t\\"\\\\.txt"\n\n3\t4\t\xc3\xa4\n-\t-\tbin\n5\t0\t\xc3\xa4\n',
    'latin1',
  )
  expect([...parseNumstat(output)]).toEqual([
    ['ä\\x09"\\x5c.txt', { changes: 1, added: 1, deleted: 2, binary: 0 }],
    ['ä', { changes: 2, added: 8, deleted: 4, binary: 0 }],
    ['bin', { changes: 1, added: 0, deleted: 0, binary: 1 }],
  ])
})

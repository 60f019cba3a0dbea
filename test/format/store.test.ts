/** The vectors against Perdure itself: the lines it makes, the folders it writes, opens, mends and refuses. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fc, test as propertyTest } from '@fast-check/vitest'
import { afterEach, describe, expect, test } from 'vitest'
import { readFolder } from '../../docs/format/reader.mjs'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { nodePlatform } from '../../src/files/node-platform.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Backend } from '../../src/backends/protocol.js'
import { isPerdureError, must, open, type NewEvent, type Store } from '../../src/index.js'
import { MerkleTree } from '../../src/integrity/merkle.js'
import { manualClock } from '../../testing/index.js'
import {
  folderVectors,
  lineVectors,
  rootVectors,
  snapshotOf,
  temporaryFolder,
  writeFolder,
  type FolderVector,
} from './vectors.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder
}

/** The id of the vectors' logs, as the random bytes that it is made from. */
function vectorRandom(bytes: number): Uint8Array {
  const id = Buffer.from(lineVectors.log.replaceAll('-', ''), 'hex')
  return Uint8Array.from({ length: bytes }, (_, i) => id[i % id.length] as number)
}

async function linesOf(store: Store): Promise<string[]> {
  const lines: string[] = []
  for await (const line of store.lines({ enrichments: true })) lines.push(line)
  return lines
}

function rootOf(lines: readonly string[]): string {
  const tree = new MerkleTree()
  for (const line of lines) tree.append(line)
  return tree.root()
}

const openers: Readonly<Record<string, () => Promise<Backend>>> = {
  memory: async () => openMemoryBackend({ random: vectorRandom }),
  file: async () =>
    await openFileBackend({ folder: newFolder(), create: true, platform: { ...nodePlatform, random: vectorRandom } }),
}

describe.each(Object.entries(openers))('on %s', (_name, openBackend) => {
  test('format: the commits of the line vectors become exactly their lines, leaf hashes and roots', async () => {
    const clock = manualClock()
    const backend = await openBackend()
    expect(backend.logId).toBe(lineVectors.log)
    await using store = await open(backend, { clock })
    for (const { name, clock: time, writes, lines, leaves, root } of lineVectors.commits) {
      clock.set(time)
      const { first } = must(await store.commit(writes))
      const found: string[] = []
      for await (const line of store.lines({ after: first - 1 })) found.push(line)
      expect(found, name).toEqual(lines)
      expect(
        found.map((line) => rootOf([line])),
        name,
      ).toEqual(leaves)
      expect((await store.checkpoint()).root, name).toBe(root)
    }
    expect((await store.verify()).findings).toEqual([])
  })
})

test('format: the roots of lists are those of the vectors', () => {
  for (const { name, lines, root } of rootVectors.lists) expect(rootOf(lines), name).toBe(root)
})

test('format: the commits of a folder vector, appended one after the other, give its segment byte for byte', async () => {
  const vector = vectorOf('one segment')
  const folder = newFolder()
  const clock = manualClock()
  const backend = await openFileBackend({ folder, create: true, platform: { ...nodePlatform, random: vectorRandom } })
  const store = await open(backend, { clock })
  for (const commit of commitsOf(vector.lines ?? [])) {
    clock.set(commit.time)
    await store.commit(commit.writes)
  }
  await store.close()
  const [[name, text] = []] = Object.entries(vector.segments)
  expect(readFileSync(join(folder, 'segments', name ?? ''), 'utf8')).toBe(text)
})

function vectorOf(name: string): FolderVector {
  const vector = folderVectors.folders.find((candidate) => candidate.name === name)
  if (vector === undefined) throw new Error(`there is no folder vector ${name}`)
  return vector
}

interface Recorded extends NewEvent {
  readonly position: number
  readonly commit?: readonly [number, number]
  readonly stream: string
  readonly revision: number
  readonly time: string
}

/** The commits that lines were made by, from the lines. */
function commitsOf(lines: readonly string[]): { time: string; writes: { stream: string; events: NewEvent }[] }[] {
  const commits: { time: string; writes: { stream: string; events: NewEvent }[] }[] = []
  for (const line of lines) {
    const {
      position,
      commit: [first] = [position],
      stream,
      revision: _revision,
      time,
      ...events
    } = JSON.parse(line) as Recorded
    if (first === position) commits.push({ time, writes: [] })
    commits.at(-1)?.writes.push({ stream, events })
  }
  return commits
}

const readable = folderVectors.folders.filter(({ refused }) => refused === undefined)
const refused = folderVectors.folders.filter((vector) => vector.refused !== undefined)

for (const vector of readable) {
  test(`format: the folder "${vector.name}" opens with the lines of its vector, and the log goes on`, async () => {
    const folder = newFolder()
    writeFolder(folder, vector)
    const expected = vector.taken ?? vector.lines ?? []
    const store = await open(`file:${folder}`)
    expect(await linesOf(store)).toEqual(expected)
    expect((await store.checkpoint()).root).toBe(rootOf(expected))
    const appended = await store.append('order-1', { type: 'reopened', data: null })
    expect(appended.first).toBe(expected.length + 1)
    expect((await store.verify()).findings).toEqual([])
    await store.close()
    const { lines, root } = readFolder(folder)
    expect(lines.slice(0, -1)).toEqual(expected)
    expect(root).toBe(rootOf(lines))
    for (const [position, text] of Object.entries(vector.torn ?? {})) {
      expect(readFileSync(join(folder, 'torn', position), 'utf8')).toBe(text)
    }
    if (vector.torn === undefined) expect(existsSync(join(folder, 'torn', String(expected.length + 1)))).toBe(false)
  })
}

for (const vector of refused) {
  test(`format: the folder "${vector.name}" is never answered from: ${vector.refused}, and nothing changed on disk`, async () => {
    const folder = newFolder()
    writeFolder(folder, vector)
    const before = snapshotOf(folder)
    const error = await errorOf(async () => {
      await using store = await open(`file:${folder}`)
      // What lies below the last segment may be met only when it is read.
      await linesOf(store)
    })
    expect(error?.code).toBe(vector.refused)
    expect(error?.hint).toBeTruthy()
    // Indexes of undamaged segments may have been made meanwhile; they are no part of the log.
    const changed = Object.entries({ ...before, ...snapshotOf(folder) }).filter(
      ([name, bytes]) => before[name] !== bytes && !name.startsWith('index/') && name !== 'head',
    )
    expect(changed.map(([name]) => name)).toEqual([])
  })
}

async function errorOf(work: () => Promise<void>): Promise<{ code: string; hint: string | undefined } | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (isPerdureError(error)) return error
    throw error
  }
}

const commit = fc.array(
  fc.record({
    stream: fc.constantFrom('a', 'b', 'größe 😀'),
    events: fc.array(
      fc.record({
        type: fc.constantFrom('t', 'u'),
        tags: fc.uniqueArray(fc.constantFrom('k:1', 'k:2', 'l:\u2028')),
        data: fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<NewEvent['data']>,
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  { minLength: 1, maxLength: 3 },
)

propertyTest.prop({ commits: fc.array(commit, { minLength: 1, maxLength: 40 }) }, { numRuns: 15 })(
  'format: the second reader reads what Perdure has just written, over several segments, open or closed',
  async ({ commits }) => {
    const folder = newFolder()
    const backend = await openFileBackend({ folder, create: true, segmentBytes: 2000 })
    const store = await open(backend)
    const half = commits.length >> 1
    for (const writes of commits.slice(0, half)) await store.commit(writes)
    await Promise.all(commits.slice(half).map((writes) => store.commit(writes)))
    const lines = await linesOf(store)
    const { root } = await store.checkpoint()
    expect(readFolder(folder)).toMatchObject({ lines, root })
    await store.close()
    expect(readFolder(folder)).toMatchObject({ lines, root })
  },
)

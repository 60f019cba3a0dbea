/** An observer of a folder that another process writes: what it sees is true, and it creates and changes nothing. */
import { spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { openFileObserver } from '../../src/backends/file/observer.js'
import type { Backend, KvEntry } from '../../src/backends/protocol.js'
import { defineProjection, open } from '../../src/index.js'
import { readAll } from '../../testing/simulation/audit.js'
import { Random } from '../../testing/simulation/random.js'
import { filesOf, temporaryFolder } from '../store/folders.js'
import { watchedPlatform } from './watching-platform.js'
import { type Acknowledged, WritingChild } from './writing-child.js'

const SEED = Number(process.env['SEED'] ?? 20261121)
const ROUNDS = 6
const NOBODY = 65534

const counting = defineProjection({ name: 'count', version: 1, initial: 0, on: { t: (n: number) => n + 1 } })

/** Whatever an observer can be asked. */
async function askEverything(observer: Backend): Promise<{ lines: string[]; values: readonly KvEntry[] }> {
  const lines = await readAll(observer)
  const values = await observer.kv.list('', { after: '', limit: 1000, maxBytes: Infinity })
  await observer.kv.get('k1')
  await observer.find(['nobody'])
  await observer.head()
  await observer.revision('s1')
  await observer.streams('', { after: '', limit: 10 })
  await observer.positionAt('2999-01-01T00:00:00.000Z')
  for (const info of await observer.snapshots.list()) await observer.snapshots.read(info)
  const { findings } = await observer.verify()
  expect(findings.filter(({ code }) => code !== 'index-damaged')).toEqual([])
  return { lines, values }
}

test('observer: sees every acknowledged event and value, while its writer rolls, compacts, is killed and comes back', async () => {
  console.log(`observer: ${ROUNDS} writers are killed, seed ${SEED} (SEED=${SEED} repeats it)`)
  const random = new Random(SEED)
  const folder = join(temporaryFolder(), 'log')
  const platform = watchedPlatform()
  let observer: Backend | undefined
  let seen: string[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const child = new WritingChild(folder)
    await child.until(1)
    observer ??= await openFileObserver({ folder, platform })
    for (let look = 0; look < 8; look++) {
      await child.until(child.acknowledged.length + 1 + random.below(12))
      const acknowledged = [...child.acknowledged]
      const { lines, values } = await askEverything(observer)
      expect(lines.slice(0, seen.length), `seed ${SEED}`).toEqual(seen)
      expectSeen(acknowledged, lines, values)
      seen = lines
    }
    await child.kill()
    expect(child.stderr).toBe('')
    const { lines, values } = await askEverything(observer)
    expectSeen(child.acknowledged, lines, values)
    seen = lines
  }
  expect(platform.forbidden).toEqual([])
  expect(readdirSync(join(folder, 'segments')).length).toBeGreaterThan(3)
  expect(readdirSync(join(folder, 'kv'))).not.toContain('0000000000000001.ndjson')
  await observer?.close()
}, 120_000)

function expectSeen(acknowledged: readonly Acknowledged[], lines: readonly string[], values: readonly KvEntry[]): void {
  const last = acknowledged.at(-1)
  expect(lines.length).toBeGreaterThanOrEqual(last?.position ?? 0)
  for (const { key, revision } of acknowledged) {
    expect(values.find((entry) => entry.key === key)?.revision ?? 0).toBeGreaterThanOrEqual(revision)
  }
}

/** A closed log of some events and values, with small segments. */
async function makeFolder(folder: string): Promise<void> {
  const store = await open(await openFileBackend({ folder, create: true, segmentBytes: 1500 }))
  for (let i = 1; i <= 20; i++) await store.append(`s${i % 2}`, { type: 't', data: { i } })
  for (let i = 1; i <= 5; i++) await store.kv.put(`k${i}`, i)
  await store.snapshots.take(counting)
  await store.close()
}

/** What a crash may leave behind: a torn group, torn values, files that were being made, a compaction that was not followed. */
function leaveTraces(folder: string): void {
  const newest = readdirSync(join(folder, 'segments')).sort().at(-1) ?? ''
  appendFileSync(join(folder, 'segments', newest), '{"mark":{"bytes":12')
  appendFileSync(join(folder, 'kv/0000000000000001.ndjson'), '{"mark":{"bytes":12')
  writeFileSync(join(folder, 'kv/0000000000000006.ndjson.new'), '{')
  writeFileSync(join(folder, 'segments/0000000000000099.ndjson.new'), '{')
}

test('observer: the folder is the same, byte for byte, after everything was asked', async () => {
  for (const prepare of [() => undefined, leaveTraces]) {
    const folder = join(temporaryFolder(), 'log')
    await makeFolder(folder)
    prepare(folder)
    const before = filesOf(folder)
    const platform = watchedPlatform()
    const observer = await openFileObserver({ folder, platform })
    const { lines, values } = await askEverything(observer)
    expect([lines.length, values.length]).toEqual([20, 5])
    await observer.close()
    expect(platform.forbidden).toEqual([])
    expect(filesOf(folder)).toEqual(before)
  }
})

test('observer: has no way to write, and says so', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  const before = filesOf(folder)
  const observer = await openFileObserver({ folder })
  for (const write of [
    observer.append([], ''),
    observer.adopt([]),
    observer.claim('name', true),
    observer.kv.put('k', '{}', 'any'),
    observer.snapshots.put({ key: 'k', position: 1 }, ''),
    observer.snapshots.remove({ key: 'k', position: 1 }),
  ]) {
    await expect(write).rejects.toMatchObject({ code: 'unsupported', written: 'no' })
  }
  await observer.close()
  expect(filesOf(folder)).toEqual(before)
})

test('observer: sees the same log before, while and after a writer sets torn groups aside', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  leaveTraces(folder)
  const observer = await openFileObserver({ folder, platform: watchedPlatform() })
  const before = await askEverything(observer)
  const writer = await openFileBackend({ folder, segmentBytes: 1500 })
  expect(readdirSync(join(folder, 'torn')).sort()).toEqual(['21', 'kv-6'])
  expect(await askEverything(observer)).toEqual(before)
  await writer.kv.put('k6', '{"value":6}', 'new')
  expect((await askEverything(observer)).values).toHaveLength(6)
  await writer.close()
  await observer.close()
})

test('observer: a folder that is missing, empty, or something else is refused, and nothing is made', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'empty'))
  await expect(openFileObserver({ folder: join(folder, 'absent') })).rejects.toMatchObject({ code: 'store-missing' })
  await expect(openFileObserver({ folder: join(folder, 'empty') })).rejects.toMatchObject({ code: 'store-missing' })
  await expect(openFileObserver({ folder })).rejects.toMatchObject({ code: 'store-foreign' })
  expect(readdirSync(folder, { recursive: true })).toEqual(['empty'])
})

// Root ignores modes, so as root the observer is somebody else.
test.skipIf(process.platform === 'win32')('observer: a user who may only read the folder can observe it', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  chmodSync(join(folder, '..'), 0o755)
  const paths = [
    folder,
    ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ]
  for (const path of paths) chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444)
  onTestFinished(() => {
    for (const path of paths) chmodSync(path, 0o755)
  })
  const program = `
    import { openFileObserver } from ${JSON.stringify(join(import.meta.dirname, '../../dist/src/backends/file/observer.js'))}
    const observer = await openFileObserver({ folder: ${JSON.stringify(folder)} })
    console.log((await observer.head()).position, (await observer.kv.get('k1')).revision)`
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', program], { ...user, encoding: 'utf8' })
  expect(ran.stderr).toBe('')
  expect(ran.stdout).toBe('20 1\n')
})

test('observer: a copy that is damaged below the head is refused, or found, and nothing in it changes', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  for (const [name, code] of [
    ['segments/0000000000000001.ndjson', 'log-corrupt'],
    ['kv/0000000000000001.ndjson', 'kv-corrupt'],
    ['kv/head', 'kv-corrupt'],
    ['head', 'log-corrupt'],
  ] as const) {
    const damaged = join(temporaryFolder(), 'log')
    cpSync(folder, damaged, { recursive: true })
    writeFileSync(join(damaged, name), 'x'.repeat(statSync(join(damaged, name)).size))
    const before = filesOf(damaged)
    expect(await codesOf(damaged), name).toContain(code)
    expect(filesOf(damaged)).toEqual(before)
  }
})

/** What opening fails with, or asking for everything, or what verifying finds. */
async function codesOf(folder: string): Promise<string[]> {
  let observer: Backend | undefined
  try {
    observer = await openFileObserver({ folder })
    await observer.kv.list('', { after: '', limit: 10, maxBytes: Infinity })
    return (await observer.verify()).findings.map(({ code }) => code)
  } catch (error) {
    return [(error as { code: string }).code]
  } finally {
    await observer?.close()
  }
}

/** Snapshots as a store sees them: what they cost, what a failure of one does, who may take them. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { defineProjection, isPerdureError, open, openObserver, PerdureError, type Backend } from '../../src/index.js'
import { aroundBackend, justCall, type Operation } from '../../testing/index.js'

const count = defineProjection({ name: 'count', version: 1, initial: 0, on: { n: (state: number) => state + 1 } })

const events = (length: number) => Array.from({ length }, () => ({ type: 'n', data: null }))

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))

/** How often each operation of the backend was called. */
function counting(backend: Backend): { readonly backend: Backend; readonly calls: Map<Operation, number> } {
  const calls = new Map<Operation, number>()
  const counted = aroundBackend(backend, (operation, call) => {
    calls.set(operation, (calls.get(operation) ?? 0) + 1)
    return call()
  })
  return { backend: counted, calls }
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !holds(); turn++) await soon()
  assert.ok(holds(), 'it has not come to that')
}

test('snapshot: a projection without any asks the backend once whether there are, and never reads or saves one', async () => {
  const { backend, calls } = counting(openMemoryBackend())
  await using store = await open(backend)
  await store.append('a', events(10))
  calls.clear()
  for (let i = 0; i < 50; i++) await store.project(count, { stream: 'a' })
  assert.deepEqual(
    [calls.get('snapshotList'), calls.get('snapshotRead'), calls.get('snapshotPut')],
    [1, undefined, undefined],
  )
})

test('snapshot: however many there are, a fold reads one', async () => {
  const { backend, calls } = counting(openMemoryBackend())
  await using store = await open(backend)
  for (let i = 0; i < 300; i++) {
    await store.append('a', events(1))
    await store.snapshots.take(count)
  }
  for (let version = 2; version < 40; version++) {
    await store.append('a', events(1))
    await store.snapshots.take({ ...count, version })
  }
  const fresh = await open({ ...backend, close: async () => {} })
  calls.clear()
  assert.equal((await fresh.project({ ...count, version: 39 })).state, 338)
  assert.equal(calls.get('snapshotRead'), 1)
  // Those of other versions that have been taken since are not in its way.
  calls.clear()
  assert.equal((await fresh.project(count)).state, 338)
  assert.equal(calls.get('snapshotRead'), 1)
})

for (const keep of [undefined, 20]) {
  test(`snapshot: taking one asks nothing of those that there are, keeping ${keep ?? 'all'}`, async () => {
    const { backend, calls } = counting(openMemoryBackend())
    await using store = await open(backend, { snapshots: keep === undefined ? {} : { keep } })
    for (let i = 0; i < 30; i++) {
      await store.append('a', events(1))
      await store.snapshots.take(count)
    }
    calls.clear()
    await store.append('a', events(1))
    const taken = await store.snapshots.take(count)
    // That before, to go on from; and whether there is one here.
    assert.deepEqual(
      [calls.get('snapshotList'), calls.get('snapshotRead'), calls.get('snapshotPut')],
      [undefined, 2, 1],
    )
    const listed = await store.snapshots.list()
    assert.deepEqual([listed.length, listed.at(-1)], [keep ?? 31, taken])
  })
}

test('snapshot: one that somebody else has taken is found after a long fold, one that is gone is done without', async () => {
  const backend = openMemoryBackend()
  const shared = { ...aroundBackend(backend, justCall), close: async () => {} }
  const one = await open(shared)
  const { backend: counted, calls } = counting(shared)
  const other = await open(counted)
  await one.append('a', events(2000))
  assert.equal((await other.project(count)).state, 2000)
  await one.snapshots.take(count)
  calls.clear()
  assert.equal((await other.project(count)).state, 2000)
  assert.deepEqual([calls.get('snapshotRead'), calls.get('read')], [1, undefined])
  for (const place of await backend.snapshots.list()) await backend.snapshots.remove(place)
  assert.equal((await other.project(count)).state, 2000)
  await backend.close()
})

test('snapshot: one that cannot be saved by the way fails no append, and the report says why', async () => {
  const backend = openMemoryBackend()
  let puts = 0
  const full: Backend = {
    ...aroundBackend(backend, justCall),
    snapshots: {
      ...aroundBackend(backend, justCall).snapshots,
      put: async () => {
        puts++
        throw new PerdureError('disk-full', 'no room', { path: 'x' })
      },
    },
  }
  await using store = await open(full, { snapshots: { everyEvents: 2 } })
  assert.deepEqual(store.report().snapshots, { saved: 0, failed: 0 })
  await store.append('a', events(5))
  await store.project(count)
  assert.ok((await store.append('a', events(1))).ok)
  await until(() => store.report().snapshots.failed === 1)
  const { saved, lastFailure } = store.report().snapshots
  assert.ok(saved === 0 && puts === 1 && isPerdureError(lastFailure) && lastFailure.code === 'disk-full')
  // Due again when it is next used.
  await store.project(count)
  await store.append('a', events(1))
  await until(() => store.report().snapshots.failed === 2)
})

test('snapshot: a state that is not JSON is tried once, and the report says why', async () => {
  let reads = 0
  const odd = defineProjection({
    name: 'odd',
    version: 1,
    initial: () => ({
      get value(): unknown {
        reads++
        return new Map()
      },
    }),
    on: { n: (state: object) => state },
  })
  await using store = await open('memory:', { snapshots: { everyEvents: 1 } })
  for (let i = 0; i < 5; i++) {
    await store.append('a', events(1))
    await store.project(odd)
  }
  const { saved, failed, lastFailure } = store.report().snapshots
  assert.ok(isPerdureError(lastFailure) && lastFailure.code === 'state-invalid')
  assert.deepEqual([saved, failed, reads, lastFailure.facts], [0, 1, 1, { projection: 'odd', pointer: '/value' }])
})

test('snapshot: an append has its answer while one is being saved, and closing waits for it', async () => {
  const backend = openMemoryBackend()
  let goOn = (): void => {}
  const waiting = new Promise<void>((resolve) => (goOn = resolve))
  let isSaved = false
  const slow: Backend = {
    ...aroundBackend(backend, async (operation, call) => {
      if (operation !== 'snapshotPut') return await call()
      await waiting
      const answer = await call()
      isSaved = true
      return answer
    }),
    close: async () => {},
  }
  const store = await open(slow, { snapshots: { everyEvents: 1 } })
  for (let i = 0; i < 20; i++) {
    await store.append('a', events(1))
    await store.project(count)
  }
  assert.equal(isSaved, false)
  const closing = store.close()
  await soon()
  goOn()
  await closing
  assert.ok(isSaved)
  assert.ok((await backend.snapshots.list()).length >= 1)
})

test('snapshot: of states that wait to be saved only so much is held', async () => {
  const large = defineProjection({
    name: 'large',
    version: 1,
    initial: 'x'.repeat(5_000_000),
    on: { n: (s: string) => s },
  })
  await using store = await open('memory:', { snapshots: { everyEvents: 1 } })
  for (let i = 0; i < 10; i++) await store.append(`s${i}`, events(1))
  for (let i = 0; i < 10; i++) await store.project(large, { stream: `s${i}` })
  await store.append('a', events(1))
  await until(() => store.report().snapshots.saved === 3)
  await soon()
  const taken = await store.snapshots.list()
  assert.deepEqual(taken.map(({ selection }) => selection.stream).sort(), ['s7', 's8', 's9'])
})

/** Every file of a folder with its bytes and its time of change. */
function contents(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return names.map((name) => {
    const stat = statSync(join(folder, name))
    const text = stat.isFile() ? readFileSync(join(folder, name), 'base64') : ''
    return `${name} ${stat.size} ${stat.mtimeMs} ${text}`
  })
}

test('snapshot: an observer folds from those there are, and takes and removes none', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'perdure-snapshots-'))
  const folder = join(parent, 'log')
  const writer = await open(`file:${folder}`, { create: true, syncHead: 'close' })
  try {
    await writer.append('a', events(5))
    await writer.snapshots.take(count)
    await writer.append('a', events(5))
    const before = contents(folder)
    const observer = await openObserver(`file:${folder}`)
    assert.equal((await observer.project(count)).state, 10)
    assert.deepEqual(
      (await observer.snapshots.list('count')).map(({ position }) => position),
      [5],
    )
    assert.ok(!('take' in observer.snapshots))
    await observer.close()
    assert.deepEqual(contents(folder), before)
  } finally {
    await writer.close()
    rmSync(parent, { recursive: true })
  }
})

test('snapshot: a file with one byte changed refuses to open, and is put right by `rebuild`', async () => {
  const parent = mkdtempSync(join(tmpdir(), 'perdure-snapshots-'))
  const at = `file:${join(parent, 'log')}`
  try {
    const store = await open(at, { create: true })
    await store.append('a', events(5))
    await store.snapshots.take(count)
    await store.close()
    const path = snapshotFileIn(join(parent, 'log'))
    const bytes = readFileSync(path)
    for (let i = 0; i < bytes.length; i += 3) {
      const damaged = Buffer.from(bytes)
      damaged[i] = (damaged[i] ?? 0) ^ 1
      writeFileSync(path, damaged)
      const opened = await open(at).catch((error: unknown) => error)
      assert.ok(isPerdureError(opened), `byte ${i} is not missed`)
      assert.ok(['snapshot-malformed', 'format-newer'].includes(opened.code), `byte ${i}: ${opened.code}`)
    }
    writeFileSync(path, bytes.subarray(0, 10))
    const rebuilt = await open(at, { snapshots: { rebuild: true } })
    assert.equal((await rebuilt.project(count)).state, 5)
    assert.deepEqual(rebuilt.report().steps.at(-1)?.step, 'snapshots')
    await rebuilt.close()
    await (await open(at)).close()
  } finally {
    rmSync(parent, { recursive: true })
  }
})

function snapshotFileIn(folder: string): string {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((one) => /snapshots.*\.json$/.test(one))
  assert.ok(name)
  return join(folder, name)
}

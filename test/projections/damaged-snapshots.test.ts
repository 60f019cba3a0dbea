/** Snapshots in a folder that are damaged: what an observer does, and whom it concerns. */
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { defineProjection, isPerdureError, open, openObserver } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/index.js'
import { temporaryFolder } from '../store/folders.js'

const counting = (name: string) =>
  defineProjection({ name, version: 1, initial: 0, on: { n: (state: number) => state + 1 } })

const count = counting('count')

/** A closed log with snapshots of `count` at 1, 2 and 3. */
async function logWithSnapshots(): Promise<string> {
  const folder = join(temporaryFolder(), 'log')
  await using store = await open(`file:${folder}`, { create: true })
  for (let i = 0; i < 3; i++) {
    await store.append('a', { type: 'n', data: null })
    await store.snapshots.take(count)
  }
  return folder
}

function snapshotFiles(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const own = names.filter((one) => /snapshots.*\.json$/.test(one))
  return own.sort().map((one) => join(folder, one))
}

function damage(path: string | undefined): void {
  assert.ok(path)
  writeFileSync(path, 'garbage')
}

async function codeOf(call: () => Promise<unknown>): Promise<string | undefined> {
  const error = await call().catch((caught: unknown) => caught)
  return isPerdureError(error) ? error.code : undefined
}

test('snapshot: an observer passes over a malformed one, says so, and folds from an older one', async () => {
  const folder = await logWithSnapshots()
  damage(snapshotFiles(folder)[2])
  assert.equal(await codeOf(() => open(`file:${folder}`)), 'snapshot-malformed')
  const observer = await openObserver(`file:${folder}`)
  assert.deepEqual(observer.report().steps.at(-1), {
    step: 'snapshots',
    found: '3, 1 of them malformed, and passed over',
  })
  assert.equal((await observer.project(count)).state, 3)
  assert.deepEqual(
    (await observer.snapshots.list('count')).map(({ position }) => position),
    [1, 2],
  )
  await observer.close()
  assert.equal(snapshotFiles(folder).length, 3)
})

test('snapshot: an observer of nothing but malformed ones folds from the first event', async () => {
  const folder = await logWithSnapshots()
  for (const path of snapshotFiles(folder)) damage(path)
  const observer = await openObserver(`file:${folder}`)
  assert.equal((await observer.project(count)).state, 3)
  assert.deepEqual(await observer.snapshots.list(), [])
  await observer.close()
})

test('snapshot: rebuilding removes an older malformed file too, after which everything is answered', async () => {
  const folder = await logWithSnapshots()
  const [first] = snapshotFiles(folder)
  damage(first)
  await using store = await open(`file:${folder}`, { snapshots: { rebuild: true } })
  assert.deepEqual(
    (await store.snapshots.list()).map(({ position }) => position),
    [2, 3],
  )
  assert.equal((await store.project(count, { at: 1 })).state, 1)
  assert.equal(store.report().steps.at(-1)?.found, '3, 1 of them malformed or beyond the head, and removed')
})

test('snapshot: a folder that no longer says whose it is does not concern the list of another projection', async () => {
  const folder = await logWithSnapshots()
  await using store = await open(`file:${folder}`)
  const before = snapshotFiles(folder)
  await store.snapshots.take(counting('other'))
  damage(snapshotFiles(folder).find((path) => !before.includes(path)))
  assert.equal((await store.snapshots.list('count')).length, 3)
  assert.equal(await codeOf(() => store.snapshots.list()), 'snapshot-malformed')
})

test('snapshot: one whose key is without versions, as they once were, is sound, and not gone on from', async () => {
  const backend = openMemoryBackend()
  await using store = await open(backend)
  await store.append('a', { type: 'n', data: null })
  await store.snapshots.take(count)
  const [place] = await backend.snapshots.list()
  assert.ok(place)
  const text = (await backend.snapshots.read(place)) ?? ''
  await backend.snapshots.remove(place)
  const key = JSON.stringify({ name: 'count', selection: [{}] })
  await backend.snapshots.put({ key, position: 1 }, text.replace('"state":1', '"state":100'))
  const opened = await open(aroundBackend(backend, justCall))
  assert.equal((await opened.project(count)).state, 1)
  assert.equal((await opened.snapshots.list('count')).length, 1)
})

/** What a snapshot costs in a folder: the same, however many there are already. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { nodePlatform } from '../../src/files/node-platform.js'
import type { Platform } from '../../src/files/platform.js'
import { defineProjection, open, type Store } from '../../src/index.js'
import { temporaryFolder } from '../store/folders.js'

const count = defineProjection({ name: 'count', version: 1, initial: 0, on: { n: (state: number) => state + 1 } })

/** What was asked of the folder of snapshots: each call, and each name that a list gave. */
function watchedPlatform(): { readonly platform: Platform; readonly calls: string[] } {
  const calls: string[] = []
  const note = (path: string, call: string): void => {
    if (path.includes('snapshots')) calls.push(call)
  }
  const { files } = nodePlatform
  const watched: Platform['files'] = {
    list: (folder) => {
      const names = files.list(folder)
      for (const name of ['list', ...names]) note(folder, `list ${name === 'list' ? '' : 'name'}`)
      return names
    },
    makeFolder: (folder) => files.makeFolder(folder),
    open: (path, mode) => {
      note(path, `open ${mode}`)
      return files.open(path, mode)
    },
    rename: (from, to) => files.rename(from, to),
    remove: (path) => files.remove(path),
    syncFolder: (folder) => {
      note(folder, 'sync folder')
      files.syncFolder(folder)
    },
    lock: (path) => files.lock(path),
  }
  return { platform: { ...nodePlatform, files: watched }, calls }
}

async function takeMany(store: Store, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await store.append('a', { type: 'n', data: null })
    await store.snapshots.take(count)
  }
}

test('snapshot: in a folder, taking one lists no names, and opens the same few files', async () => {
  const { platform, calls } = watchedPlatform()
  const backend = await openFileBackend({ folder: join(temporaryFolder(), 'log'), create: true, platform })
  await using store = await open(backend)
  await takeMany(store, 20)
  calls.length = 0
  await takeMany(store, 1)
  // The one to go on from; whether it is there, for the store and for the backend; the new file.
  assert.deepEqual(calls, ['open read', 'open read', 'open read', 'open create', 'sync folder'])
})

test('snapshot: their folder may be deleted while the store is open, and the next one makes it again', async () => {
  const folder = join(temporaryFolder(), 'log')
  await using store = await open(`file:${folder}`, { create: true })
  await takeMany(store, 3)
  rmSync(join(folder, 'snapshots'), { recursive: true })
  await takeMany(store, 2)
  assert.deepEqual(
    (await store.snapshots.list()).map(({ position }) => position),
    [4, 5],
  )
  assert.equal((await store.project(count, { at: 3 })).state, 3)
})

// The suite for blob stores, over the two that come with Perdure and over one that keeps nothing right.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testBlobStore, type BlobStoreUnderTest } from '../../conformance/index.js'
import { nodePlatform } from '../../src/files/node-platform.js'
import type { BlobStore } from '../../src/index.js'
import { FolderBlobs } from '../../src/blobs/folder-blobs.js'
import { MemoryBlobs } from '../../src/blobs/memory-blobs.js'

async function openFolder(): Promise<BlobStoreUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-blobs-'))
  const open = (): BlobStore => new FolderBlobs({ folder: join(folder, 'a/b/blobs'), files: nodePlatform.files })
  return {
    blobs: open(),
    reopen: async () => open(),
    damage: async (cid) => {
      const path = join(folder, 'a/b/blobs', cid.slice(-3, -1), cid)
      const bytes = readFileSync(path)
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
      writeFileSync(path, bytes)
    },
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

testBlobStore({ name: 'folder', test, openBlobStore: openFolder })

testBlobStore({
  name: 'memory',
  test,
  openBlobStore: async () => ({ blobs: new MemoryBlobs() }),
  durable: false,
  damageable: false,
})

/** Keeps the caller's own bytes, and never compares what it reads. */
function carelessBlobs(): BlobStoreUnderTest {
  const kept = new Map<string, Uint8Array>()
  const names = new MemoryBlobs()
  const blobs: BlobStore = {
    put: async (bytes) => {
      const cid = await names.put(bytes)
      if (!kept.has(cid)) kept.set(cid, bytes)
      return cid
    },
    get: async (cid) => kept.get(cid),
    has: async (cid) => kept.has(cid),
  }
  return { blobs, reopen: async () => ({ ...blobs, get: async () => undefined }), damage: async (cid) => damage(cid) }
  function damage(cid: string): void {
    kept.set(cid, Uint8Array.of(1, 2, 3))
  }
}

test('testBlobStore: a careless store fails each promise that it breaks, and no other', async () => {
  const failed: string[] = []
  const running: Promise<void>[] = []
  testBlobStore({
    name: 'careless',
    test: (title, run) => running.push(run().catch(() => void failed.push(title.replace('careless: ', '')))),
    openBlobStore: async () => carelessBlobs(),
  })
  await Promise.all(running)
  expect(failed.sort()).toEqual([
    'get: bytes that are not those of the CID are refused as blob-corrupt',
    'opening again: what was acknowledged is there',
    'put and get: what the caller does with the bytes afterwards changes nothing',
    'put: the right bytes heal a damaged blob',
  ])
})

test('testBlobStore: a known gap that is closed, and one that names no promise, are failures', async () => {
  const title = 'get and has: what was never put is not there'
  const runs: (() => Promise<void>)[] = []
  const options = {
    name: 'memory',
    test: (name: string, run: () => Promise<void>) => (name === `memory: ${title}` ? runs.push(run) : undefined),
    openBlobStore: async () => ({ blobs: new MemoryBlobs() }),
    durable: false,
    damageable: false,
  }
  testBlobStore({ ...options, knownGaps: { [title]: 'not built' } })
  await expect(runs[0]?.()).rejects.toThrow('the gap is closed')
  expect(() => testBlobStore({ ...options, knownGaps: { 'no such promise': '' } })).toThrow('names no promise')
})

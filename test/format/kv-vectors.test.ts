/** The vectors of current values against both readers: Perdure, and the one that was written from docs/format.md alone. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { readValues } from '../../docs/format/values-reader.mjs'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { openFileObserver } from '../../src/backends/file/observer.js'
import type { Backend, KvEntry } from '../../src/backends/protocol.js'
import { kvVectors, putOf, slotsOf, snapshotOf, temporaryFolder, writeFolder, type KvVector } from './vectors.js'

const ALL = { after: '', limit: 100, maxBytes: Infinity }

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folderOf({ name, about, head, kv }: KvVector): string {
  const folder = temporaryFolder()
  folders.push(folder)
  writeFolder(folder, { name, about, head, segments: {} })
  if (kv === undefined) return folder
  mkdirSync(join(folder, 'kv'))
  if (kv.head !== null) writeFileSync(join(folder, 'kv/head'), slotsOf(kv.head))
  for (const [file, text] of Object.entries(kv.files)) writeFileSync(join(folder, 'kv', file), text)
  return folder
}

async function valuesOf(opened: Promise<Backend>): Promise<readonly KvEntry[]> {
  const backend = await opened
  try {
    return await backend.kv.list('', ALL)
  } finally {
    await backend.close()
  }
}

for (const vector of kvVectors.folders.filter(({ refused }) => refused === undefined)) {
  test(`format: the values of "${vector.name}" are read by both readers, and a writer goes on from them`, async () => {
    const folder = folderOf(vector)
    const { last, newest } = readValues(folder)
    const found = [...newest].map(([key, line]) => putOf(key, line))
    const byKey = found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    expect({ last, entries: byKey }).toEqual({ last: vector.last, entries: vector.entries })
    expect(await valuesOf(openFileObserver({ folder }))).toEqual(vector.entries)
    expect(await valuesOf(openFileBackend({ folder }))).toEqual(vector.taken ?? vector.entries)
    const writer = await openFileBackend({ folder })
    const put = await writer.kv.put('new', '{"value":1}', 'new')
    await writer.close()
    expect(put).toEqual({ kind: 'written', revision: readValues(folder).last })
  })
}

for (const vector of kvVectors.folders.filter(({ refused }) => refused !== undefined)) {
  test(`format: the values of "${vector.name}" are refused by both readers: ${vector.refused}, and nothing changed`, async () => {
    const folder = folderOf(vector)
    const before = snapshotOf(folder)
    expect(() => readValues(folder)).toThrow()
    const refusal = { code: vector.refused, hint: expect.any(String) as string }
    await expect(valuesOf(openFileBackend({ folder }))).rejects.toMatchObject(refusal)
    await expect(valuesOf(openFileObserver({ folder }))).rejects.toMatchObject(refusal)
    expect({ ...snapshotOf(folder), lock: '' }).toEqual({ ...before, lock: '' })
  })
}

test('format: a writer that opens values of which the head of the log says nothing makes it say so', async () => {
  const vector = kvVectors.folders.find(({ name }) => name === 'written before the head said so') as KvVector
  const folder = folderOf(vector)
  await (await openFileBackend({ folder })).close()
  rmSync(join(folder, 'kv'), { recursive: true })
  expect(() => readValues(folder)).toThrow('kv/head: missing')
})

/** `kv/` and `snapshots/` read by docs/format.md alone, held against what Perdure says that they hold. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { readHead } from '../../docs/format/reader.mjs'
import { readValues } from '../../docs/format/values-reader.mjs'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { defineProjection, open } from '../../src/index.js'
import { temporaryFolder } from '../store/folders.js'
import { putOf } from './vectors.js'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('format: a second reader of the current values finds what Perdure says, compacted or not', async () => {
  const folder = join(temporaryFolder(), 'log')
  const open = () => openFileBackend({ folder, create: true, kvCompactionBytes: 2000 })
  let backend = await open()
  const keys = ['a', 'é', '"quoted"', 'with \n newline', '🦀', '__proto__', 'last']
  const files = new Set<string>()
  for (let i = 1; i <= 120; i++) {
    const key = keys[i % keys.length] ?? ''
    const text = i % 9 === 0 ? undefined : `{"value":${JSON.stringify(`${key} ${i}`)},"deleted":${i % 2 === 0}}`
    await Promise.all([backend.kv.put(key, text, 'any'), backend.kv.put('same', `{"value":${i}}`, 'any')])
    if (i % 20 !== 0) continue
    const entries = await backend.kv.list('', { after: '', limit: 1000, maxBytes: Infinity })
    await backend.close()
    const found = [...readValues(folder).newest].map(([one, line]) => putOf(one, line))
    expect(found.sort((a, b) => a.revision - b.revision)).toEqual(
      [...entries]
        .sort((a, b) => a.revision - b.revision)
        .map(({ key: one, text: put, revision }) => ({ key: one, text: put, revision })),
    )
    for (const name of readdirSync(join(folder, 'kv'))) files.add(name)
    backend = await open()
  }
  await backend.close()
  expect(files.size).toBeGreaterThan(3)
})

test('format: a snapshot is where the page says, and what it says of itself is so', async () => {
  const folder = join(temporaryFolder(), 'log')
  const store = await open(await openFileBackend({ folder, create: true }))
  for (let i = 1; i <= 3; i++) await store.append('s', { type: 't', data: i })
  await store.snapshots.take(defineProjection({ name: 'n', version: 1, initial: 0, on: { t: (n: number) => n + 1 } }))
  await store.close()
  const [name = ''] = readdirSync(join(folder, 'snapshots'))
  const bytes = readFileSync(join(folder, 'snapshots', name, '0000000000000003.json'))
  const line = bytes.toString('utf8', 0, bytes.indexOf(10))
  const body = bytes.subarray(bytes.indexOf(10) + 1, -1)
  const header = JSON.parse(line) as { key: string; log: string }
  expect(header).toEqual({
    perdure: 1,
    log: readHead(readFileSync(join(folder, 'head'))).log,
    key: header.key,
    position: 3,
    bytes: body.length,
    sha256: sha256(body),
    crc32: crc32(line.slice(0, line.lastIndexOf(',"crc32":'))),
  })
  expect(name).toBe(sha256(Buffer.from(header.key)).slice(0, 32))
  expect(bytes.at(-1)).toBe(10)
})

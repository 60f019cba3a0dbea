/** `kv/` and `snapshots/` read by docs/format.md alone, held against what Perdure says that they hold. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { defineProjection, open } from '../../src/index.js'
import { temporaryFolder } from '../store/folders.js'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

interface Slot {
  readonly log: string
  readonly write: number
  readonly segment: number
  readonly bytes: number
  readonly last: number
  readonly sha256: string
  readonly crc32: number
}

/** The slot that counts. */
function headOf(folder: string): Slot {
  const bytes = readFileSync(join(folder, 'head'))
  const slots = [0, 4096].flatMap((at) => {
    const text = bytes.toString('latin1', at, at + 512)
    if (!/^\{.*\} *\n$/.test(text)) return []
    const slot = JSON.parse(text) as Slot
    return slot.crc32 === crc32(text.slice(0, text.indexOf(',"crc32":'))) ? [slot] : []
  })
  return slots.sort((a, b) => b.write - a.write)[0] as Slot
}

interface Mark {
  readonly mark: { readonly bytes: number; readonly last: number; readonly sha256: string }
  readonly group: { readonly bytes: number; readonly events: number; readonly sha256: string }
}

/** Key → text of the object that was put, and revision. */
function readValues(folder: string): Map<string, { text: string; revision: number }> {
  const head = headOf(folder)
  const values = new Map<string, { text: string; revision: number }>()
  const all = readFileSync(join(folder, `${String(head.segment).padStart(16, '0')}.ndjson`))
  const bytes = all.subarray(0, head.bytes)
  expect(sha256(bytes)).toBe(head.sha256)
  const endOf = (at: number): number => bytes.indexOf(10, at) + 1
  const header = JSON.parse(bytes.toString('utf8', 0, endOf(0))) as { log: string; from: number }
  expect(header).toEqual({ perdure: 1, log: head.log, from: head.segment })
  let last = header.from - 1
  for (let at = endOf(0); at < bytes.length;) {
    const start = endOf(at)
    const { mark, group } = JSON.parse(bytes.toString('utf8', at, start)) as Mark
    expect(mark).toEqual({ bytes: at, last, sha256: sha256(bytes.subarray(0, at)) })
    const lines = bytes.subarray(start, start + group.bytes)
    expect(sha256(lines)).toBe(group.sha256)
    const puts = lines.toString('utf8').split('\n').slice(0, -1)
    expect(puts.length).toBe(group.events)
    for (const put of puts) last = takePut(values, put, last, header.from)
    at = start + group.bytes
  }
  expect(last).toBe(head.last)
  return values
}

/** The newest revision after it. */
function takePut(
  values: Map<string, { text: string; revision: number }>,
  line: string,
  last: number,
  from: number,
): number {
  const { revision, key, deleted } = JSON.parse(line) as { revision: number; key: string; deleted?: boolean }
  const isKept = revision < from
  if (!isKept) expect(revision).toBe(last + 1)
  const front = `{"revision":${revision},"key":${JSON.stringify(key)},`
  expect(line.startsWith(front)).toBe(true)
  if (deleted === true && line === `${front}"deleted":true}`) values.delete(key)
  else values.set(key, { text: `{${line.slice(front.length)}`, revision })
  return isKept ? last : revision
}

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
    const found = [...readValues(join(folder, 'kv'))].map(([one, rest]) => ({ key: one, ...rest }))
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
    log: headOf(folder).log,
    key: header.key,
    position: 3,
    bytes: body.length,
    sha256: sha256(body),
    crc32: crc32(line.slice(0, line.lastIndexOf(',"crc32":'))),
  })
  expect(name).toBe(sha256(Buffer.from(header.key)).slice(0, 32))
  expect(bytes.at(-1)).toBe(10)
})

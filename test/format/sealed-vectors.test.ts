/** The vectors of sealed lines against Perdure, and against Node's cryptography alone, as docs/format.md says to use it. */
import { deepStrictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { boundTo, deriveKey, openLine, openPart, type SealedPart } from '../../docs/format/unseal.mjs'
import { checkLine, type Backend } from '../../src/backends/kit.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { open, type KeyProvider, type RecordedEvent, type Store } from '../../src/index.js'
import { checkLog, type LogCheck } from '../../src/integrity/verification.js'
import { MemoryKeys } from '../../src/privacy/memory-keys.js'
import { aroundBackend, justCall, manualClock } from '../../testing/index.js'
import { sealedVectors } from './vectors.js'

const { log, clock, keys, nonces, events, malformed, broken } = sealedVectors
const lines = events.map(({ line }) => line)

function secretOf(key: string): Buffer {
  return Buffer.from(keys[key]?.secret ?? '', 'base64')
}

/** Keeps keys bare, so that those of the vectors can be put into a key store as they are. */
const bareProvider: KeyProvider = {
  name: 'bare',
  current: async () => 'bare',
  wrap: async (_master, key) => key,
  unwrap: async (_master, wrapped) => wrapped,
}

async function keyStore(): Promise<MemoryKeys> {
  const store = new MemoryKeys(bareProvider)
  const about = { perdureKeys: 1, log, id: log, master: 'bare', made: Object.keys(keys).length, applied: 0 }
  const owners = Object.entries(keys).map(([id, { owner, secret }]) => {
    const check = deriveKey(Buffer.from(secret, 'base64'), 'perdure key check').toString('base64')
    return { name: owner, keys: [{ id, class: '', master: 'bare', wrapped: secret, check, uses: 0 }] }
  })
  const records = [{ name: 'store', ...about }, ...owners]
  await store.write(records.map(({ name, ...record }) => ({ name, expect: undefined, text: JSON.stringify(record) })))
  return store
}

function emptyBackend(): Backend {
  const id = Buffer.from(log.replaceAll('-', ''), 'hex')
  return openMemoryBackend({ random: (bytes) => Uint8Array.from({ length: bytes }, (_, i) => id[i % 16] as number) })
}

/** A store whose first nonces are those of the vectors. */
async function openWithKeys(backend: Backend): Promise<Store> {
  const drawn = Buffer.concat(nonces.map((nonce) => Buffer.from(nonce, 'base64')))
  const random = (bytes: number): Uint8Array => Buffer.concat([drawn, Buffer.alloc(bytes)]).subarray(0, bytes)
  const time = manualClock()
  time.set(clock)
  return await open(backend, { clock: time, random, keys: await keyStore() })
}

test('format: the second way to open what is sealed imports nothing but the cryptography of Node', () => {
  const text = readFileSync(fileURLToPath(new URL('../../docs/format/unseal.mjs', import.meta.url)), 'utf8')
  expect([...text.matchAll(/\bfrom '([^']+)'/g)].map(([, name]) => name)).toEqual(['node:crypto'])
})

for (const { name, event, line, parts } of events) {
  test(`format: the sealed line "${name}" opens with its data keys, by the page alone`, () => {
    const recorded = JSON.parse(line) as RecordedEvent & { readonly sealed: readonly SealedPart[] }
    const found = recorded.sealed.map((part) => {
      const bound = boundTo(recorded, log, part)
      const derived = deriveKey(secretOf(part.key), bound).toString('hex')
      return { at: part.at, bound, derived, text: openPart(recorded, log, part, secretOf(part.key)) }
    })
    expect(found).toEqual(parts)
    // Not `expect`: it does not compare keys that are named __proto__.
    deepStrictEqual(openLine(line, log, secretOf), event.data)
  })
}

test('format: Perdure, given the keys and nonces of the vectors, makes exactly their lines', async () => {
  await using store = await openWithKeys(emptyBackend())
  for (const { stream, event } of events) await store.append(stream, event)
  const found: string[] = []
  for await (const line of store.lines()) found.push(line)
  expect(found).toEqual(lines)
  expect((await store.verify()).findings).toEqual([])
})

test('format: Perdure, given the sealed lines and their keys, reads what was sealed', async () => {
  const backend = emptyBackend()
  await backend.adopt(lines)
  await using store = await openWithKeys(backend)
  const found: unknown[] = []
  for await (const { data, unreadable } of store.read()) found.push({ data, unreadable })
  deepStrictEqual(
    found,
    events.map(({ event }) => ({ data: event.data, unreadable: undefined })),
  )
})

for (const { name, line } of malformed) {
  test(`format: a sealed line with ${name} is no line: not taken over, and found by verify`, async () => {
    expect(() => checkLine(line)).toThrow()
    const { position } = JSON.parse(line) as RecordedEvent
    const before = lines.slice(0, position - 1)
    await expect(emptyBackend().adopt([...before, line])).rejects.toMatchObject({ code: 'lines-invalid' })
    expect(await findingsOf([...before, line])).toMatchObject([{ code: 'log-corrupt', facts: { position } }])
  })
}

for (const { name, line } of broken) {
  test(`format: a box that was ${name} does not open, in neither way`, async () => {
    expect(() => openLine(line, log, secretOf)).toThrow()
    const { position } = JSON.parse(line) as RecordedEvent
    const backend = emptyBackend()
    await backend.adopt([...lines.slice(0, position - 1), line])
    await using store = await openWithKeys(backend)
    await expect(store.event(position)).rejects.toMatchObject({ code: 'seal-broken', facts: { position } })
  })
}

/** What a check of these lines finds, which no backend would have taken. */
async function findingsOf(given: readonly string[]): Promise<LogCheck['findings']> {
  const backend = emptyBackend()
  await backend.adopt(lines.slice(0, given.length))
  const read: Backend['read'] = async (_matcher, { after }) => ({ lines: given.slice(after), scannedTo: given.length })
  return (await checkLog({ ...aroundBackend(backend, justCall), read })).findings
}

/** Pairs 5 and 6: no nonce meets the same key twice, and no key is used without end. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openFileBackend } from '../../../src/backends/file/backend.js'
import { openKeyStore, type Store } from '../../../src/index.js'
import { NO_EVENTS } from '../../../src/log/evolution.js'
import { Reader } from '../../../src/log/reader.js'
import { Writer } from '../../../src/log/writer.js'
import { openPrivacy } from '../../../src/privacy/opening.js'
import { personOf, signedUp } from './people.js'
import { Home, linesOf, temporaryFolder } from './stores.js'
import { parse } from './tampering.js'

const EVENTS = 4000
const USES_MAX = 10

/** Nonce and ciphertext of each sealed part, without the tag. */
async function boxesOf(store: Pick<Store, 'lines'>): Promise<{ readonly nonce: string; readonly encrypted: Buffer }[]> {
  const parts = (await linesOf(store)).map(parse).flatMap(({ sealed }) => sealed)
  return parts.map(({ nonce, box }) => ({ nonce, encrypted: Buffer.from(box, 'base64').subarray(0, -16) }))
}

test('pair 5: no nonce comes twice, over many appends and openings', async () => {
  const home = new Home()
  for (let opening = 0; opening < 4; opening++) {
    const store = await home.open()
    const events = Array.from({ length: EVENTS / 4 }, (_, i) => signedUp(personOf(i % 50)))
    for (let i = 0; i < events.length; i += 100) await store.append('all', events.slice(i, i + 100))
    await store.close()
  }
  const nonces = (await boxesOf(await home.open())).map(({ nonce }) => nonce)
  expect(nonces.length).toBe(EVENTS)
  expect(new Set(nonces).size).toBe(EVENTS)
})

test('pair 5: with randomness that is stuck, no two events share a keystream', async () => {
  const home = new Home()
  const store = await home.open({ random: (bytes) => new Uint8Array(bytes).fill(7) })
  const data = { text: 'a secret of some length, known to whoever has one of them' }
  for (let i = 0; i < 300; i++) {
    const subject = i % 3 === 0 ? {} : { subject: `person:${i % 5}` }
    await store.append(`s${i % 7}`, { id: `i${i}`, type: `t${i % 2}`, data, ...subject })
  }
  const boxes = await boxesOf(store)
  // The control: it is stuck indeed.
  expect(new Set(boxes.map(({ nonce }) => nonce)).size).toBe(1)
  // The data is the same everywhere, so what differs is the keystream.
  expect(new Set(boxes.map(({ encrypted }) => createHash('sha256').update(encrypted).digest('hex'))).size).toBe(300)
  for (let length = 8; length < 24; length += 8) {
    expect(new Set(boxes.map(({ encrypted }) => encrypted.subarray(0, length).toString('hex'))).size).toBe(300)
  }
})

test('pair 6: a key that may be used ten times is used ten times, and what it sealed stays readable', async () => {
  const backend = await openFileBackend({ folder: join(temporaryFolder(), 'log'), create: true })
  onTestFinished(() => backend.close())
  const [events, keys] = [NO_EVENTS, openKeyStore('memory:')]
  const random = (bytes: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(bytes))
  const request = { backend, keys, defaultKeys: undefined, create: true, readOnly: false, events, random }
  const privacy = await openPrivacy({ ...request, usesMax: USES_MAX })
  const reader = new Reader(backend, events, privacy?.sealer)
  let ids = 0
  const ports = privacy === undefined ? {} : { seal: privacy.sealer }
  const writer = new Writer({
    backend,
    reader,
    events,
    ports,
    clock: () => new Date(),
    head: 0,
    newId: () => `i${ids++}`,
  })
  for (let i = 0; i < 95; i++) {
    const subject = i % 2 === 0 ? 'person:1' : 'person:2'
    await writer.commit([{ stream: 's', events: { type: 't', subject, data: i } }])
  }
  const uses = new Map<string, number>()
  const lines = await linesOf({ lines: () => reader.lines({}) })
  for (const { sealed } of lines.map(parse)) {
    for (const { key } of sealed) uses.set(key, (uses.get(key) ?? 0) + 1)
  }
  expect(Math.max(...uses.values())).toBe(USES_MAX)
  expect(uses.size).toBe(10)
  // By somebody who has none of the keys in memory.
  const other = await openPrivacy(request)
  const read: unknown[] = []
  for await (const event of new Reader(backend, events, other?.sealer).read({})) read.push(event.data)
  expect(read).toEqual(Array.from({ length: 95 }, (_, i) => i))
})

/** The data keys in use: how often, how many, made once, and never by chance the same keystream. */
import { expect, test } from 'vitest'
import { openMemoryBackend } from '../../../src/backends/memory/backend.js'
import { open, openKeyStore, type KeyStore } from '../../../src/index.js'
import { systemRandom } from '../../../src/ids.js'
import { OWNERS_MAX } from '../../../src/privacy/data-keys.js'
import { LOG_OWNER, parseOwnerRecord, subjectOwner } from '../../../src/privacy/key-records.js'
import { KeyRing, NOTE_EVERY_USES, type KeyRingOptions } from '../../../src/privacy/key-ring.js'
import { toBase64 } from '../../../src/base64.js'
import { createNonces, openText, sealText } from '../../../src/privacy/sealing.js'
import { said, texts } from './places.js'

const LOG = 'a log'
const wanted = { owner: LOG_OWNER, class: '' }

async function openRing(options: Partial<KeyRingOptions> = {}): Promise<{ ring: KeyRing; keys: KeyStore }> {
  const keys = options.store ?? openKeyStore('memory:')
  const master = await keys.provider.current()
  const record = { perdureKeys: 1, log: LOG, id: 'k', master, made: 0, applied: 0 }
  await keys.write([{ name: 'store', expect: undefined, text: JSON.stringify(record) }])
  const onMade = async (): Promise<void> => undefined
  return { keys, ring: new KeyRing({ store: keys, logId: LOG, random: systemRandom, onMade, ...options }) }
}

const recordOf = async (keys: KeyStore): ReturnType<typeof parseOwnerRecord> extends infer R ? Promise<R> : never =>
  parseOwnerRecord('', LOG_OWNER, (await keys.read([LOG_OWNER])).get(LOG_OWNER))

test('uses: after as many as are allowed there is a new key, and the former ones still open', async () => {
  const { ring, keys } = await openRing({ usesMax: 10 })
  const ids: string[] = []
  for (let i = 0; i < 35; i++) {
    const key = ring.sealingKey(wanted) ?? (await ring.prepare([wanted]))[0]
    if (key === undefined) throw new Error('there is a key')
    key.used++
    ids.push(key.id)
  }
  const counts = [...new Set(ids)].map((id) => ids.filter((one) => one === id).length)
  expect(counts).toEqual([10, 10, 10, 5])
  const { ring: other } = await openRing({ store: keys })
  for (const id of ids) expect(await other.load(LOG_OWNER, id)).toMatchObject({ id })
  expect((await recordOf(keys)).keys.map(({ uses }) => uses)).toEqual([10, 10, 10, 0])
})

test('uses: those that were noted are known to the next process, and of the others fewer than so many are not', async () => {
  const { ring, keys } = await openRing()
  for (let i = 0; i < 2 * NOTE_EVERY_USES + 5; i++) {
    const key = ring.sealingKey(wanted) ?? (await ring.prepare([wanted]))[0]
    if (key !== undefined) key.used++
  }
  expect((await recordOf(keys)).keys.map(({ uses }) => uses)).toEqual([2 * NOTE_EVERY_USES])
  const { ring: next } = await openRing({ store: keys })
  expect((await next.prepare([wanted]))[0]).toMatchObject({ noted: 2 * NOTE_EVERY_USES, used: 0 })
})

test('uses: two processes count together', async () => {
  const { ring, keys } = await openRing({ usesMax: 1000 })
  const { ring: other } = await openRing({ store: keys, usesMax: 1000 })
  let made = 0
  for (const one of [ring, other, ring, other, ring]) {
    const [key] = await one.prepare([wanted])
    if (key === undefined) throw new Error('there is a key')
    key.used += 600
    made = (await recordOf(keys)).keys.length
  }
  expect(made).toBe(2)
  expect((await recordOf(keys)).keys[0]?.uses).toBeGreaterThanOrEqual(1000)
})

test('keys: many who want the same at the same moment are given the same, in one process and in two', async () => {
  const { ring, keys } = await openRing()
  const { ring: other } = await openRing({ store: keys })
  const subjects = Array.from({ length: 30 }, (_, i) => ({
    owner: subjectOwner(`s:${i % 10}`),
    class: i % 2 === 0 ? '' : 'c',
  }))
  const given = await Promise.all([ring, other, ring, other].map(async (one) => await one.prepare(subjects)))
  const [first] = given.map((some) => some.map(({ id }) => id))
  for (const some of given) expect(some.map(({ id }) => id)).toEqual(first)
  expect(JSON.parse((await keys.read(['store'])).get('store') ?? '')).toMatchObject({ made: 10 })
})

test('keys: how many were made is known to the log before one of them is used, also if that failed at first', async () => {
  let isDown = true
  const noted: number[] = []
  const onMade = async (made: number): Promise<void> => {
    if (isDown) throw new Error('the log does not answer')
    noted.push(made)
  }
  const { ring, keys } = await openRing({ onMade })
  await expect(ring.prepare([wanted])).rejects.toThrow()
  expect(ring.sealingKey(wanted)).toBeUndefined()
  isDown = false
  await ring.prepare([wanted])
  expect(noted).toEqual([1])
  expect((await recordOf(keys)).keys).toHaveLength(1)
  // What another process made and never noted is noted by whoever uses it.
  const { ring: other } = await openRing({ store: keys, onMade })
  await other.prepare([wanted])
  expect(noted).toEqual([1, 1])
})

test('keys: a store put in the place of the right one while the log is open is not used', async () => {
  const { ring, keys } = await openRing()
  await ring.prepare([wanted])
  const text = (await keys.read(['store'])).get('store') as string
  const former = text
  const replaced: readonly [string, string][] = [
    [text.replace('"id":"k"', '"id":"another"'), 'keys-foreign'],
    [text.replace(`"log":"${LOG}"`, '"log":"another"'), 'keys-foreign'],
    [text.replace('"made":1', '"made":0'), 'keys-outdated'],
    [text.replace('"made":1', '"made":-1'), 'keys-corrupt'],
    ['null', 'keys-corrupt'],
  ]
  let expected = former
  for (const [next, code] of replaced) {
    await keys.write([{ name: 'store', expect: expected, text: next }])
    expected = next
    await expect(ring.prepare([{ owner: subjectOwner('new'), class: '' }])).rejects.toMatchObject({ code })
  }
})

test(
  'memory: of more subjects than fit, the newest keys are kept, and the others are there when they are needed',
  { timeout: 120_000 },
  async () => {
    const { ring } = await openRing()
    const all = Array.from({ length: OWNERS_MAX + 50 }, (_, i) => ({ owner: subjectOwner(`s:${i}`), class: '' }))
    const keys = await ring.prepare(all)
    expect(keys).toHaveLength(all.length)
    const isCached = (i: number): boolean => ring.cached(all[i]?.owner ?? '', keys[i]?.id ?? '') !== undefined
    expect(all.filter((_, i) => isCached(i))).toHaveLength(OWNERS_MAX)
    expect([isCached(0), isCached(all.length - 1)]).toEqual([false, true])
    const loaded = await ring.load(all[0]?.owner ?? '', keys[0]?.id ?? '')
    expect(loaded).toMatchObject({ secret: keys[0]?.secret })
    expect(all.filter((_, i) => isCached(i))).toHaveLength(OWNERS_MAX)
  },
)

test('memory: what was forgotten while it was being loaded is not kept', async () => {
  const { ring, keys } = await openRing()
  const [key] = await ring.prepare([wanted])
  const { ring: other } = await openRing({ store: keys })
  const loading = other.load(LOG_OWNER, key?.id ?? '')
  other.forget(LOG_OWNER)
  expect(await loading).toMatchObject({ id: key?.id })
  expect(other.cached(LOG_OWNER, key?.id ?? '')).toBeUndefined()
})

test('nonces: of a million no two are the same, and each seal takes one', { timeout: 120_000 }, () => {
  const nonces = createNonces(systemRandom)
  const key = systemRandom(32)
  const seen = new Set<string>()
  const add = (nonce: Uint8Array): unknown => seen.add(toBase64(nonce))
  for (let i = 0; i < 900_000; i++) add(nonces())
  for (let i = 0; i < 100_000; i++) seen.add(sealText(key, `event ${i}`, '{}', nonces()).nonce)
  expect(seen.size).toBe(1_000_000)
})

test('nonces: with randomness that is stuck, the same data in two events is two ciphertexts', async () => {
  const stuck = (bytes: number): Uint8Array => new Uint8Array(bytes)
  const nonce = createNonces(stuck)
  const [key, one, other] = [stuck(32), 'event 1', 'event 2']
  const boxes = [one, other].map((bound) => sealText(key, bound, '"the same"', nonce()))
  expect(boxes[0]?.nonce).toBe(boxes[1]?.nonce)
  // Not the same keystream: without it, what differs between two ciphertexts would be what differs between the texts.
  const [a, b] = boxes.map(({ box }) => Buffer.from(box, 'base64'))
  expect([...(a ?? [])].filter((byte, i) => byte === b?.[i]).length).toBeLessThan(8)
  expect(openText(key, one, boxes[0] as (typeof boxes)[0])).toBe('"the same"')
  expect(openText(key, other, boxes[0] as (typeof boxes)[0])).toBeUndefined()
  const store = await open(openMemoryBackend(), { keys: openKeyStore('memory:', { random: stuck }), random: stuck })
  await store.append(
    'talk',
    ['1', '2'].map((id) => ({ id, type: 'said', data: { text: 'the same' } })),
  )
  const lines: string[] = []
  for await (const line of store.lines()) lines.push(/"box":"([^"]+)"/.exec(line)?.[1] ?? '')
  expect(new Set(lines).size).toBe(2)
})

test('opening: keys that a killed process made and did not note are noted by the next one', async () => {
  const [backend, keys] = [openMemoryBackend(), openKeyStore('memory:')]
  await (await open(backend, { keys })).append('talk', said('ann', 'hello'))
  const noted = async (): Promise<unknown> => JSON.parse((await backend.kv.get('$keys'))?.text ?? '')
  const marker = (await noted()) as object
  expect(marker).toMatchObject({ made: 1 })
  await backend.kv.put('$keys', JSON.stringify({ ...marker, made: 0 }), 'any')
  const store = await open(backend, { keys })
  expect(await noted()).toEqual(marker)
  expect(await texts(store)).toEqual(['hello'])
})

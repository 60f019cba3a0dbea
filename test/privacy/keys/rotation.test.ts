/** Another master key in the place of the former one: while the log is in use, and interrupted at any point. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { open, openObserver, type KeyStore, type Store } from '../../../src/index.js'
import { rotate } from '../../../src/privacy/rotation.js'
import { seededRandom, seedOfThisRun } from '../../../testing/seeded-random.js'
import { begin, createPlace, isAnywhere, mastersIn, openKeysAt, openPlace, said, texts, type Place } from './places.js'
import { Process } from './processes.js'

const SEED = seedOfThisRun()
const PEOPLE = Array.from({ length: 12 }, (_, i) => `person:${i}`)
const HELLOS = PEOPLE.map(() => 'hello')

const masterOf = ({ keys }: Place): Buffer => {
  const { current, keys: all } = mastersIn(keys)
  return Buffer.from(all[current] as string, 'base64')
}

/** All is wrapped by one master key, which is the only one there is. */
async function expectAtRest(place: Place, former: readonly Buffer[]): Promise<void> {
  const { current, keys } = mastersIn(place.keys)
  expect(Object.keys(keys)).toEqual([current])
  const records = await openKeysAt(place.keys).list('', { after: '', limit: 1000 })
  const masters = new Set(records.flatMap(({ text }) => [...text.matchAll(/"m-[0-9a-f]{16}"/g)].map(([name]) => name)))
  expect([...masters]).toEqual([`"${current}"`])
  expect(former.filter((master) => isAnywhere(place.keys, master))).toEqual([])
  expect(readdirSync(place.keys).toSorted()).toEqual(['master', 'records'])
}

test('rotation: all keys are wrapped anew, and no byte of the former master key is left', async () => {
  const place = createPlace()
  await begin(place, PEOPLE)
  const former = masterOf(place)
  const store = await openPlace(place)
  const told: number[] = []
  const { master, keys } = await store.keys.rotate({ onProgress: (count) => told.push(count) })
  expect([keys, told]).toEqual([PEOPLE.length, [PEOPLE.length]])
  expect(await store.keys.status()).toMatchObject({ master, rotating: false, made: PEOPLE.length })
  await store.close()
  await expectAtRest(place, [former])
  expect(await texts(await openPlace(place))).toEqual(HELLOS)
})

test('rotation: an older copy of the keys opens nothing with the new master key alone', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  const old = await openKeysAt(place.keys).list('', { after: '', limit: 10 })
  const store = await openPlace(place)
  await store.keys.rotate()
  await store.close()
  const keys = openKeysAt(place.keys)
  for (const { name, text } of old) {
    const expected = (await keys.read([name])).get(name)
    await keys.write([{ name, expect: expected, text }])
  }
  await expect(openPlace(place)).rejects.toMatchObject({ code: 'master-key-missing' })
})

test('rotation: while others append, read and make keys, everything stays readable', async () => {
  const place = createPlace()
  await begin(place, PEOPLE)
  const store = await openPlace(place)
  const observer = await openObserver(`file:${place.log}`)
  let isOver = false
  let count = 0
  const appending = (async () => {
    while (!isOver) await store.append('talk', said(`new:${count++}`, 'hello'))
  })()
  const reading = (async () => {
    while (!isOver) expect(new Set(await texts(observer))).toEqual(new Set(['hello']))
  })()
  const former: Buffer[] = []
  for (let round = 0; round < 5; round++) {
    former.push(masterOf(place))
    await store.keys.rotate()
  }
  isOver = true
  await Promise.all([appending, reading])
  await store.close()
  await observer.close()
  await expectAtRest(place, former)
  expect(await texts(await openPlace(place))).toEqual(Array.from({ length: PEOPLE.length + count }, () => 'hello'))
})

test('rotation: several at the same moment, here and over another handle, lose nothing', async () => {
  const place = createPlace()
  await begin(place, PEOPLE)
  const former = masterOf(place)
  const store = await openPlace(place)
  const others = Array.from({ length: 4 }, () => openKeysAt(place.keys))
  const logId = store.report().log
  await Promise.all([store.keys.rotate(), ...others.map((keys) => rotate(keys, logId, {})), store.keys.rotate()])
  await store.close()
  await expectAtRest(place, [former])
  expect(await texts(await openPlace(place))).toEqual(HELLOS)
})

test('rotation: one that was stopped while another began and ended goes on without harm', async () => {
  const place = createPlace()
  await begin(place, PEOPLE)
  const store = await openPlace(place)
  const logId = store.report().log
  let isFirst = true
  // The other ones come where the first is about to write what it has wrapped, or to destroy the former master key.
  for (const stopAt of ['write', 'retire'] as const) {
    isFirst = true
    const between = async (): Promise<void> => {
      if (!isFirst) return
      isFirst = false
      for (let i = 0; i < 2; i++) await store.keys.rotate()
    }
    const stopped = rotate(
      interrupted(openKeysAt(place.keys), async (call, count) => {
        if (call === stopAt && (stopAt === 'retire' || count === 2)) await between()
      }),
      logId,
      {},
    )
    await stopped.catch((error: { code: string }) => expect(error.code).toBe('key-unavailable'))
    expect(isFirst).toBe(false)
  }
  await store.keys.rotate()
  await store.close()
  await expectAtRest(place, [])
  expect(await texts(await openPlace(place))).toEqual(HELLOS)
})

type Call = 'write' | 'renew' | 'retire' | 'after write' | 'after renew' | 'after retire'

/** Something happens before and after each call that changes something; `count` counts the calls of one kind. */
function interrupted(keys: KeyStore, happens: (call: Call, count: number) => Promise<void>): KeyStore {
  const counts = new Map<string, number>()
  const around = async <T>(call: 'write' | 'renew' | 'retire', step: () => Promise<T>): Promise<T> => {
    const count = (counts.get(call) ?? 0) + 1
    counts.set(call, count)
    await happens(call, count)
    const answer = await step()
    await happens(`after ${call}`, count)
    return answer
  }
  const { provider } = keys
  return {
    name: keys.name,
    read: (names) => keys.read(names),
    list: (prefix, page) => keys.list(prefix, page),
    write: (changes) => around('write', () => keys.write(changes)),
    close: () => keys.close(),
    provider: {
      name: provider.name,
      current: () => provider.current(),
      wrap: (master, key, context) => provider.wrap(master, key, context),
      unwrap: (master, wrapped, context) => provider.unwrap(master, wrapped, context),
      renew: (former) => around('renew', async () => provider.renew?.(former)),
      retire: (former) => around('retire', async () => provider.retire?.(former)),
    },
  }
}

test('rotation: failing before or after any of its steps, it leaves all readable and goes on when called again', async () => {
  const expected = ['hello', 'hello', 'hello']
  for (let failAt = 1, isReached = true; isReached; failAt++) {
    const place = createPlace()
    await begin(place, ['ann', 'bob'])
    const former = masterOf(place)
    const store = await openPlace(place)
    let step = 0
    const failing = interrupted(openKeysAt(place.keys), async () => {
      if (++step === failAt) throw new Error('a fault that was planted')
    })
    await rotate(failing, store.report().log, {}).catch(() => undefined)
    isReached = step >= failAt
    // There is a step before and after each of: renew, begin, wrap anew, retire, end.
    if (!isReached) expect(step).toBe(10)
    // What is in use goes on, and what is opened anew reads it all.
    await store.append('talk', said('cem', 'hello'))
    await store.close()
    const again = await openPlace(place)
    expect(await texts(again), `failed at ${failAt}`).toEqual(expected)
    if ((await again.keys.status())?.rotating === true) await again.keys.rotate()
    await again.keys.rotate()
    await again.close()
    await expectAtRest(place, [former])
    expect(await texts(await openPlace(place)), `failed at ${failAt}`).toEqual(expected)
  }
})

test(
  'rotation: killed at any moment, it leaves all readable and goes on when called again',
  { timeout: 120_000 },
  async () => {
    const place = createPlace()
    await begin(place, PEOPLE)
    const random = seededRandom(SEED)
    console.log(`keys: rotations are killed, seed ${SEED} (PERDURE_SEED=${SEED} repeats it)`)
    const former: Buffer[] = []
    let underWay = 0
    for (let round = 0; round < 10; round++) {
      former.push(masterOf(place))
      const process = new Process('rotate', place)
      await process.until(1 + random.integer(12))
      await new Promise((resolve) => setTimeout(resolve, random.integer(12)))
      process.kill()
      await process.ended
      expect(process.told.filter(({ failed }) => failed !== undefined)).toEqual([])
      const observer = await openObserver(`file:${place.log}`)
      expect(await texts(observer), `seed ${SEED}, round ${round}`).toEqual(HELLOS)
      await observer.close()
      const status = await withStore(place, async (store) => await store.keys.status())
      if (status?.rotating === true) underWay++
      if (random.chance(0.5)) await withStore(place, async (store) => await store.keys.rotate())
    }
    console.log(`keys: ${underWay} of 10 were killed while they rotated`)
    former.push(masterOf(place))
    await withStore(place, async (store) => {
      if ((await store.keys.status())?.rotating === true) await store.keys.rotate()
      return await store.keys.rotate()
    })
    await expectAtRest(place, former)
    expect(await texts(await openPlace(place))).toEqual(HELLOS)
  },
)

async function withStore<T>({ log }: Place, step: (store: Store) => Promise<T>): Promise<T> {
  const store = await open(`file:${log}`)
  try {
    return await step(store)
  } finally {
    await store.close()
  }
}

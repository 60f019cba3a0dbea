/** One instance at a time, whatever is lost, late or malformed: the revision of the checkpoint is the fence. */
import { expect, test } from 'vitest'
import { gate, inTime, type Gate } from '../../conformance/waiting.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Backend, RecordedEvent, Store, Subscription } from '../../src/index.js'
import {
  aroundBackend,
  delayedBackend,
  faultAt,
  faultyBackend,
  justCall,
  seededRandom,
  seedOfThisRun,
  type Fault,
} from '../../testing/index.js'
import { notes, openForTest, temporaryFolder } from './stores.js'

const KEY = '$subscription/s'
const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)

/** Holds a handler at one event. */
function stoppedAt(position: number): { handler: (event: RecordedEvent) => Promise<void>; at: Gate; goOn: Gate } {
  const [at, goOn] = [gate(), gate()]
  const handler = async (event: RecordedEvent): Promise<void> => {
    if (event.position !== position) return
    at.open()
    await goOn.opened
  }
  return { handler, at, goOn }
}

/** Believes that it holds its claim, as a process may that was stopped and has just been woken up. */
function unaware(backend: Backend): Backend {
  const claim = async (): ReturnType<Backend['claim']> => ({ isHeld: true, release: async () => {} })
  return { ...aroundBackend(backend, justCall), claim }
}

test('subscribe: two stores over one log: the second is refused, takes over, and the first is lost', async () => {
  const backend = openMemoryBackend()
  const [one, other] = [await openForTest(backend), await openForTest(backend)]
  await one.append('a', notes(10))
  const { handler, at, goOn } = stoppedAt(4)
  const former = await one.subscribe('s', {}, handler)
  await at.opened
  await expect(other.subscribe('s', {}, () => {})).rejects.toMatchObject({ code: 'subscription-active' })
  const seen: number[] = []
  const latter = await other.subscribe('s', {}, ({ position }) => void seen.push(position), { takeOver: true })
  await latter.whenAt(10)
  goOn.open()
  await expect(inTime(former.done, 'the loss')).rejects.toMatchObject({ code: 'subscription-lost' })
  expect(seen).toEqual(range(1, 10))
})

test('subscribe: one that does not know it was taken over is stopped by the fence, and changes nothing', async () => {
  const backend = openMemoryBackend()
  const one = await openForTest(unaware(backend))
  await one.append('a', notes(10))
  const { handler, at, goOn } = stoppedAt(4)
  const former = await one.subscribe('s', {}, handler, { onError: 'park' })
  await at.opened
  const latter = await (await openForTest(backend)).subscribe('s', {}, () => {}, { takeOver: true })
  await latter.whenAt(7)
  await latter.close()
  const before = await backend.kv.get(KEY)
  goOn.open()
  await expect(inTime(former.close(), 'the loss')).rejects.toMatchObject({ code: 'subscription-lost' })
  expect(await backend.kv.get(KEY)).toEqual(before)
})

test('subscribe: what the former holder saves while it is taken over is not lost', async () => {
  const backend = openMemoryBackend()
  const one = await openForTest(unaware(backend))
  await one.append('a', notes(6))
  const former = await one.subscribe('s', {}, () => {})
  await former.whenAt(6)
  const whole = unaware(backend)
  const get: Backend['kv']['get'] = async (key) => {
    const entry = await backend.kv.get(key)
    if (key === KEY) await former.close()
    return entry
  }
  const latter = await (await openForTest({ ...whole, kv: { ...whole.kv, get } })).subscribe('s', {}, () => {})
  expect(latter.position).toBe(6)
})

/** Subscribes over a backend with faults and goes to the end. */
async function goThrough(store: Store, count: number): Promise<number[]> {
  const seen: number[] = []
  const subscription = await store.subscribe('s', {}, ({ position }) => void seen.push(position))
  await subscription.whenAt(count, { timeoutMs: 10_000 })
  await subscription.close()
  return seen
}

for (const fault of ['refused', 'lost-before', 'lost-after'] as const satisfies readonly Fault[]) {
  test(`subscribe: a save that is ${fault}, whichever it is, is settled, and nothing comes twice`, async () => {
    for (let call = 1; call <= 5; call++) {
      const backend = openMemoryBackend()
      const store = await openForTest(faultyBackend(backend, faultAt('kvPut', call, fault)))
      await store.append('a', notes(3500))
      expect(await goThrough(store, 3500)).toEqual(range(1, 3500))
      expect(JSON.parse((await backend.kv.get(KEY))?.text ?? '')).toMatchObject({ position: 3500 })
    }
  })
}

test('subscribe: a save whose write arrives late, behind its own repetition, is settled', async () => {
  const backend = openMemoryBackend()
  const whole = aroundBackend(backend, justCall)
  let puts = 0
  let late: (() => Promise<unknown>) | undefined
  const put: Backend['kv']['put'] = async (...given) => {
    if (++puts === 2) {
      late = () => backend.kv.put(...given)
      throw new Error('the connection was lost')
    }
    await late?.()
    late = undefined
    return await backend.kv.put(...given)
  }
  const store = await openForTest({ ...whole, kv: { ...whole.kv, put } })
  await store.append('a', notes(2500))
  expect(await goThrough(store, 2500)).toEqual(range(1, 2500))
})

test('subscribe: saves that keep failing end it with their error; the next one begins at the last that was saved', async () => {
  const backend = openMemoryBackend()
  const failing = faultyBackend(backend, (operation, call) =>
    operation === 'kvPut' && call > 2 ? 'lost-before' : undefined,
  )
  const store = await openForTest(failing)
  await store.append('a', notes(3000))
  const subscription = await store.subscribe('s', {}, () => {})
  await expect(inTime(subscription.done, 'the end')).rejects.toMatchObject({ code: 'ECONNRESET' })
  const seen = await goThrough(await openForTest(backend), 3000)
  expect(seen).toEqual(range(1001, 3000))
})

test('subscribe: never more than a page is handled since the last save', async () => {
  const backend = openMemoryBackend()
  const whole = aroundBackend(backend, justCall)
  let saved = 0
  const put: Backend['kv']['put'] = async (key, text, expected) => {
    const outcome = await backend.kv.put(key, text, expected)
    saved = (JSON.parse(text ?? '') as { position: number }).position
    return outcome
  }
  const store = await openForTest({ ...whole, kv: { ...whole.kv, put } })
  await store.append('a', notes(5000))
  let most = 0
  const subscription = await store.subscribe('s', {}, ({ position }) => {
    most = Math.max(most, position - saved)
  })
  await subscription.whenAt(5000)
  expect(most).toBe(1000)
  expect(saved).toBe(5000)
})

test('subscribe: a checkpoint that is malformed, or ahead of the log, is refused by name, left alone, and not skipped', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  await store.append('a', notes(3))
  const good = { position: 2, skipped: 0, parked: [] }
  const parked = { position: 1, error: 'e', attempts: 1, time: 't' }
  for (const text of [
    'garbage',
    '',
    '[]',
    'null',
    '{}',
    '{"position":2',
    ...[-1, 1.5, '2', null, 4, 2 ** 53].map((position) => JSON.stringify({ ...good, position })),
    JSON.stringify({ ...good, skipped: 'none' }),
    JSON.stringify({ ...good, parked: {} }),
    JSON.stringify({ ...good, parked: [{ ...parked, attempts: 'two' }] }),
    JSON.stringify({ ...good, parked: [parked, null] }),
    JSON.stringify({ ...good, parked: [{ ...parked, position: 0 }] }),
    JSON.stringify({ ...good, parked: [{ ...parked, position: 3 }] }),
    JSON.stringify({ ...good, parked: [parked, { ...parked, position: 2 }, parked] }),
    JSON.stringify({ ...good, event: 7 }),
    JSON.stringify({ ...good, event: 'another' }),
  ]) {
    await backend.kv.put(KEY, text, 'any')
    const refused = store.subscribe('s', {}, () => expect.unreachable())
    await expect(refused, text).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      facts: { key: KEY },
      message: expect.stringContaining(KEY) as string,
    })
    expect((await backend.kv.get(KEY))?.text).toBe(text)
  }
  await backend.kv.put(KEY, JSON.stringify({ ...good, parked: [parked] }), 'any')
  const subscription = await store.subscribe('s', {}, () => {})
  expect([subscription.position, await subscription.parked()]).toEqual([2, [parked]])
})

test('subscribe: handed from one to another under a storm of appends on a slow log, nothing is skipped', async () => {
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const backend = openMemoryBackend()
  const stores = [await openForTest(delayedBackend(backend, random.fork()))]
  stores.push(await openForTest(delayedBackend(backend, random.fork())))
  const writer = await openForTest(backend)
  const storm = (async () => {
    for (let i = 0; i < 60; i++) {
      await writer.append('a', notes(1 + random.integer(20)))
      await new Promise((resolve) => setImmediate(resolve))
    }
  })()
  const what = `PERDURE_SEED=${seed}`
  const handled = new Set<number>()
  let former: Subscription | undefined
  for (let round = 0; round < 12; round++) {
    const seen: number[] = []
    const handler = ({ position }: RecordedEvent): void => {
      seen.push(position)
      handled.add(position)
    }
    const store = stores[round % 2] as Store
    const subscription = await store.subscribe('s', {}, handler, { takeOver: true })
    const begin = subscription.position - seen.length
    expect(begin, what).toBeLessThanOrEqual(former?.position ?? 0)
    await subscription.whenAt(begin + 20, { timeoutMs: 50 }).catch(() => undefined)
    if (random.chance(0.5)) await subscription.close()
    expect(seen, what).toEqual(range(begin + 1, begin + seen.length))
    former = subscription
  }
  await storm
  const last = await (stores[0] as Store).subscribe('s', {}, ({ position }) => void handled.add(position), {
    takeOver: true,
  })
  await last.whenAt(await writer.head())
  expect(
    [...handled].toSorted((a, b) => a - b),
    what,
  ).toEqual(range(1, await writer.head()))
})

for (const where of ['memory', 'file'] as const) {
  test(`subscribe: of twenty that take over at the same time exactly one runs, and it gives every event (${where})`, async () => {
    const store = await openForTest(where === 'memory' ? 'memory:' : `file:${temporaryFolder()}`, { create: true })
    await store.append('a', notes(30))
    const handled = new Set<number>()
    const takeOver = (): Promise<Subscription> =>
      store.subscribe('s', {}, ({ position }) => void handled.add(position), { takeOver: true })
    const opened = await Promise.allSettled(range(1, 20).map(takeOver))
    await store.append('a', notes(5))
    const ends = opened.map((one) => {
      if (one.status === 'rejected') return Promise.reject(one.reason as Error)
      return Promise.race([one.value.done, one.value.whenAt(35).then(() => 'runs')])
    })
    const settled = await inTime(Promise.allSettled(ends), 'all to be lost but one')
    const endings = settled.map((end) =>
      end.status === 'rejected' ? (end.reason as { code: string }).code : end.value,
    )
    expect(endings.toSorted()).toEqual(['runs', ...range(2, 20).map(() => 'subscription-lost')])
    expect(handled.size).toBe(35)
  })
}

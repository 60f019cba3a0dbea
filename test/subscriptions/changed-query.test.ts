/** The query of a subscription is kept with its checkpoint: another one under the same name is noticed. */
import { expect, test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Backend, FollowQuery, RecordedEvent, Store } from '../../src/index.js'
import { memoryStore, note, notes, openForTest, temporaryFolder } from './stores.js'

const KEY = '$subscription/s'
const PLACES = { memory: () => 'memory:changed-query', file: () => `file:${temporaryFolder()}` } as const

/** Subscribes, goes to the end, closes; gives what was handled. */
async function goThrough(store: Store, query: FollowQuery, options = {}): Promise<number[]> {
  const seen: number[] = []
  const subscription = await store.subscribe('s', query, ({ position }) => void seen.push(position), options)
  await subscription.whenAt(await store.head())
  await subscription.close()
  return seen
}

const recordedQuery = async ({ kv }: Backend): Promise<unknown> =>
  (JSON.parse((await kv.get(KEY))?.text ?? '') as { query: unknown }).query

for (const where of ['memory', 'file'] as const) {
  test(`subscribe: another query under the same name is refused, also after reopening, until it is asked for (${where})`, async () => {
    const at = PLACES[where]()
    const first = await openForTest(at, { create: true })
    await first.append('a', [note('1', { type: 'placed' }), note('2', { type: 'shipped' })])
    expect(await goThrough(first, { types: ['placed'] })).toEqual([1])
    await first.close()
    const store = await openForTest(at)
    const changed: FollowQuery = { types: ['placed', 'shipped'] }
    await expect(store.subscribe('s', changed, () => expect.unreachable())).rejects.toMatchObject({
      code: 'subscription-changed',
      facts: { name: 's', position: 2, recorded: { types: ['placed'] }, query: { types: ['placed', 'shipped'] } },
      hint: expect.stringContaining('{ changeQuery: true } to go on after position 2') as string,
    })
    await store.append('a', [note('3', { type: 'shipped' }), note('4', { type: 'placed' })])
    expect(await goThrough(store, { types: ['placed'] })).toEqual([4])
    await store.append('a', [note('5', { type: 'shipped' })])
    expect(await goThrough(store, changed, { changeQuery: true })).toEqual([5])
    // From now on it is the one that is kept.
    expect(await goThrough(store, changed)).toEqual([])
    await expect(goThrough(store, { types: ['placed'] })).rejects.toMatchObject({ code: 'subscription-changed' })
  })
}

test('subscribe: the same query, however it is written, wherever it begins and however it is read, is the same', async () => {
  const store = await memoryStore()
  await store.append('a', notes(3))
  const [one, other] = [
    { types: ['x', 'noted'], tags: ['a:b', 'c:d'] },
    { streamPrefix: 'a', types: ['noted'] },
  ]
  await goThrough(store, { any: [one, other] })
  for (const same of [
    { any: [other, one] },
    { any: [other, { tags: ['c:d', 'a:b', 'c:d'], types: ['noted', 'x'] }], after: 2, raw: true },
    { streamPrefix: '', any: [one, other, one], enrichments: false },
  ]) {
    expect(await goThrough(store, same)).toEqual([])
  }
  for (const changed of [{}, { any: [one] }, { any: [one, other], enrichments: true }, { stream: 'a' }]) {
    await expect(goThrough(store, changed)).rejects.toMatchObject({ code: 'subscription-changed' })
  }
})

test('subscribe: taking over with another query is refused, and the former holder goes on', async () => {
  const store = await memoryStore()
  await store.append('a', notes(2))
  const former = await store.subscribe('s', {}, () => {})
  const other = store.subscribe('s', { types: ['x'] }, () => {}, { takeOver: true })
  await expect(other).rejects.toMatchObject({ code: 'subscription-changed' })
  await store.append('a', notes(1))
  await former.whenAt(3)
  await former.close()
})

test('subscribe: of a very long query a digest is kept, and tells it from another', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  const types = Array.from({ length: 900 }, (_, i) => `a-type-of-some-length-${i}`)
  await goThrough(store, { types })
  expect(await recordedQuery(backend)).toMatch(/^sha256:[0-9a-f]{64}$/)
  expect(await goThrough(store, { types: types.toReversed() })).toEqual([])
  await expect(goThrough(store, { types: types.slice(1) })).rejects.toMatchObject({ code: 'subscription-changed' })
})

test('subscribe: a checkpoint without a query, or with one as it was written, as earlier ones are, is gone on from', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  await store.append('a', notes(3))
  for (const query of [undefined, null, { types: ['x', 'noted'], after: 1, raw: true }]) {
    await backend.kv.put(KEY, JSON.stringify({ position: 2, skipped: 0, parked: [], query }), 'any')
    const seen: RecordedEvent[] = []
    const subscription = await store.subscribe('s', { types: ['noted', 'x'] }, (event) => void seen.push(event))
    // Kept at once, not only when something is handled.
    expect(await recordedQuery(backend)).toEqual({ types: ['noted', 'x'] })
    await subscription.whenAt(3)
    await subscription.close()
    expect(seen).toHaveLength(1)
  }
  for (const query of [7, { kinds: ['noted'] }, { types: ['noted'] }]) {
    await backend.kv.put(KEY, JSON.stringify({ position: 2, skipped: 0, parked: [], query }), 'any')
    const refused = store.subscribe('s', { types: ['noted', 'x'] }, () => expect.unreachable())
    await expect(refused).rejects.toMatchObject({ code: 'subscription-changed', facts: { recorded: query } })
  }
})

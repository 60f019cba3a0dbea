/** What following leaves behind (nothing), and how much it holds (a page). */
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { take } from '../../conformance/waiting.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { defineEvents } from '../../src/index.js'
import { aroundBackend } from '../../testing/index.js'
import { memoryStore, note, notes, openForTest } from './stores.js'

/** How many wait on a signal. */
const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

test('follow: a thousand consumers that break out of their loops leave no listener behind', async () => {
  const backend = openMemoryBackend()
  const inner: AbortSignal[] = []
  const watched = { ...aroundBackend(backend, (_, call) => call()), changed }
  function changed(signal: AbortSignal): AsyncIterable<number> {
    inner.push(signal)
    return backend.changed(signal)
  }
  const store = await openForTest(watched)
  await store.append('a', notes(3))
  const { signal } = new AbortController()
  for (let i = 0; i < 1000; i++) {
    for await (const event of store.follow({}, { signal })) if (event.position === 1 + (i % 3)) break
  }
  expect(inner).toHaveLength(1000)
  expect(Math.max(...inner.map(listenersOf))).toBe(0)
  expect(listenersOf(signal)).toBe(0)
})

test('follow: a hundred share a signal without a warning, and all end with it', async () => {
  const store = await memoryStore()
  const warnings: Error[] = []
  const warn = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warn)
  const controller = new AbortController()
  const iterators = Array.from({ length: 100 }, () =>
    store.follow({}, { signal: controller.signal })[Symbol.asyncIterator](),
  )
  const ends = iterators.map((iterator) => iterator.next())
  await new Promise((resolve) => setImmediate(resolve))
  expect(listenersOf(controller.signal)).toBe(1)
  controller.abort()
  for (const end of await Promise.all(ends)) expect(end.done).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warn)
  expect(warnings).toEqual([])
  expect(listenersOf(controller.signal)).toBe(0)
})

test('follow: reads a page when the one before it is used up, not ahead of its consumer', async () => {
  let reads = 0
  const counting = aroundBackend(openMemoryBackend(), async (operation, call) => {
    if (operation === 'read') reads++
    return await call()
  })
  const store = await openForTest(counting)
  await store.append('a', notes(5000))
  let seen = 0
  for await (const { position } of store.follow()) {
    seen++
    expect(reads).toBe(Math.ceil(position / 500))
    if (seen === 5000) break
  }
})

test('follow: iterations of one call are independent of each other', async () => {
  const store = await memoryStore()
  await store.append('a', notes(3))
  const followed = store.follow()
  const [one, other] = await Promise.all([take(followed, 3), take(followed, 2)])
  expect([one.length, other.length]).toEqual([3, 2])
})

test('follow: events come upcast, or as recorded where they are asked for raw; one that cannot be upcast ends it', async () => {
  const backend = openMemoryBackend()
  const writer = await openForTest(backend)
  await writer.append('a', [note('one'), note('bad'), note('three')])
  const upcast = (data: unknown): { text: string } => {
    if (data === 'bad') throw new Error('what is this?')
    return { text: String(data) }
  }
  const events = defineEvents({ noted: { version: 2, upcast: { 1: upcast } } })
  const store = await openForTest(backend, { events })
  expect((await take(store.follow({}), 1)).map(({ data }) => data)).toEqual([{ text: 'one' }])
  expect((await take(store.follow({ raw: true }), 3)).map(({ data }) => data)).toEqual(['one', 'bad', 'three'])
  const iterator = store.follow({})[Symbol.asyncIterator]()
  expect((await iterator.next()).value).toMatchObject({ position: 1 })
  await expect(iterator.next()).rejects.toMatchObject({ code: 'upcast-failed', facts: { position: 2 } })
  expect((await iterator.next()).done).toBe(true)
})

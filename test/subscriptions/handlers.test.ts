/** Handlers that throw, hang, return late, or act on their own subscription. */
import { expect, test } from 'vitest'
import { gate, inTime } from '../../conformance/waiting.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { defineEvents, openKeyStore, type Backend, type RecordedEvent, type Subscription } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/index.js'
import { memoryStore, note, notes, openForTest } from './stores.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('subscribe: close waits for the handler in flight, and counts its event as handled', async () => {
  const store = await memoryStore()
  await store.append('a', notes(3))
  const [entered, leave] = [gate(), gate()]
  const subscription = await store.subscribe('s', {}, async () => {
    entered.open()
    await leave.opened
  })
  await entered.opened
  let isClosed = false
  const closed = subscription.close().then(() => (isClosed = true))
  await turn()
  expect(isClosed).toBe(false)
  leave.open()
  await closed
  expect(subscription.position).toBe(1)
  await subscription.close()
})

test('subscribe: a handler that never returns is given up on at close, and its event comes again', async () => {
  const store = await memoryStore()
  await store.append('a', notes(3))
  const entered = gate()
  const hanging = ({ position }: RecordedEvent): void | Promise<void> => {
    if (position < 2) return
    entered.open()
    return new Promise(() => {})
  }
  const subscription = await store.subscribe('s', {}, hanging, { closeTimeoutMs: 20 })
  await entered.opened
  await inTime(subscription.close(), 'the end')
  expect(subscription.position).toBe(1)
  const seen: number[] = []
  const again = await store.subscribe('s', {}, ({ position }) => void seen.push(position))
  await again.whenAt(3)
  expect(seen).toEqual([2, 3])
})

test('subscribe: a handler that returns, or throws, after it was given up on changes nothing', async () => {
  for (const isThrowing of [false, true]) {
    const store = await memoryStore()
    await store.append('a', notes(3))
    const [entered, leave] = [gate(), gate()]
    const late = async (): Promise<void> => {
      entered.open()
      await leave.opened
      if (isThrowing) throw new Error('too late')
    }
    const subscription = await store.subscribe('s', {}, late, { closeTimeoutMs: 0, onError: 'park' })
    await entered.opened
    await subscription.close()
    leave.open()
    await turn()
    expect(subscription.position).toBe(0)
    expect(await subscription.parked()).toEqual([])
    await subscription.done
  }
})

test('subscribe: one whose handler hangs learns that it was taken over without waiting for the handler', async () => {
  const store = await memoryStore()
  await store.append('a', notes(1))
  const entered = gate()
  const former = await store.subscribe('s', {}, () => {
    entered.open()
    return new Promise<void>(() => {})
  })
  await entered.opened
  const latter = await store.subscribe('s', {}, () => {}, { takeOver: true })
  await latter.whenAt(1)
  await expect(inTime(former.done, 'the loss')).rejects.toMatchObject({ code: 'subscription-lost' })
  await expect(former.close()).rejects.toMatchObject({ code: 'subscription-lost' })
})

test('subscribe: close from within a handler waits for nothing, also behind an await; the event counts', async () => {
  const store = await memoryStore()
  await store.append('a', notes(5))
  for (const [name, before] of [
    ['at once', () => undefined],
    ['later', turn],
  ] as const) {
    const subscription: Subscription = await store.subscribe(name, {}, async ({ position }) => {
      await before()
      if (position === 2) await subscription.close()
    })
    await inTime(subscription.done, 'the end')
    expect(subscription.position).toBe(2)
  }
})

test('subscribe: closing the store from within a handler saves what is done, and does not wait for itself', async () => {
  const backend = openMemoryBackend()
  let saved = ''
  const whole = aroundBackend(backend, justCall)
  const kv: Backend['kv'] = {
    ...whole.kv,
    put: async (key, text, expect) => {
      const outcome = await backend.kv.put(key, text, expect)
      saved = text ?? ''
      return outcome
    },
  }
  const store = await openForTest({ ...whole, kv })
  await store.append('a', notes(5))
  const subscription = await store.subscribe('s', {}, async ({ position }) => {
    await turn()
    if (position === 3) await store.close()
  })
  await inTime(subscription.done, 'the end')
  expect(JSON.parse(saved)).toMatchObject({ position: 2 })
})

test('subscribe: closing the store closes its subscriptions, saves where they stand, and frees their names', async () => {
  const at = 'memory:closing-saves'
  const store = await openForTest(at)
  await store.append('a', notes(4))
  const subscription = await store.subscribe('s', {}, () => {})
  await subscription.whenAt(4)
  await store.close()
  await subscription.done
  await expect(subscription.whenAt(5)).rejects.toMatchObject({ code: 'subscription-closed' })
  const again = await (await openForTest(at)).subscribe('s', {}, () => {})
  expect(again.position).toBe(4)
})

test('subscribe: one that is being opened when the store closes is refused, and its name is free', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  const opening = store.subscribe('s', {}, () => {})
  const closing = store.close()
  await expect(opening).rejects.toMatchObject({ code: 'store-closed' })
  await closing
})

test('subscribe: when the log is closed under it, that is what ends it', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  const subscription = await store.subscribe('s', {}, () => {})
  await backend.close()
  await expect(inTime(subscription.done, 'the end')).rejects.toMatchObject({ code: 'store-closed' })
})

test('subscribe: whatever a handler throws is told, also what is no error', async () => {
  const store = await memoryStore()
  await store.append('a', notes(1))
  const unprintable = { toString: (): string => JSON.stringify(1n) }
  for (const [i, [thrown, message]] of (
    [
      ['text', 'text'],
      [undefined, 'undefined'],
      [unprintable, 'something that cannot be described'],
      [Object.assign(new Error('m'), { message: { code: 5 } }), '[object Object]'],
      [Object.assign(new Error('m'), { message: undefined }), 'undefined'],
      [Object.assign(new Error('m'), { message: unprintable }), 'something that cannot be described'],
      [new Error('x'.repeat(5000)), 'x'.repeat(1000)],
      [new Error('a'.repeat(999) + '😀'), 'a'.repeat(999) + '\ufffd'],
    ] as [unknown, string][]
  ).entries()) {
    const fail = (): void => {
      // Callers throw anything.
      throw thrown as Error
    }
    const subscription = await store.subscribe(`s${i}`, {}, fail, { onError: 'park' })
    await subscription.whenAt(1)
    expect((await subscription.parked())[0]?.error).toBe(message)
    await subscription.close()
  }
})

test('subscribe: at most 10,000 events are parked; then it stops, and says so', async () => {
  const store = await memoryStore()
  await store.append('a', notes(10_000))
  await store.append('a', notes(5))
  const fail = (): void => {
    throw new Error('all of them')
  }
  const subscription = await store.subscribe('s', {}, fail, { onError: 'park' })
  await expect(inTime(subscription.done, 'the end')).rejects.toMatchObject({
    code: 'subscription-failed',
    facts: { position: 10_001 },
    message: expect.stringContaining('10000') as string,
  })
  expect(subscription.position).toBe(10_000)
  expect(await subscription.parked()).toHaveLength(10_000)
})

test('subscribe: an event that cannot be upcast follows the same policy as a handler that throws', async () => {
  const backend = openMemoryBackend()
  await (await openForTest(backend)).append('a', [note('one'), note('bad'), note('three')])
  let isMended = false
  const upcast = (data: unknown): { text: string } => {
    if (data === 'bad' && !isMended) throw new Error('what is this?')
    return { text: String(data) }
  }
  const store = await openForTest(backend, { events: defineEvents({ noted: { version: 2, upcast: { 1: upcast } } }) })
  const seen: unknown[] = []
  const handler = ({ data }: RecordedEvent): void => void seen.push(data)
  const stopping = await store.subscribe('stop', {}, handler)
  await expect(stopping.done).rejects.toMatchObject({
    code: 'subscription-failed',
    facts: { position: 2 },
    cause: { code: 'upcast-failed' },
  })
  const parking = await store.subscribe('park', {}, handler, { onError: 'park' })
  await parking.whenAt(3)
  expect(await parking.parked()).toMatchObject([{ position: 2, attempts: 1 }])
  await expect(parking.replay(2)).rejects.toMatchObject({ code: 'upcast-failed' })
  isMended = true
  await parking.replay(2)
  expect(await parking.parked()).toEqual([])
  expect(seen).toEqual(['one', 'one', 'three', 'bad'].map((text) => ({ text })))
})

test('subscribe: a replay comes between two events, also while the handler is busy, and from within it', async () => {
  const store = await memoryStore()
  await store.append('a', notes(2))
  let isMended = false
  let running = 0
  const seen: number[] = []
  const subscription: Subscription = await store.subscribe(
    's',
    {},
    async ({ position }) => {
      if (position <= 2 && !isMended) throw new Error('not yet')
      if (position === 10) await subscription.replay(2)
      else expect(++running).toBe(1)
      await turn()
      if (position !== 10) running--
      seen.push(position)
    },
    { onError: 'park' },
  )
  await subscription.whenAt(2)
  isMended = true
  await store.append('a', notes(5))
  await Promise.all([subscription.replay(1), subscription.whenAt(7)])
  await store.append('a', notes(3))
  await subscription.whenAt(10)
  expect(await subscription.parked()).toEqual([])
  expect(seen.filter((position) => position > 2)).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
  expect(seen.indexOf(2)).toBe(seen.indexOf(10) - 1)
})

test('subscribe: an event whose subject is forgotten is not given to the handler, but counted', async () => {
  const keys = openKeyStore('memory:')
  const store = await openForTest(openMemoryBackend(), { keys })
  await store.append('a', [note('one'), note('two', { subject: 'person:1' }), note('three')])
  await store.subjects.shred('person:1', { reason: 'asked' })
  const seen: number[] = []
  const subscription = await store.subscribe('s', { types: ['noted'] }, ({ position }) => void seen.push(position))
  await subscription.whenAt(3)
  expect([seen, subscription.skipped]).toEqual([[1, 3], 1])
  await subscription.close()
  expect((await store.subscribe('s', { types: ['noted'] }, () => {})).skipped).toBe(1)
  await store.close()
})

test('subscribe: of an upcast that failed is kept which one it was, not what its function says about the data', async () => {
  const backend = openMemoryBackend()
  await (await openForTest(backend)).append('a', [note('jane@example.org')])
  const upcast = (data: unknown): never => {
    throw new Error(`cannot read ${JSON.stringify(data)}`)
  }
  const store = await openForTest(backend, { events: defineEvents({ noted: { version: 2, upcast: { 1: upcast } } }) })
  const subscription = await store.subscribe('s', {}, () => {}, { onError: 'park' })
  await subscription.whenAt(1)
  await expect(subscription.replay(1)).rejects.toMatchObject({ code: 'upcast-failed' })
  const error = 'the upcast of noted from version 1 failed'
  expect(await subscription.parked()).toMatchObject([{ position: 1, error, attempts: 2 }])
  await subscription.close()
  expect((await backend.kv.get('$subscription/s'))?.text).not.toContain('jane')
})

test('subscribe: whenAt within its own handler is refused unless the position is reached, and nothing hangs', async () => {
  const store = await memoryStore()
  await store.append('a', notes(3))
  const refused: unknown[] = []
  const subscription: Subscription = await store.subscribe('s', {}, async ({ position }) => {
    await turn()
    await subscription.whenAt(position - 1)
    for (const wanted of [position, 1000]) {
      await subscription.whenAt(wanted, { timeoutMs: 60_000 }).catch((error: unknown) => refused.push(error))
    }
  })
  await inTime(subscription.whenAt(3), 'the last event')
  expect(refused).toHaveLength(6)
  for (const error of refused) {
    expect(error).toMatchObject({
      code: 'options-invalid',
      facts: { option: 'position' },
      message: expect.stringContaining('waits for the handler') as string,
    })
  }
})

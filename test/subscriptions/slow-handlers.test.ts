/** Handlers that take longer than they may: a failure like any other, whatever they do later. */
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { gate, inTime } from '../../conformance/waiting.js'
import type { Handler } from '../../src/index.js'
import { memoryStore, notes } from './stores.js'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Hangs at event 2, until it is let go; then it succeeds or throws. */
function hangingAtTwo(isThrowing: boolean): { handler: Handler; seen: number[]; letGo(): Promise<void> } {
  const leave = gate()
  const seen: number[] = []
  const handler: Handler = async ({ position }) => {
    seen.push(position)
    if (position !== 2) return
    await leave.opened
    if (isThrowing) throw new Error('too late')
  }
  const letGo = async (): Promise<void> => {
    leave.open()
    await turn()
    await turn()
  }
  return { handler, seen, letGo }
}

function unhandledRejections(): unknown[] {
  const found: unknown[] = []
  const keep = (error: unknown): void => void found.push(error)
  process.on('unhandledRejection', keep)
  onTestFinished(() => void process.off('unhandledRejection', keep))
  return found
}

for (const isThrowing of [false, true]) {
  const how = isThrowing ? 'throws' : 'succeeds'
  test(`subscribe: a handler that hangs longer than timeoutMs stops it, and that it ${how} later changes nothing`, async () => {
    const store = await memoryStore()
    await store.append('a', notes(3))
    const unhandled = unhandledRejections()
    const { handler, seen, letGo } = hangingAtTwo(isThrowing)
    const subscription = await store.subscribe('s', {}, handler, { timeoutMs: 20 })
    await expect(inTime(subscription.done, 'the end')).rejects.toMatchObject({
      code: 'subscription-failed',
      facts: { name: 's', position: 2 },
      cause: { code: 'handler-timeout', facts: { name: 's', position: 2, timeoutMs: 20 } },
    })
    await letGo()
    expect([subscription.position, seen, unhandled]).toEqual([1, [1, 2], []])
    expect((await store.subscribe('s', {}, () => {})).position).toBe(1)
  })

  test(`subscribe: with park, a handler that hangs is put aside, the next event comes, and that it ${how} later changes nothing`, async () => {
    const store = await memoryStore()
    await store.append('a', notes(3))
    const unhandled = unhandledRejections()
    const { handler, seen, letGo } = hangingAtTwo(isThrowing)
    const subscription = await store.subscribe('s', {}, handler, { timeoutMs: 20, onError: 'park' })
    await inTime(subscription.whenAt(3), 'the third event')
    const [parked] = await subscription.parked()
    expect(parked).toMatchObject({ position: 2, attempts: 1, error: expect.stringContaining('within 20 ms') as string })
    await expect(inTime(subscription.replay(2), 'the replay')).rejects.toMatchObject({ code: 'handler-timeout' })
    await letGo()
    expect(await subscription.parked()).toMatchObject([{ position: 2, attempts: 2 }])
    expect([subscription.position, seen, unhandled]).toEqual([3, [1, 2, 3, 2], []])
  })
}

test('subscribe: a handler that is done in time is not disturbed, also one that is done at once with no time at all', async () => {
  const store = await memoryStore()
  await store.append('a', notes(50))
  for (const [name, timeoutMs, handler] of [
    ['in time', 60_000, turn],
    ['at once', 0, () => {}],
  ] as const) {
    const subscription = await store.subscribe(name, {}, handler, { timeoutMs })
    await inTime(subscription.whenAt(50), 'the last event')
    await subscription.close()
  }
})

test('subscribe: what its handler was answered while the whole process paused is in time', async () => {
  const store = await memoryStore()
  await store.append('a', notes(1))
  const asking = async (): Promise<void> => {
    const { port1, port2 } = new MessageChannel()
    port1.postMessage('the answer')
    // Once the limit has begun.
    queueMicrotask(() => {
      const endMs = performance.now() + 20
      while (performance.now() < endMs);
    })
    await once(port2, 'message')
    port1.close()
  }
  const subscription = await store.subscribe('s', {}, asking, { timeoutMs: 5 })
  await inTime(Promise.race([subscription.whenAt(1), subscription.done]), 'the event')
})

test('subscribe: a limit that is no number of milliseconds is refused', async () => {
  const store = await memoryStore()
  for (const timeoutMs of [-1, NaN, Infinity, 2 ** 31, '20'] as number[]) {
    const refused = store.subscribe('s', {}, () => {}, { timeoutMs })
    await expect(refused).rejects.toMatchObject({ code: 'options-invalid', facts: { option: 'timeoutMs' } })
  }
})

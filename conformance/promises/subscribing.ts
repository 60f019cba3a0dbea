/** Promises of `subscribe`: each event at least once, in order, by one instance, from where the last one stood. */
import assert from 'node:assert/strict'
import type { RecordedEvent, Store, Subscription } from '../../src/index.js'
import type { Promises } from '../case.js'
import { errorOf, failsWith, range } from '../expectations.js'
import { note, notes } from '../samples.js'
import { gate, inTime, PATIENCE_MS } from '../waiting.js'

/** Waits until a subscription has come to the head. */
async function caughtUp(store: Store, subscription: Subscription): Promise<void> {
  await subscription.whenAt(await store.head(), { timeoutMs: PATIENCE_MS })
}

/** A handler that keeps what it was given. */
function keeping(): { seen: number[]; handler: (event: RecordedEvent) => void } {
  const seen: number[] = []
  return { seen, handler: ({ position }) => void seen.push(position) }
}

const isBad = ({ data }: RecordedEvent): boolean => (data as { text: string }).text.startsWith('bad')

export const subscribingPromises: Promises = {
  'subscribe: each selected event once, in order, history first, and from where it stood when it is opened again':
    async (it) => {
      const store = await it.store()
      await store.append('a', notes(3))
      const { seen, handler } = keeping()
      for (const round of range(1, 4)) {
        const subscription = await store.subscribe('all', {}, handler)
        await store.append(`s${round}`, notes(round * 2))
        await caughtUp(store, subscription)
        await subscription.close()
        await subscription.done
        await store.append('between', note('x'))
      }
      assert.deepEqual(seen, range(1, 3 + 20 + 3))
    },

  'subscribe: a handler is waited for before it is given the next event': async (it) => {
    const store = await it.store()
    let running = 0
    const seen: number[] = []
    const subscription = await store.subscribe('one-by-one', {}, async ({ position }) => {
      assert.equal(++running, 1)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(position)
      running--
    })
    await Promise.all(range(1, 10).map((i) => store.append(`s${i}`, notes(5))))
    await caughtUp(store, subscription)
    assert.deepEqual(seen, range(1, 50))
  },

  'subscribe: a burst of appends during catch-up skips nothing': async (it) => {
    const store = await it.store()
    await store.append('a', notes(1500))
    const { seen, handler } = keeping()
    const bursts: Promise<unknown>[] = []
    const subscription = await store.subscribe('burst', {}, (event) => {
      handler(event)
      if (event.position % 300 === 0 && event.position <= 1500) bursts.push(store.append('b', notes(40, 'burst')))
    })
    await subscription.whenAt(1500, { timeoutMs: PATIENCE_MS })
    await Promise.all(bursts)
    await caughtUp(store, subscription)
    assert.deepEqual(seen, range(1, 1700))
  },

  'subscribe: the checkpoint moves past what is not selected, and is kept there': async (it) => {
    const store = await it.store()
    await store.append('a', [...notes(30), note('x', { type: 'rare' }), ...notes(30)])
    const { seen, handler } = keeping()
    const first = await store.subscribe('rare', { types: ['rare'] }, handler)
    await caughtUp(store, first)
    await first.close()
    assert.equal(first.position, 61)
    const second = await store.subscribe('rare', { types: ['rare'] }, handler)
    assert.equal(second.position, 61)
    await second.close()
    assert.deepEqual(seen, [31])
  },

  'subscribe: begins after `after` the first time, and at its checkpoint every other time': async (it) => {
    const store = await it.store()
    await store.append('a', notes(10))
    const { seen, handler } = keeping()
    for (const after of [7, 0]) {
      const subscription = await store.subscribe('later', { after }, handler)
      await caughtUp(store, subscription)
      await subscription.close()
    }
    assert.deepEqual(seen, [8, 9, 10])
    await failsWith('query-invalid', store.subscribe('beyond', { after: 11 }, handler), { pointer: '/after' })
  },

  'subscribe: a second instance of a name is refused while the first is active, and not afterwards': async (it) => {
    const store = await it.store()
    const first = await store.subscribe('name', {}, () => {})
    await failsWith(
      'subscription-active',
      store.subscribe('name', {}, () => {}),
      { name: 'name' },
    )
    const other = await store.subscribe('another name', {}, () => {})
    await Promise.all([first.close(), other.close()])
    const second = await store.subscribe('name', {}, () => {})
    await second.close()
  },

  'subscribe: one that is taken over is lost, and handles nothing more, even from the middle of a handler': async (
    it,
  ) => {
    const store = await it.store()
    await store.append('a', notes(20))
    const [atFive, goOn, beyond] = [gate(), gate(), gate()]
    const old: number[] = []
    const former = await store.subscribe('name', {}, async ({ position }) => {
      old.push(position)
      if (position > 5) beyond.open()
      if (position !== 5) return
      atFive.open()
      await goOn.opened
    })
    await inTime(atFive.opened, 'the fifth event')
    const { seen, handler } = keeping()
    const latter = await store.subscribe('name', {}, handler, { takeOver: true })
    await caughtUp(store, latter)
    goOn.open()
    const ended = inTime(Promise.race([former.done, beyond.opened]), 'the loss')
    const lost = await failsWith('subscription-lost', ended, { name: 'name' })
    assert.equal(lost, await errorOf(former.whenAt(20)))
    assert.deepEqual(old, range(1, 5))
    // What the former one had not saved yet comes again, and nothing is left out.
    assert.deepEqual(seen, range(seen[0] ?? 0, 20))
    assert.ok((seen[0] ?? 0) <= 5)
    await store.append('a', note('x'))
    await caughtUp(store, latter)
    assert.equal(old.length, 5)
    await latter.close()
  },

  'subscribe: of several that take over at the same time exactly one runs, and the others are lost': async (it) => {
    const store = await it.store()
    await store.append('a', notes(10))
    const takeOver = (): Promise<Subscription> => store.subscribe('name', {}, () => {}, { takeOver: true })
    const opened = await Promise.allSettled(range(1, 8).map(takeOver))
    await store.append('a', note('x'))
    const ends = opened.map(async (one) => {
      if (one.status === 'rejected') throw one.reason
      await Promise.race([one.value.done, one.value.whenAt(11)])
    })
    const settled = await inTime(Promise.allSettled(ends), 'the others to be lost')
    const codes = settled.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : 'runs'))
    assert.deepEqual(codes.toSorted(), ['runs', ...range(2, 8).map(() => 'subscription-lost')])
  },

  'subscribe: a handler that throws stops it before that event, and nothing is skipped': async (it) => {
    const store = await it.store()
    await store.append('a', [...notes(3), note('bad'), ...notes(3)])
    const seen: number[] = []
    let isMended = false
    const handler = async (event: RecordedEvent): Promise<void> => {
      await undefined
      if (isBad(event) && !isMended) throw new Error('no such customer')
      seen.push(event.position)
    }
    for (let i = 0; i < 2; i++) {
      const subscription = await store.subscribe('stopping', {}, handler)
      const failed = await failsWith('subscription-failed', inTime(subscription.done, 'the failure'), { position: 4 })
      assert.equal((failed.cause as Error).message, 'no such customer')
      assert.equal(subscription.position, 3)
      for (const call of [() => subscription.whenAt(7), () => subscription.close()]) {
        assert.equal(await errorOf(call), failed)
      }
    }
    isMended = true
    const subscription = await store.subscribe('stopping', {}, handler)
    await caughtUp(store, subscription)
    await subscription.close()
    assert.deepEqual(seen, range(1, 7))
  },

  'subscribe: with `park` a bad event is put aside, shown, kept, and handled when it is replayed': async (it) => {
    const store = await it.store()
    await store.append('a', [...notes(2), note('bad 1'), note('x'), note('bad 2'), note('x')])
    const seen: number[] = []
    let isMended = false
    const handler = (event: RecordedEvent): void => {
      if (isBad(event) && !isMended) throw new Error('not yet')
      seen.push(event.position)
    }
    const options = { onError: 'park' } as const
    const first = await store.subscribe('parking', {}, handler, options)
    await caughtUp(store, first)
    assert.deepEqual(seen, [1, 2, 4, 6])
    const time = it.clock().toISOString()
    const parked = [3, 5].map((position) => ({ position, error: 'not yet', attempts: 1, time }))
    assert.deepEqual(await first.parked(), parked)
    assert.match(String(await errorOf(first.replay(3))), /not yet/)
    await failsWith('not-parked', first.replay(4), { position: 4 })
    await first.close()
    const second = await store.subscribe('parking', {}, handler, options)
    assert.deepEqual(await second.parked(), [{ ...parked[0], attempts: 2 }, parked[1]])
    isMended = true
    await second.replay(5)
    await second.close()
    await failsWith('subscription-closed', second.replay(3))
    const third = await store.subscribe('parking', {}, handler, options)
    assert.deepEqual(await third.parked(), [{ ...parked[0], attempts: 2 }])
    await third.replay(3)
    assert.deepEqual(await third.parked(), [])
    await third.close()
    assert.deepEqual(seen, [1, 2, 4, 6, 5, 3])
  },

  'subscribe: a handler may append, keep values, and close its own subscription': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    const subscription: Subscription = await store.subscribe('acting', { streamPrefix: 'a' }, async (event) => {
      await store.append('copies', note(`of ${event.position}`))
      await store.kv.put('last', event.position)
      if (event.position === 2) await subscription.close()
    })
    await inTime(subscription.done, 'the end')
    assert.equal(subscription.position, 2)
    assert.equal((await store.kv.get('last'))?.value, 2)
    assert.equal(await store.revision('copies'), 2)
    const { seen, handler } = keeping()
    const again = await store.subscribe('acting', { streamPrefix: 'a' }, handler)
    await caughtUp(store, again)
    await again.close()
    assert.deepEqual(seen, [3])
  },

  'subscribe: whenAt says when a position was reached, or that it was not in time': async (it) => {
    const store = await it.store()
    const { seen, handler } = keeping()
    const subscription = await store.subscribe('waiting', {}, handler)
    const timedOut = failsWith('timed-out', subscription.whenAt(1, { timeoutMs: 5 }), { timeoutMs: 5 })
    await timedOut
    const reached = subscription.whenAt(2)
    const never = errorOf(subscription.whenAt(1000))
    await store.append('a', notes(3))
    await inTime(reached, 'position 2')
    assert.ok(seen.length >= 2)
    await caughtUp(store, subscription)
    await subscription.close()
    await failsWith('subscription-closed', Promise.reject((await never) as Error))
    await subscription.whenAt(3)
  },

  'subscribe: whenAt within its own handler, for what waits for that handler, is refused': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    const refusals: unknown[] = []
    const subscription: Subscription = await store.subscribe('itself', {}, async ({ position }) => {
      await undefined
      refusals.push(await errorOf(subscription.whenAt(position)))
    })
    await caughtUp(store, subscription)
    assert.equal(refusals.length, 2)
    for (const refusal of refusals) {
      await failsWith('options-invalid', Promise.reject(refusal as Error), { option: 'position' })
    }
  },

  'subscribe: its checkpoint is not among the values that kv shows': async (it) => {
    const store = await it.store()
    const subscription = await store.subscribe('hidden', {}, () => {})
    await store.append('a', note('x'))
    await caughtUp(store, subscription)
    await subscription.close()
    for await (const { key } of store.kv.list()) assert.fail(`kv.list shows ${key}`)
    await failsWith('kv-invalid', store.kv.get('$subscription/hidden'))
  },

  'subscribe: arguments that mean nothing are refused, and leave the name free': async (it) => {
    const store = await it.store()
    const wrong = (name: unknown, options: unknown = {}, handler: unknown = () => {}): Promise<unknown> =>
      store.subscribe(name as string, {}, handler as () => void, options as object)
    await failsWith('options-invalid', wrong(''), { option: 'name' })
    await failsWith('options-invalid', wrong('x'.repeat(500)), { option: 'name' })
    await failsWith('options-invalid', wrong(7), { option: 'name' })
    await failsWith('options-invalid', wrong('n', {}, 'f'), { option: 'handler' })
    await failsWith('options-invalid', wrong('n', { onError: 'skip' }), { option: 'onError' })
    await failsWith('options-invalid', wrong('n', { takeover: true }), { option: 'takeover' })
    await failsWith(
      'query-invalid',
      store.subscribe('n', { types: [] }, () => {}),
      { pointer: '/types' },
    )
    const subscription = await store.subscribe('n', {}, () => {})
    await failsWith('options-invalid', subscription.whenAt(-1), { option: 'position' })
    await subscription.close()
  },
}

/** Where what is kept outlives the process. */
export const resumingPromises: Promises = {
  'subscribe: after opening again it goes on where it stood, with what it has parked': async (it) => {
    let store = await it.store()
    await store.append('a', [...notes(3), note('bad'), ...notes(3)])
    const seen: number[] = []
    const handler = (event: RecordedEvent): void => {
      if (isBad(event)) throw new Error('no')
      seen.push(event.position)
    }
    for (const round of range(1, 3)) {
      const subscription = await store.subscribe('lasting', {}, handler, { onError: 'park' })
      await caughtUp(store, subscription)
      const parked = await subscription.parked()
      assert.deepEqual(
        parked.map(({ position, attempts }) => [position, attempts]),
        [[4, round]],
      )
      await errorOf(subscription.replay(4))
      // Closing the store closes it.
      store = await it.reopen()
      await store.append('a', note('x'))
    }
    assert.deepEqual(seen, [1, 2, 3, 5, 6, 7, 8, 9])
  },
}

/** Promises of `follow`: history, then what comes, with no gap and no repeat where one becomes the other. */
import assert from 'node:assert/strict'
import type { FollowQuery, RecordedEvent, Store } from '../../src/index.js'
import type { Promises } from '../case.js'
import { collect, failsWith, positions, range } from '../expectations.js'
import { note, notes } from '../samples.js'
import { inTime, take } from '../waiting.js'

/** Appends in commits of different sizes, several at the same time. */
async function storm(store: Store, count: number, more: Parameters<typeof notes>[2] = () => ({})): Promise<void> {
  const writers = range(1, 4).map(async (writer) => {
    for (let left = count / 4; left > 0;) {
      const size = Math.min(left, 1 + ((left * writer) % 7))
      await store.append(`storm-${writer}`, notes(size, 'storm', more))
      left -= size
    }
  })
  await Promise.all(writers)
}

export const followingPromises: Promises = {
  'follow: all history, then each event as it is recorded': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    const followed = take(store.follow(), 6)
    await store.append('b', notes(2))
    await store.append('a', note('last'))
    const events = await followed
    assert.deepEqual(positions(events), range(1, 6))
    assert.deepEqual(events, await collect(store.read()))
  },

  'follow: under a storm of appends nothing is skipped and nothing comes twice, wherever it begins': async (it) => {
    const store = await it.store()
    await store.append('a', notes(1200))
    const followers = [0, 1, 700, 1199, 1200].map((after) => ({
      after,
      all: take(store.follow({ after }), 1600 - after),
    }))
    await storm(store, 400)
    for (const { after, all } of followers) assert.deepEqual(positions(await all), range(after + 1, 1600))
  },

  'follow: a slow consumer meets everything, in order': async (it) => {
    const store = await it.store()
    const seen: number[] = []
    const consumer = (async () => {
      for await (const { position } of store.follow()) {
        seen.push(position)
        if (position % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
        if (position === 200) return
      }
    })()
    await storm(store, 200)
    await inTime(consumer, 'the last event')
    assert.deepEqual(seen, range(1, 200))
  },

  'follow: only what is selected, and as it is asked for': async (it) => {
    const store = await it.store()
    const odd = (i: number): { tags?: string[] } => (i % 2 === 1 ? { tags: ['k:odd'] } : {})
    await store.append('a', notes(4, 'a', odd))
    const query: FollowQuery = { tags: ['k:odd'], after: 1 }
    const followed = take(store.follow(query), 3)
    await store.append('b', notes(4, 'b', odd))
    assert.deepEqual(positions(await followed), [3, 5, 7])
  },

  'follow: an abort ends it without an error, while it waits, in the middle of history, and before it begins': async (
    it,
  ) => {
    const store = await it.store()
    await store.append('a', notes(5))
    const waiting = new AbortController()
    const iterator = store.follow({ after: 5 }, { signal: waiting.signal })[Symbol.asyncIterator]()
    const next = iterator.next()
    waiting.abort()
    assert.equal((await inTime(next, 'the end')).done, true)
    const inTheMiddle = new AbortController()
    const seen: RecordedEvent[] = []
    for await (const event of store.follow({}, { signal: inTheMiddle.signal })) {
      if (seen.push(event) === 2) inTheMiddle.abort()
    }
    assert.deepEqual(positions(seen), [1, 2])
    assert.deepEqual(await inTime(collect(store.follow({}, { signal: AbortSignal.abort() })), 'the end'), [])
  },

  'follow: closing the store ends it without an error': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    const iterator = store.follow()[Symbol.asyncIterator]()
    for (const _ of range(1, 3)) await iterator.next()
    const next = iterator.next()
    await store.close()
    assert.equal((await inTime(next, 'the end')).done, true)
    await it.close()
  },

  'follow: who goes away while it waits for an event is let go': async (it) => {
    const store = await it.store()
    const iterator = store.follow()[Symbol.asyncIterator]()
    const next = iterator.next()
    assert.equal((await inTime(iterator.return?.() ?? next, 'the end')).done, true)
    assert.equal((await inTime(next, 'the end')).done, true)
  },

  'follow: a query that is wrong, or that has an end, is reported at the first `next()`': async (it) => {
    const store = await it.store()
    for (const [query, pointer] of [
      [{ types: [] }, '/types'],
      [{ after: -1 }, '/after'],
      [{ upTo: 3 }, '/upTo'],
      [{ limit: 3 }, '/limit'],
      [{ backwards: true }, '/backwards'],
      [{ until: '2026-01-01T00:00:00Z' }, '/until'],
      [{ stream: 'a', afterRevision: 1 }, '/afterRevision'],
    ] as const) {
      const followed = store.follow(query as FollowQuery)
      await failsWith('query-invalid', () => followed[Symbol.asyncIterator]().next(), { pointer })
    }
  },
}

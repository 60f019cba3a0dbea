/** Promises of reading as a stream: in pages, with an end that is fixed, in bounded memory. */
import assert from 'node:assert/strict'
import type { Backend, Query } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/around-backend.js'
import type { Case, Promises } from '../case.js'
import { collect, positions, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

/** The backend, giving pages of at most `limit` lines, and counting what it is asked for. */
function inPages(
  backend: Backend,
  limit: number,
): Backend & { readonly asked: { pages: number; lines: number; largest: number } } {
  const asked = { pages: 0, lines: 0, largest: 0 }
  return {
    ...aroundBackend(backend, justCall),
    asked,
    read: async (matcher, page) => {
      const answer = await backend.read(matcher, { ...page, limit: Math.min(limit, page.limit) })
      asked.pages++
      asked.lines += answer.lines.length
      asked.largest = Math.max(asked.largest, answer.lines.length)
      return answer
    },
  }
}

const queries: readonly Query[] = [
  {},
  { types: ['even'] },
  { tags: ['third:0'] },
  { types: ['even'], tags: ['third:0'] },
  { stream: 's1' },
  { after: 5, upTo: 17 },
  { streamPrefix: 's', limit: 7 },
  { any: [{ stream: 's2' }, { types: ['even'], tags: ['third:1'] }] },
  { stream: 's0', afterRevision: 3 },
  { types: ['never'] },
  { tags: ['once:1'] },
]

async function fill(it: Case): Promise<void> {
  const store = await it.store()
  for (let i = 1; i <= 30; i++) {
    const tags = [`third:${i % 3}`, ...(i === 20 ? ['once:1'] : [])]
    await store.append(`s${i % 4}`, note(`${i}`, { type: i % 2 === 0 ? 'even' : 'odd', tags }))
  }
}

export const pagingPromises: Promises = {
  'paging: pages of any size give the same events, none twice and none missing, in both directions': async (it) => {
    await fill(it)
    const store = await it.store()
    for (const query of queries) {
      for (const backwards of [false, true]) {
        const whole = await positionsOf(store.read({ ...query, backwards }))
        for (const size of [1, 2, 3, 7, 29, 30, 31]) {
          const paged = await it.storeOver(inPages(it.backend, size))
          assert.deepEqual(
            await positionsOf(paged.read({ ...query, backwards })),
            whole,
            `${JSON.stringify(query)} in pages of ${size}`,
          )
        }
      }
    }
  },

  'paging: page by page with `after` and `limit`, as a caller does it, gives everything once': async (it) => {
    await fill(it)
    const store = await it.store()
    for (const size of [1, 2, 7, 30, 31]) {
      const seen: number[] = []
      for (;;) {
        const page = await positionsOf(store.read({ after: seen.at(-1) ?? 0, limit: size }))
        if (page.length === 0) break
        seen.push(...page)
      }
      assert.deepEqual(seen, range(1, 30))
    }
  },

  'paging: the end of a read is fixed at its first `next()`: not before, not later': async (it) => {
    await fill(it)
    for (const backwards of [false, true]) {
      const store = await it.storeOver(inPages(it.backend, 4))
      const head = await store.head()
      const reading = store.read({ backwards })
      await store.append('late', note('before the first next()'))
      const iterator = reading[Symbol.asyncIterator]()
      const seen = [await iterator.next()]
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) {
        seen.push(step)
        if (seen.length % 5 === 0) await store.append('late', note('after the first next()'))
      }
      const read = seen.map((step) => (step.done === true ? 0 : step.value.position))
      assert.deepEqual(backwards ? read.reverse() : read, range(1, head + 1))
    }
  },

  'paging: a reader that stops asks for no further page, and leaves nothing open': async (it) => {
    await fill(it)
    const wrapped = inPages(it.backend, 3)
    const store = await it.storeOver(wrapped)
    for (let i = 0; i < 10; i++) {
      wrapped.asked.pages = 0
      for await (const event of store.read()) {
        assert.equal(event.position, 1)
        break
      }
      assert.equal(wrapped.asked.pages, 1)
    }
    await assert.rejects(async () => {
      for await (const event of store.read()) throw new Error(`the reader failed at ${event.position}`)
    }, /the reader failed at 1/)
    assert.equal((await positionsOf(store.read())).length, 30)
  },

  'paging: two readings of one log at the same time do not disturb each other': async (it) => {
    await fill(it)
    const store = await it.storeOver(inPages(it.backend, 2))
    const reading = store.read({ types: ['even'] })
    const [forwards, backwards, again] = await Promise.all([
      positionsOf(reading),
      positionsOf(store.read({ backwards: true })),
      positionsOf(reading),
    ])
    assert.deepEqual(
      forwards,
      range(1, 15).map((half) => 2 * half),
    )
    assert.deepEqual(again, forwards)
    assert.deepEqual(backwards, range(1, 30).reverse())
  },

  'paging: reads while others append see whole positions, in order, without gaps': async (it) => {
    const store = await it.store()
    let appending = true
    const writers = range(1, 4).map(async (writer) => {
      for (let i = 0; i < 25; i++) await store.append(`s${writer}`, notes(1 + (i % 3)))
    })
    const done = Promise.allSettled(writers).finally(() => (appending = false))
    do {
      const events = await collect(store.read())
      assert.deepEqual(positions(events), range(1, events.length))
      await new Promise((resolve) => setImmediate(resolve))
    } while (appending as boolean)
    await done
    await Promise.all(writers)
    const revisions = new Map<string, number>()
    for await (const { stream, revision } of store.read()) {
      assert.equal(revision, (revisions.get(stream) ?? 0) + 1)
      revisions.set(stream, revision)
    }
  },

  'paging: large events are read in pages bounded by bytes, not only by number': async (it) => {
    const wrapped = inPages(it.backend, Infinity)
    const store = await it.storeOver(wrapped)
    const data = 'x'.repeat(512 * 1024)
    for (let i = 0; i < 20; i++) await store.append('a', { type: 't', data })
    let count = 0
    for await (const event of store.read()) count += Number((event.data as string).length === data.length)
    assert.equal(count, 20)
    assert.ok(wrapped.asked.largest <= 10, `a page of ${wrapped.asked.largest} lines of 512 KiB is not bounded memory`)
  },

  'paging: a limit is not paid for with reading more': async (it) => {
    const wrapped = inPages(it.backend, Infinity)
    const store = await it.storeOver(wrapped)
    await store.append('a', notes(5000))
    wrapped.asked.lines = 0
    assert.deepEqual(await positionsOf(store.read({ limit: 3 })), [1, 2, 3])
    assert.deepEqual(await positionsOf(store.read({ limit: 2, backwards: true })), [5000, 4999])
    assert.ok(wrapped.asked.lines < 500, `${wrapped.asked.lines} lines were read for five events`)
  },
}

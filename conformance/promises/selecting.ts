/** Promises of what `read` selects: every member of a query, and its edges. */
import assert from 'node:assert/strict'
import type { Query, Store } from '../../src/index.js'
import type { Promises } from '../case.js'
import { collect, failsWith, positions, positionsOf, range } from '../expectations.js'
import { note } from '../samples.js'
import { encoded, NOW } from '../seam/commits.js'

/** Eight events in three streams, recorded a minute apart, two of them in one commit. */
async function sample(store: Store, clock: { advance(ms: number): void }): Promise<void> {
  const write = async (stream: string, type: string, tags: string[]) => {
    await store.append(stream, note('x', { type, tags }))
    clock.advance(60_000)
  }
  await write('order-1', 'placed', ['customer:1', 'shop:a'])
  await write('order-2', 'placed', ['customer:2', 'shop:a'])
  await write('order-1', 'shipped', ['customer:1'])
  await store.commit([
    { stream: 'order-1', events: note('x', { type: 'paid', tags: ['customer:1', 'bank:b', 'shop:a'] }) },
    { stream: 'bank', events: note('x', { type: 'paid', tags: ['bank:b'] }) },
  ])
  clock.advance(60_000)
  await write('order-2', 'shipped', ['customer:2', 'customer:1'])
  await write('bank', 'closed', [])
  await write('order-10', 'placed', ['customer:10', 'shop:b'])
}

/** The time of the event at this minute after the clock's start. */
const minute = (minutes: number): string => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString()

const table: readonly (readonly [Query, readonly number[]])[] = [
  [{}, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ stream: 'order-1' }, [1, 3, 4]],
  [{ stream: 'order-' }, []],
  [{ stream: 'never' }, []],
  [{ streamPrefix: 'order-1' }, [1, 3, 4, 8]],
  [{ streamPrefix: 'order-' }, [1, 2, 3, 4, 6, 8]],
  [{ streamPrefix: '' }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ streamPrefix: 'never' }, []],
  [{ stream: 'order-1', streamPrefix: 'order' }, [1, 3, 4]],
  [{ stream: 'order-1', streamPrefix: 'bank' }, []],
  [{ types: ['placed'] }, [1, 2, 8]],
  [{ types: ['placed', 'closed'] }, [1, 2, 7, 8]],
  [{ types: ['placed', 'placed'] }, [1, 2, 8]],
  [{ types: ['plac'] }, []],
  [{ tags: ['customer:1'] }, [1, 3, 4, 6]],
  [{ tags: ['customer:1', 'shop:a'] }, [1, 4]],
  [{ tags: ['customer:1', 'customer:2'] }, [6]],
  [{ tags: ['customer:1', 'never:x'] }, []],
  [{ tags: ['customer:'] }, []],
  [{ types: ['paid', 'shipped'], tags: ['customer:1'] }, [3, 4, 6]],
  [{ stream: 'order-1', types: ['paid'], tags: ['shop:a'] }, [4]],
  [{ any: [{}] }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ any: [{ stream: 'bank' }, { types: ['shipped'] }] }, [3, 5, 6, 7]],
  [{ any: [{ tags: ['shop:a'] }, { tags: ['customer:1'] }] }, [1, 2, 3, 4, 6]],
  [{ types: ['placed', 'paid'], any: [{ tags: ['shop:a'] }, { tags: ['bank:b'] }] }, [1, 2, 4, 5]],
  [{ tags: ['customer:1'], any: [{ tags: ['shop:a'] }, { types: ['shipped'] }] }, [1, 3, 4, 6]],
  [{ types: ['placed'], any: [{ types: ['paid'] }, { types: ['placed', 'paid'], stream: 'order-2' }] }, [2]],
  [{ streamPrefix: 'order', any: [{ streamPrefix: 'order-1' }, { streamPrefix: 'bank' }] }, [1, 3, 4, 8]],
  [{ after: 0 }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ after: 4 }, [5, 6, 7, 8]],
  [{ after: 7 }, [8]],
  [{ after: 8 }, []],
  [{ after: 1000 }, []],
  [{ upTo: 0 }, []],
  [{ upTo: 1 }, [1]],
  [{ upTo: 4 }, [1, 2, 3, 4]],
  [{ upTo: 8 }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ upTo: Number.MAX_SAFE_INTEGER }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ after: 2, upTo: 5 }, [3, 4, 5]],
  [{ after: 5, upTo: 5 }, []],
  [{ after: 6, upTo: 5 }, []],
  [{ after: 3, upTo: 4, stream: 'bank' }, []],
  [{ stream: 'order-1', afterRevision: 0 }, [1, 3, 4]],
  [{ stream: 'order-1', afterRevision: 1 }, [3, 4]],
  [{ stream: 'order-1', afterRevision: 3 }, []],
  [{ stream: 'order-1', afterRevision: 9 }, []],
  [{ stream: 'order-1', afterRevision: 1, upTo: 3 }, [3]],
  [{ stream: 'order-1', afterRevision: 1, after: 3 }, [4]],
  [{ stream: 'order-1', afterRevision: 1, limit: 1 }, [3]],
  [{ stream: 'order-1', afterRevision: 1, limit: 1, backwards: true }, [4]],
  [{ stream: 'order-1', afterRevision: 2, limit: 2, backwards: true }, [4]],
  [{ limit: 1 }, [1]],
  [{ limit: 3 }, [1, 2, 3]],
  [{ limit: 8 }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ limit: 100 }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ types: ['placed'], limit: 2 }, [1, 2]],
  [{ after: 2, limit: 2 }, [3, 4]],
  [{ backwards: true, limit: 3 }, [8, 7, 6]],
  [{ backwards: true, types: ['placed'], limit: 2 }, [8, 2]],
  [{ backwards: true, after: 3, upTo: 6 }, [6, 5, 4]],
  [{ until: minute(0) }, [1]],
  [{ until: '2026-01-01T01:02:00+01:00' }, [1, 2, 3]],
  [{ until: minute(3) }, [1, 2, 3, 4, 5]],
  [{ until: new Date(minute(3)) }, [1, 2, 3, 4, 5]],
  [{ until: '2026-01-01T00:02:59.999Z' }, [1, 2, 3]],
  [{ until: '2026-01-01T00:03:00.0009Z' }, [1, 2, 3, 4, 5]],
  [{ until: '2025-12-31T23:59:59.999Z' }, []],
  [{ until: '2525-12-31T23:59:59Z' }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [{ until: minute(3), after: 3, types: ['paid'], backwards: true }, [5, 4]],
  [{ until: minute(3), upTo: 2 }, [1, 2]],
]

export const selectingPromises: Promises = {
  'read: every member of a query, alone and together, at its edges': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    for (const [query, expected] of table) {
      assert.deepEqual(await positionsOf(store.read(query)), expected, JSON.stringify(query))
    }
  },

  'read: `backwards` reverses, and changes nothing else': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    for (const [query, expected] of table) {
      if (query.limit !== undefined || query.backwards !== undefined) continue
      const backwards = await positionsOf(store.read({ ...query, backwards: true }))
      assert.deepEqual(backwards, [...expected].reverse(), JSON.stringify(query))
    }
  },

  'read: without a query it is everything; `backwards: false` and `raw: false` are the default': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    const all = await collect(store.read())
    assert.deepEqual(positions(all), range(1, 8))
    assert.deepEqual(await collect(store.read({ backwards: false, raw: false, enrichments: false })), all)
  },

  'read: every event it gives is the one that `event` gives, by position and by id': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    for await (const event of store.read()) {
      assert.deepEqual(await store.event(event.position), event)
      assert.deepEqual(await store.event(event.id), event)
    }
  },

  'event: there is none at 0, beyond the head, or under an unknown id': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    for (const nowhere of [0, 9, Number.MAX_SAFE_INTEGER, 'unknown', '1'])
      assert.equal(await store.event(nowhere), undefined)
  },

  'read: empty `types`, `tags` and `any` are refused, never "everything"': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    const empty: readonly (readonly [Query, string])[] = [
      [{ types: [] }, '/types'],
      [{ tags: [] }, '/tags'],
      [{ any: [] }, '/any'],
      [{ any: [{ stream: 'a' }, { tags: [] }] }, '/any/1/tags'],
      [{ stream: 'bank', types: [] }, '/types'],
    ]
    for (const [query, pointer] of empty) {
      await failsWith('query-invalid', () => collect(store.read(query)), { pointer })
    }
  },

  'read: what no query can hold is refused, with its pointer': async (it) => {
    const store = await it.store()
    const invalid: readonly (readonly [unknown, string])[] = [
      [{ stream: '' }, '/stream'],
      [{ stream: 7 }, '/stream'],
      [{ stream: 'a\n' }, '/stream'],
      [{ streamPrefix: 7 }, '/streamPrefix'],
      [{ types: 'placed' }, '/types'],
      [{ types: ['a', ''] }, '/types/1'],
      [{ types: [7] }, '/types/0'],
      [{ tags: 'a:b' }, '/tags'],
      [{ tags: ['a:b', 'no colon'] }, '/tags/1'],
      [{ any: {} }, '/any'],
      [{ any: [null] }, '/any/0'],
      [{ any: [{ any: [{}] }] }, '/any/0/any'],
      [{ any: [{ after: 1 }] }, '/any/0/after'],
      [{ after: -1 }, '/after'],
      [{ after: 1.5 }, '/after'],
      [{ after: Number.NaN }, '/after'],
      [{ after: '1' }, '/after'],
      [{ after: Infinity }, '/after'],
      [{ upTo: -1 }, '/upTo'],
      [{ upTo: null }, '/upTo'],
      [{ afterRevision: 1 }, '/afterRevision'],
      [{ stream: 'a', afterRevision: -1 }, '/afterRevision'],
      [{ until: 'yesterday' }, '/until'],
      [{ until: '2026-01-01' }, '/until'],
      [{ until: new Date(Number.NaN) }, '/until'],
      [{ until: 7 }, '/until'],
      [{ limit: 0 }, '/limit'],
      [{ limit: -1 }, '/limit'],
      [{ limit: 0.5 }, '/limit'],
      [{ backwards: 'yes' }, '/backwards'],
      [{ raw: 1 }, '/raw'],
      [{ tag: ['a:b'] }, '/tag'],
      [{ type: 'a' }, '/type'],
      [null, ''],
      ['a', ''],
      [[], ''],
    ]
    for (const [query, pointer] of invalid) {
      await failsWith('query-invalid', () => collect(store.read(query as Query)), { pointer }, JSON.stringify(query))
    }
  },

  'read: streams of Perdure’s own are read like any other': async (it) => {
    const published = { ...encoded('i1', { type: '$contract_published', tags: ['k:v'] }) }
    await it.backend.append([{ writes: [{ stream: '$contract', expect: 'any', events: [published] }] }], NOW)
    const store = await it.store()
    await store.append('a', note('x'))
    assert.deepEqual(await positionsOf(store.read()), [1, 2])
    for (const query of [
      { stream: '$contract' },
      { streamPrefix: '$' },
      { types: ['$contract_published'] },
      { tags: ['k:v'] },
    ]) {
      assert.deepEqual(await positionsOf(store.read(query)), [1])
    }
    assert.equal((await store.event('i1'))?.stream, '$contract')
    assert.deepEqual(await collect(store.streams()), [
      { stream: '$contract', revision: 1 },
      { stream: 'a', revision: 1 },
    ])
  },

  'read: inferred events are left out unless asked for, without counting towards the limit; conditions see them':
    async (it) => {
      const enriching = (id: string, event: string) => {
        const { back, ...rest } = encoded(id, { tags: ['k:v'] })
        return { ...rest, back: back.replace(',"data"', `,"refers":{"kind":"enriches","event":"${event}"},"data"`) }
      }
      const events = [
        encoded('1', { tags: ['k:v'] }),
        enriching('2', '1'),
        enriching('3', '1'),
        encoded('4'),
        encoded('5'),
      ]
      await it.backend.append([{ writes: [{ stream: 's', expect: 'any', events }] }], NOW)
      const store = await it.store()
      assert.deepEqual(await positionsOf(store.read()), [1, 4, 5])
      assert.deepEqual(await positionsOf(store.read({ limit: 2 })), [1, 4])
      assert.deepEqual(await positionsOf(store.read({ limit: 3, backwards: true })), [5, 4, 1])
      assert.deepEqual(await positionsOf(store.read({ tags: ['k:v'], enrichments: true })), [1, 2, 3])
      assert.deepEqual((await store.event(2))?.refers, { kind: 'enriches', event: '1' })
      assert.equal((await store.append('s', note('x'), { unless: { query: { tags: ['k:v'] }, after: 1 } })).ok, false)
    },

  'read: a query object that the caller changes afterwards changes nothing': async (it) => {
    const store = await it.store()
    await sample(store, it.clock)
    const types = ['placed']
    const query = { types, limit: 10 }
    const reading = store.read(query)
    types[0] = 'paid'
    query.limit = 1
    assert.deepEqual(await positionsOf(reading), [1, 2, 8])
  },

  'event: what can be neither a position nor an id has no event': async (it) => {
    const store = await it.store()
    await store.append('a', note('x'))
    for (const bad of [-1, 1.5, Number.NaN, Infinity, '', '\n']) assert.equal(await store.event(bad), undefined)
  },

  'revision: of what is no stream is refused': async (it) => {
    const store = await it.store()
    for (const bad of ['', 'a\n', 7, null, undefined])
      await failsWith('query-invalid', () => store.revision(bad as string))
  },
}

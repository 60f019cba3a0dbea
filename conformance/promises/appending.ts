/** Promises of `append` and `commit` when nothing stands in the way. */
import assert from 'node:assert/strict'
import type { NewEvent } from '../../src/index.js'
import type { Promises } from '../case.js'
import { assertAppended, byNumber, collect, failsWith, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export const appendingPromises: Promises = {
  'open: opening writes no event; a fresh log is empty to every question': async (it) => {
    const store = await it.store()
    assert.equal(await store.head(), 0)
    assert.equal(await store.revision('a'), 0)
    assert.deepEqual(await collect(store.read()), [])
    assert.deepEqual(await collect(store.streams()), [])
    assert.equal(await store.event(1), undefined)
    assert.equal(await store.event('a'), undefined)
  },

  'append: the answer says everything about where the events are': async (it) => {
    const store = await it.store()
    await store.append('b', note('before'))
    const result = await store.append('a', [note('1', { id: 'i1' }), note('2', { id: 'i2' })])
    const expected = { ok: true, first: 2, last: 3, count: 2, ids: ['i1', 'i2'], revision: 2, duplicate: false }
    assert.deepEqual(plain(result), { ...expected, revisions: { a: 2 } })
  },

  'append: an event is recorded with everything that was given, its places and its time': async (it) => {
    const store = await it.store()
    const given: NewEvent = {
      id: 'visit-1',
      type: 'visit_logged',
      version: 3,
      data: { minutes: 15, with: ['ann', null] },
      occurred: '2026-11-19T17:02:11+01:00',
      tags: ['customer:c1', 'rep:r:2'],
      subject: 'customer:c1',
      meta: { actor: { kind: 'human', id: 'p-7f3a' }, correlation: 'k', causation: 'c', extra: [1] },
    }
    await store.append('customer-c1', given)
    const place = { position: 1, commit: [1, 1], stream: 'customer-c1', revision: 1, time: '2026-01-01T00:00:00.000Z' }
    assert.deepEqual(await collect(store.read()), [{ ...given, ...place }])
  },

  'append: what was left out is filled in when read: version 1, no tags, no meta, and nothing else': async (it) => {
    const store = await it.store()
    await store.append('a', { type: 't', data: null })
    const [event] = await collect(store.read())
    assert.deepEqual(
      { ...event, id: 'x' },
      {
        ...{ position: 1, commit: [1, 1], stream: 'a', revision: 1, id: 'x', type: 't', version: 1 },
        ...{ time: '2026-01-01T00:00:00.000Z', tags: [], meta: {}, data: null },
      },
    )
  },

  'append: `subjects` are kept beside the parts of data they name': async (it) => {
    const store = await it.store()
    const given = { data: { a: { 'x/y': 1 }, b: 2 }, subjects: { '/a/x~1y': 'person:1', '/b': 'person:2' } }
    await store.append('a', { type: 't', ...given })
    const event = await store.event(1)
    assert.deepEqual({ data: event?.data, subjects: event?.subjects }, given)
  },

  'append: one event and a list of one are the same': async (it) => {
    const store = await it.store()
    const alone = await store.append('a', note('1'))
    const listed = await store.append('a', [note('1')])
    assert.deepEqual([alone.first, alone.count, listed.first, listed.count], [1, 1, 2, 1])
    assert.deepEqual((await store.event(2))?.commit, [2, 1])
  },

  'append: an id that was left out becomes a UUIDv7 of the store’s clock, and is answered': async (it) => {
    const store = await it.store()
    it.clock.set('2026-05-05T05:05:05.005Z')
    const { ids } = await store.append('a', notes(3))
    assert.equal(new Set(ids).size, 3)
    for (const id of ids) {
      assert.match(id, UUID_V7)
      assert.equal(parseInt(id.replaceAll('-', '').slice(0, 12), 16), it.clock().getTime())
    }
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.id),
      ids,
    )
  },

  'append: recorded events are frozen through and through': async (it) => {
    const store = await it.store()
    await store.append('a', note('1', { data: { list: [{ deep: 1 }] }, tags: ['k:v'], meta: { more: { deep: 1 } } }))
    const event = await store.event(1)
    const data = event?.data as { list: { deep: number }[] }
    const parts = [event, event?.commit, event?.tags, event?.meta, event?.meta['more'], data, data.list, data.list[0]]
    for (const part of parts) assert.ok(Object.isFrozen(part))
  },

  'append: positions have no gaps, whatever is refused in between': async (it) => {
    const store = await it.store()
    for (let i = 1; i <= 5; i++) {
      await store.append(`s${i}`, notes(2))
      await store.append(`s${i}`, note('refused'), { expect: 'new' })
      await failsWith('event-invalid', store.append('', note('invalid')))
      await failsWith('commit-empty', store.append('s', []))
    }
    assert.deepEqual(await positionsOf(store.read()), range(1, 10))
  },

  'commit: several streams in one commit, in the order given, each with revisions of its own': async (it) => {
    const store = await it.store()
    await store.append('b', note('before'))
    const result = await store.commit([
      { stream: 'b', events: notes(2, 'b') },
      { stream: 'a', events: note('a') },
    ])
    assertAppended(result)
    const { first, last, count, revision, revisions, ids } = result
    assert.deepEqual(
      { first, last, count, revision, ...revisions },
      { first: 2, last: 4, count: 3, revision: 1, a: 1, b: 3 },
    )
    const events = await collect(store.read({ after: 1 }))
    assert.deepEqual(
      events.map((event) => [event.stream, event.revision]),
      [
        ['b', 2],
        ['b', 3],
        ['a', 1],
      ],
    )
    for (const event of events) assert.deepEqual(event.commit, [2, 3])
    assert.deepEqual(
      ids,
      events.map((event) => event.id),
    )
  },

  'commit: a stream may appear twice; the second write sees the first': async (it) => {
    const store = await it.store()
    const result = await store.commit([
      { stream: 'a', events: notes(2), expect: 'new' },
      { stream: 'b', events: note('b'), expect: 0 },
      { stream: 'a', events: note('again'), expect: 2 },
      { stream: 'b', events: note('again'), expect: 'exists' },
    ])
    assertAppended(result)
    assert.deepEqual([{ ...result.revisions }, result.revision], [{ a: 3, b: 2 }, 2])
    const places = (await collect(store.read())).map((event) => `${event.stream}${event.revision}`)
    assert.deepEqual(places, ['a1', 'a2', 'b1', 'a3', 'b2'])
  },

  'commit: all is written or nothing, though only the last write is refused': async (it) => {
    const store = await it.store()
    await store.append('b', note('1'))
    const result = await store.commit([
      { stream: 'a', events: notes(3) },
      { stream: 'b', events: note('2'), expect: 'new' },
    ])
    assert.equal(result.ok, false)
    assert.deepEqual([await store.head(), await store.revision('a'), await store.revision('b')], [1, 0, 1])
  },

  'commit: all is written or nothing, though only the last event is invalid': async (it) => {
    const store = await it.store()
    const bad = { type: '', data: 1 }
    await failsWith(
      'event-invalid',
      store.commit([
        { stream: 'a', events: notes(2) },
        { stream: 'b', events: bad },
      ]),
      { index: 2 },
    )
    assert.equal(await store.head(), 0)
  },

  'append: an empty append is refused, in every form, with and without conditions': async (it) => {
    const store = await it.store()
    for (const call of [
      () => store.append('a', []),
      () => store.append('a', [], { expect: 'any' }),
      () => store.append('a', [], { unless: { query: {}, after: 0 } }),
      () => store.commit([]),
      () => store.commit([{ stream: 'a', events: [] }]),
    ]) {
      const error = await failsWith('commit-empty', call)
      assert.equal(error.written, 'no')
    }
    assert.equal(await store.head(), 0)
  },

  'append: a hundred at the same time are each written once, without gaps, in one order for all': async (it) => {
    const store = await it.store()
    const results = await Promise.all(range(1, 100).map((i) => store.append(`s${i % 7}`, notes(1 + (i % 3), `n${i}`))))
    const events = await collect(store.read())
    assert.deepEqual(
      events.map((event) => event.position),
      range(1, events.length),
    )
    for (const { first, last, ids } of results) {
      const recorded = events.slice(first - 1, last)
      assert.deepEqual(
        recorded.map((event) => event.id),
        ids,
      )
      for (const event of recorded) assert.deepEqual(event.commit, [first, last - first + 1])
    }
    assert.equal(new Set(results.flatMap((result) => result.ids)).size, events.length)
  },

  'append: concurrent appends to one stream answer with the revisions 1 to 50, each once': async (it) => {
    const store = await it.store()
    const results = await Promise.all(range(1, 50).map((i) => store.append('a', note(`${i}`))))
    assert.deepEqual(results.map((result) => result.revision).sort(byNumber), range(1, 50))
    for (const result of results) assert.equal((await store.event(result.first))?.revision, result.revision)
  },

  'append: what has been acknowledged is there for every read that begins afterwards': async (it) => {
    const store = await it.store()
    const seen = range(1, 30).map(async (i) => {
      const { last, revision } = await store.append(`s${i % 3}`, note(`${i}`))
      assert.ok((await store.head()) >= last)
      assert.ok((await store.revision(`s${i % 3}`)) >= revision)
      assert.equal((await store.event(last))?.position, last)
      assert.ok((await positionsOf(store.read())).includes(last))
    })
    await Promise.all(seen)
  },

  'append: a large commit and a small one at the same time do not mix': async (it) => {
    const store = await it.store()
    const [large, small] = await Promise.all([store.append('l', notes(2500)), store.append('s', note('small'))])
    assert.equal(large.last - large.first, 2499)
    assert.ok(small.first > large.last || small.last < large.first)
  },
}

/** Without prototypes, so that a record made with or without one is the same to a deep comparison. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** Promises of idempotence: the same ids again. */
import assert from 'node:assert/strict'
import type { NewEvent } from '../../src/index.js'
import { faultAt, faultyBackend } from '../../testing/faulty-backend.js'
import type { Promises } from '../case.js'
import { assertAppended, failsWith, range } from '../expectations.js'
import { note, notes } from '../samples.js'

const content: NewEvent = {
  id: 'i1',
  type: 'visit_logged',
  version: 2,
  data: { minutes: 15, at: { x: 0, y: [1, { p: 1, q: 2 }] } },
  occurred: '2026-11-19T17:02:11+01:00',
  tags: ['customer:c1', 'rep:r1'],
  subject: 'customer:c1',
  meta: { correlation: 'first try' },
}

/** The same event with one part of its content changed. */
const otherContents: Readonly<Record<string, NewEvent>> = {
  type: { ...content, type: 'visit_planned' },
  version: { ...content, version: 3 },
  'a value in data': { ...content, data: { minutes: 16, at: { x: 0, y: [1, { p: 1, q: 2 }] } } },
  'a member more in data': { ...content, data: { minutes: 15, at: { x: 0, y: [1, { p: 1, q: 2, r: 3 }] } } },
  'the order of a list in data': { ...content, data: { minutes: 15, at: { x: 0, y: [{ p: 1, q: 2 }, 1] } } },
  'the type of a value in data': { ...content, data: { minutes: '15', at: { x: 0, y: [1, { p: 1, q: 2 }] } } },
  'occurred, though the same moment': { ...content, occurred: '2026-11-19T16:02:11Z' },
  'no occurred': without('occurred'),
  'a tag more': { ...content, tags: ['customer:c1', 'rep:r1', 'x:y'] },
  'no tags': without('tags'),
  subject: { ...content, subject: 'customer:c2' },
  'no subject': without('subject'),
  'subjects instead of subject': { ...without('subject'), subjects: { '': 'customer:c1' } },
}

function without(member: keyof NewEvent): NewEvent {
  return Object.fromEntries(Object.entries(content).filter(([key]) => key !== member)) as unknown as NewEvent
}

export const repeatingPromises: Promises = {
  'repeat: a whole commit again answers with the original places, and writes nothing': async (it) => {
    const store = await it.store()
    await store.append('b', note('before'))
    const writes = [
      { stream: 'a', events: [note('1', { id: 'i1' }), note('2', { id: 'i2' })] },
      { stream: 'b', events: note('3', { id: 'i3' }) },
    ]
    const original = await store.commit(writes)
    assertAppended(original)
    await store.append('a', note('later'))
    const again = await store.commit(writes)
    assert.deepEqual(again, { ...original, duplicate: true })
    assert.equal(await store.head(), 5)
  },

  'repeat: for a single event, as often as it comes': async (it) => {
    const store = await it.store()
    const original = await store.append('a', content)
    assert.equal(original.duplicate, false)
    for (let i = 0; i < 3; i++) assert.deepEqual(await store.append('a', content), { ...original, duplicate: true })
    assert.equal(await store.head(), 1)
  },

  'repeat: members of data in any order, 0 for -0, and another `meta` are the same content': async (it) => {
    const store = await it.store()
    await store.append('a', content)
    const again: NewEvent = {
      ...content,
      data: { at: { y: [1, { q: 2, p: 1 }], x: -0 }, minutes: 15 },
      meta: { correlation: 'second try', actor: { kind: 'system', id: 'retry' } },
    }
    assert.equal((await store.append('a', again)).duplicate, true)
    assert.equal((await store.append('a', without('meta'))).duplicate, true)
    assert.deepEqual((await store.event(1))?.meta, { correlation: 'first try' })
  },

  'repeat: version 1 and no version, empty tags and no tags are the same content': async (it) => {
    const store = await it.store()
    await store.append('a', { id: 'i', type: 't', data: 1 })
    assert.equal(
      (await store.append('a', { id: 'i', type: 't', version: 1, tags: [], meta: {}, data: 1 })).duplicate,
      true,
    )
  },

  'repeat: the order of the members of `subjects` is not content': async (it) => {
    const store = await it.store()
    const data = { x: 1, y: 2 }
    await store.append('a', { id: 'i', type: 't', data, subjects: { '/x': 'p:1', '/y': 'p:2' } })
    const again = await store.append('a', { id: 'i', type: 't', data, subjects: { '/y': 'p:2', '/x': 'p:1' } })
    assert.equal(again.duplicate, true)
    const other = { id: 'i', type: 't', data, subjects: { '/y': 'p:2', '/x': 'p:3' } }
    await failsWith('id-reused', store.append('a', other))
  },

  'repeat: any other content under a known id is refused, with the places, and nothing is written': async (it) => {
    const store = await it.store()
    await store.append('b', note('before'))
    await store.append('a', content)
    for (const [what, event] of Object.entries(otherContents)) {
      const error = await failsWith('id-reused', store.append('a', event), { ids: ['i1'] })
      assert.deepEqual({ ...error.facts.places }, { i1: 2 }, what)
      assert.equal(error.written, 'no')
    }
    assert.equal(await store.head(), 2)
  },

  'repeat: the same events in other streams, in another order, in part, or with more are refused': async (it) => {
    const store = await it.store()
    const [one, two, three] = [note('1', { id: 'i1' }), note('2', { id: 'i2' }), note('3', { id: 'i3' })]
    await store.commit([
      { stream: 'a', events: [one, two] },
      { stream: 'b', events: three },
    ])
    const fourth = note('4', { id: 'i4' })
    await store.append('c', fourth)
    for (const writes of [
      [{ stream: 'a', events: [one, two] }],
      [{ stream: 'b', events: three }],
      [
        { stream: 'a', events: [two, one] },
        { stream: 'b', events: three },
      ],
      [
        { stream: 'b', events: three },
        { stream: 'a', events: [one, two] },
      ],
      [
        { stream: 'a', events: one },
        { stream: 'b', events: [two, three] },
      ],
      [
        { stream: 'b', events: [one, two] },
        { stream: 'a', events: three },
      ],
      [{ stream: 'a', events: [one, two, three] }],
      [
        { stream: 'a', events: [one, two] },
        { stream: 'b', events: [three, note('new', { id: 'new' })] },
      ],
      [
        { stream: 'a', events: [one, two] },
        { stream: 'b', events: [three, note('new, without an id')] },
      ],
      [
        { stream: 'a', events: [one, two] },
        { stream: 'b', events: three },
        { stream: 'c', events: fourth },
      ],
    ]) {
      await failsWith('id-reused', () => store.commit(writes), {})
    }
    assert.equal(await store.head(), 4)
    assert.equal(await store.event('new'), undefined)
  },

  'repeat: a commit split over two writes to one stream is the same commit': async (it) => {
    const store = await it.store()
    const [one, two] = [note('1', { id: 'i1' }), note('2', { id: 'i2' })]
    await store.append('a', [one, two])
    const again = await store.commit([
      { stream: 'a', events: one },
      { stream: 'a', events: two },
    ])
    assertAppended(again)
    assert.deepEqual([again.duplicate, again.first, again.last], [true, 1, 2])
  },

  'repeat: an id twice in one call is refused, with what is known of its places': async (it) => {
    const store = await it.store()
    const twice = [note('1', { id: 'i' }), note('1', { id: 'i' })]
    const error = await failsWith('id-reused', store.append('a', twice), { ids: ['i'] })
    assert.equal(error.written, 'no')
    await failsWith(
      'id-reused',
      store.commit([
        { stream: 'a', events: twice[0] ?? [] },
        { stream: 'b', events: twice[1] ?? [] },
      ]),
    )
    assert.equal(await store.head(), 0)
    await store.append('a', note('1', { id: 'i' }))
    await failsWith('id-reused', store.append('a', twice))
    assert.equal(await store.head(), 1)
  },

  'repeat: is a duplicate whatever `expect` and `unless` say': async (it) => {
    const store = await it.store()
    const event = note('1', { id: 'i', tags: ['k:v'] })
    await store.append('a', event, { expect: 'new' })
    await store.append('a', note('2', { tags: ['k:v'] }))
    for (const expect of ['new', 'exists', 'any', 0, 1, 7] as const) {
      const again = await store.append('a', event, { expect, unless: { query: { tags: ['k:v'] }, after: 0 } })
      assertAppended(again)
      assert.deepEqual([again.duplicate, again.first, again.revision], [true, 1, 1])
    }
  },

  'repeat: order of judgement: what is invalid is invalid, though the ids are known': async (it) => {
    const store = await it.store()
    await store.append('a', note('1', { id: 'i' }))
    await failsWith('event-invalid', store.append('a', { id: 'i', type: '$x', data: 1 }))
    await failsWith(
      'event-invalid',
      store.append('a', [note('1', { id: 'i' }), note('1', { id: 'i', tags: ['no colon'] })]),
    )
  },

  'repeat: order of judgement: a reused id is reported, though a condition fails too': async (it) => {
    const store = await it.store()
    await store.append('a', note('1', { id: 'i' }))
    await failsWith('id-reused', store.append('a', note('other', { id: 'i' }), { expect: 'new' }))
    await failsWith('id-reused', store.append('b', [note('1', { id: 'i' }), note('2')], { expect: 'exists' }))
  },

  'repeat: an id that the store made is as good as one of the caller’s': async (it) => {
    const store = await it.store()
    const { ids, first } = await store.append('a', note('1'))
    const again = await store.append('a', note('1', { id: ids[0] as string }))
    assert.deepEqual([again.duplicate, again.first], [true, first])
    await failsWith('id-reused', store.append('a', note('2', { id: ids[0] as string })))
  },

  'repeat: made at the same time, one is written and the others are its duplicates': async (it) => {
    const store = await it.store()
    const events = [note('1', { id: 'i1' }), note('2', { id: 'i2' })]
    const results = await Promise.all(range(1, 8).map(() => store.append('a', events)))
    assert.equal(results.filter((result) => !result.duplicate).length, 1)
    for (const result of results) assert.deepEqual([result.first, result.last, result.revision], [1, 2, 2])
    assert.equal(await store.head(), 2)
  },

  'repeat: other content for the same id at the same time: one is written, the other refused': async (it) => {
    const store = await it.store()
    const results = await Promise.allSettled(range(1, 6).map((i) => store.append('a', note(`${i}`, { id: 'i' }))))
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
    for (const result of results) {
      if (result.status === 'rejected')
        await failsWith('id-reused', Promise.reject(result.reason as Error), { ids: ['i'] })
    }
    assert.equal(await store.head(), 1)
  },

  'repeat: meets its original in flight, the original fails before writing, the repeat is written': async (it) => {
    const store = await it.storeOver(faultyBackend(it.backend, faultAt('append', 1, 'refused')))
    const results = await Promise.allSettled(range(1, 2).map(() => store.append('a', note('1', { id: 'i' }))))
    const [last] = results.slice(-1)
    assert.ok(last?.status === 'fulfilled' && last.value.first === 1)
    assert.deepEqual([await store.head(), await store.revision('a')], [1, 1])
  },

  'repeat: ids that are names of built-in members are ids like any other': async (it) => {
    const store = await it.store()
    const ids = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '0', 'length']
    for (const id of ids) assert.equal(await store.event(id), undefined)
    await store.append(
      'a',
      ids.map((id) => note(id, { id })),
    )
    for (const [i, id] of ids.entries()) assert.equal((await store.event(id))?.position, i + 1)
    const error = await failsWith('id-reused', store.append('a', note('x', { id: '__proto__' })))
    assert.ok(Object.hasOwn(error.facts.places, '__proto__'))
  },

  'repeat: still known after thousands of other events, first, middle and last': async (it) => {
    const store = await it.store()
    const batches = range(0, 9).map((batch) => notes(500, `b${batch}`, (i) => ({ id: `${batch}-${i}` })))
    for (const [i, events] of batches.entries()) await store.append(`s${i}`, events)
    for (const batch of [0, 4, 9]) {
      const again = await store.append(`s${batch}`, batches[batch] ?? [])
      assert.deepEqual([again.duplicate, again.first, again.last], [true, batch * 500 + 1, batch * 500 + 500])
    }
    assert.equal(await store.head(), 5000)
  },
}

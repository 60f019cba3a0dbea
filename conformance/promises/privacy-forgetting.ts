/** Promises of forgetting a subject: nothing of it is given out any more, and all else is as it was. */
import assert from 'node:assert/strict'
import {
  defineEvents,
  isPerdureError,
  openObserver,
  type Backend,
  type Json,
  type NewEvent,
  type Receipt,
  type RecordedEvent,
  type Store,
} from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/around-backend.js'
import type { Promises } from '../case.js'
import { collect, conflictsOf, failsWith, range } from '../expectations.js'
import { naiveRoot } from '../naive-root.js'
import { introduced, names, SECRET, sealedStore, signedUp } from './privacy-sealing.js'

const ATTEMPTS_MAX = 50

/** Done again where a fault of the run has interrupted it: it goes on. */
async function shred(store: Store, subject: string): Promise<Receipt> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.subjects.shred(subject, { reason: 'asked' })
    } catch (error) {
      if (!isPerdureError(error) || error.code !== 'backend-failed' || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

const given = async (store: Pick<Store, 'read'>): Promise<RecordedEvent[]> =>
  (await collect(store.read())).filter(({ stream }) => !stream.startsWith('$'))

const dataOf = async (store: Pick<Store, 'read'>): Promise<Json[]> => (await given(store)).map(({ data }) => data)

const nameOf = (person: string): Json => ({ name: `${SECRET} ${person}` })

export const forgettingPromises: Promises = {
  'forgotten: nothing of the subject is read, everything else is as it was, and so are lines and root': async (it) => {
    const store = await sealedStore(it)
    for (const i of range(1, 4)) await store.append(`s${i % 2}`, [signedUp(`person:${i}`), { type: 'n', data: SECRET }])
    const [lines, events, { root }] = [
      await collect(store.lines()),
      await collect(store.read()),
      await store.checkpoint(),
    ]
    const receipt = await shred(store, 'person:2')
    assert.deepEqual([receipt.subject, receipt.request, receipt.keys.length], ['person:2', 9, 1])
    const after = await collect(store.lines())
    assert.deepEqual(after.slice(0, 8), lines)
    assert.equal(naiveRoot(after.slice(0, 8)), root)
    const expected = events.map((event) =>
      event.subject === 'person:2' ? { ...event, data: null, unreadable: [{ path: '', why: 'shredded' }] } : event,
    )
    assert.deepEqual((await collect(store.read())).slice(0, 8), expected)
    assert.deepEqual(await store.event(3), expected[2])
    assert.deepEqual((await collect(store.read({ raw: true, tags: ['person:2'] })))[0], expected[2])
    assert.deepEqual(await store.subjects.status('person:2'), 'shredded')
  },

  'forgotten: of an event about two only the part of the one is gone': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', introduced('person:1', 'person:2'))
    await shred(store, 'person:1')
    const [event] = await given(store)
    assert.deepEqual(event?.data, { who: null, to: [`${SECRET} person:2`], place: 'the harbour' })
    assert.deepEqual(event.unreadable, [{ path: '/who', why: 'shredded' }])
    await failsWith('subject-shredded', store.append('s', introduced('person:1', 'person:2')), { subject: 'person:1' })
  },

  'forgotten: an append that was judged before is refused by the backend, judged anew, and then refused for good':
    async (it) => {
      const first = await sealedStore(it)
      await first.append('s', [signedUp('person:1'), signedUp('person:2'), signedUp('person:3')])
      let appends = 0
      let before: (() => Promise<unknown>) | undefined
      const watched: Backend = {
        ...aroundBackend(it.backend, justCall),
        append: async (group, now) => {
          appends++
          const step = before
          before = undefined
          await step?.()
          return await it.backend.append(group, now)
        },
      }
      const store = await it.storeOver(watched, { keys: it.keys })
      before = () => shred(first, 'person:1')
      const late = await failsWith('subject-shredded', store.append('s', signedUp('person:1', { id: 'late' })))
      assert.deepEqual([late.written, late.facts.subject, appends], ['no', 'person:1', 1])
      assert.equal(await store.event('late'), undefined)
      // For somebody else it is judged again, and written.
      before = () => shred(first, 'person:2')
      const { first: position } = await store.append('s', signedUp('person:3', { id: 'other' }))
      assert.deepEqual((await store.event(position))?.data, nameOf('person:3'))
      assert.deepEqual([appends, await store.revision('s')], [3, 4])
      // And once it is known, nothing has to be judged twice.
      await store.append('s', signedUp('person:3'))
      assert.equal(appends, 4)
    },

  'forgotten: another store over the same log reads nothing of it from its next page on, and appends nothing': async (
    it,
  ) => {
    const store = await sealedStore(it)
    await store.append('s', [signedUp('person:1'), signedUp('person:2')])
    const other = await it.storeOver(it.backend, { keys: it.keys })
    const observer = await openObserver(it.backend, { keys: it.keys })
    for (const one of [other, observer]) {
      assert.deepEqual(await dataOf(one), [nameOf('person:1'), nameOf('person:2')])
    }
    await shred(store, 'person:1')
    for (const one of [other, observer]) {
      assert.deepEqual(await dataOf(one), [null, nameOf('person:2')])
      assert.deepEqual((await one.event(1))?.unreadable, [{ path: '', why: 'shredded' }])
      assert.deepEqual((await one.project(names)).state, [`${SECRET} person:2`])
    }
    await failsWith('subject-shredded', other.append('s', signedUp('person:1')))
    await observer.close()
  },

  'forgotten: a repeat of what was recorded is a duplicate, unverified, and writes nothing': async (it) => {
    const store = await sealedStore(it)
    const commit = [signedUp('person:1', { id: 'a' }), introduced('person:1', 'person:2', { id: 'b' })]
    await store.append('s', commit)
    await shred(store, 'person:1')
    const head = await store.head()
    const again = await store.append('s', commit)
    assert.deepEqual([again.duplicate, again.unverified, again.first], [true, true, 1])
    const [first, second] = commit as [NewEvent, NewEvent]
    for (const other of [{ type: 'other' }, { subject: 'person:2' }]) {
      await failsWith('id-reused', store.append('s', [{ ...first, ...other }, second]))
    }
    await failsWith('subject-shredded', store.append('s', [{ ...first, id: 'c' }]))
    assert.equal(await store.head(), head)
  },

  'forgotten: project, decide and subscribe pass over it, and the subscription counts it': async (it) => {
    const store = await sealedStore(it)
    for (const i of range(1, 3)) await store.append('s', signedUp(`person:${i}`))
    await shred(store, 'person:2')
    const expected = [1, 3].map((i) => `${SECRET} person:${i}`)
    assert.deepEqual((await store.project(names)).state, expected)
    assert.deepEqual((await store.project(names, { at: 2 })).state, expected.slice(0, 1))
    await store.decide('s', names, (state, { revision }) => {
      assert.deepEqual([state, revision], [expected, 3])
      return []
    })
    const handled: Json[] = []
    const subscription = await store.subscribe('consumer', { stream: 's' }, ({ data }) => void handled.push(data))
    await subscription.whenAt(await store.head())
    assert.deepEqual([handled, subscription.skipped], [expected.map((name) => ({ name })), 1])
    await subscription.close()
  },

  'forgotten: its values are gone, and the snapshots that may say something of it; all others stay': async (it) => {
    const store = await sealedStore(it)
    for (const i of range(1, 2)) {
      const subject = `person:${i}`
      await store.append(`s${i}`, signedUp(subject))
      await store.kv.put(`k${i}`, SECRET, { subject })
      await store.snapshots.take(names, { stream: `s${i}` })
    }
    await store.kv.put('free', SECRET)
    await store.snapshots.take(names)
    await shred(store, 'person:1')
    assert.deepEqual([await store.kv.get('k1'), await it.backend.kv.get('k1')], [undefined, undefined])
    const left = (await collect(store.kv.list())).map(({ key, value }) => [key, value])
    assert.deepEqual(left, [
      ['free', SECRET],
      ['k2', SECRET],
    ])
    assert.deepEqual(
      (await store.snapshots.list()).map(({ selection }) => selection.stream),
      ['s2'],
    )
    const { state, forgotten } = await store.project(names)
    assert.deepEqual([state, forgotten], [[`${SECRET} person:2`], 1])
    await failsWith('subject-shredded', store.kv.put('k1', SECRET, { subject: 'person:1' }))
  },

  'forgotten: a refusal shows that something came between, and nothing of it': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', signedUp('person:1'))
    await shred(store, 'person:1')
    const [conflict] = conflictsOf(await store.append('s', signedUp('person:2'), { expect: 'new' }))
    assert.deepEqual([conflict?.actual, conflict?.events[0]?.data], [1, null])
    assert.deepEqual(conflict?.events[0]?.unreadable, [{ path: '', why: 'shredded' }])
  },

  'forgotten: an event of an older version is given in the declared one, and no upcast meets it': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', [signedUp('person:1'), signedUp('person:2')])
    await shred(store, 'person:1')
    const met: Json[] = []
    const upcast = { 1: (data: Json) => (met.push(data), data) }
    const events = defineEvents({ signed_up: { version: 2, upcast } })
    const observer = await openObserver(it.backend, { events, keys: it.keys })
    const [first, second] = await given(observer)
    assert.deepEqual([first?.version, first?.data, second?.version], [2, null, 2])
    assert.deepEqual(met, [nameOf('person:2')])
    await observer.close()
  },

  'forgotten: asked for again it gives the same receipt; of an unknown subject it is refused': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', [signedUp('person:1'), signedUp('person:2')])
    const receipt = await shred(store, 'person:1')
    const head = await store.head()
    assert.deepEqual(await shred(store, 'person:1'), receipt)
    await failsWith('subject-unknown', store.subjects.shred('person:9', { reason: 'asked' }))
    assert.equal(await store.head(), head)
    const listed = await collect(store.subjects.list())
    assert.deepEqual(
      listed.map(({ subject, status }) => [subject, status]),
      [
        ['person:1', 'shredded'],
        ['person:2', 'known'],
      ],
    )
  },

  'forgotten: of appends made while it happens, each is refused or cannot be read afterwards': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', signedUp('person:1'))
    const appends = range(1, 30).map(async (i) => {
      for (let turn = 0; turn < i; turn++) await undefined
      return await store.append(`s${i % 3}`, signedUp('person:1'))
    })
    const [outcomes, receipt] = await Promise.all([Promise.allSettled(appends), shred(store, 'person:1')])
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') await failsWith('subject-shredded', Promise.reject(outcome.reason as Error))
      else assert.ok(outcome.value.first < receipt.request)
    }
    assert.ok((await dataOf(store)).every((data) => data === null))
  },
}

export const keptForgettingPromises: Promises = {
  'forgotten: after opening again it still is, and its appends are refused': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', [signedUp('person:1', { id: 'i' }), signedUp('person:2')])
    const receipt = await shred(store, 'person:1')
    const again = await it.reopen()
    assert.deepEqual(await dataOf(again), [null, nameOf('person:2')])
    assert.equal(await again.subjects.status('person:1'), 'shredded')
    assert.deepEqual(await shred(again, 'person:1'), receipt)
    await failsWith('subject-shredded', again.append('s', signedUp('person:1')))
    const repeated = await again.append('s', [signedUp('person:1', { id: 'i' })]).catch((error: unknown) => error)
    assert.ok(isPerdureError(repeated) && repeated.code === 'id-reused', 'half a commit is no repeat')
  },
}

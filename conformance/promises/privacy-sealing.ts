/** Promises of a sealed log: its lines hold ciphertext, and whoever has the keys meets no difference. */
import assert from 'node:assert/strict'
import {
  defineEvents,
  defineProjection,
  openKeyStore,
  openObserver,
  type Json,
  type NewEvent,
  type OpenOptions,
  type RecordedEvent,
  type Store,
} from '../../src/index.js'
import type { Case, Promises } from '../case.js'
import { assertAppended, collect, conflictsOf, failsWith, range } from '../expectations.js'

export const SECRET = 'Zoë Ångström'

/** A sealed log. Its keys are in memory, so they live as long as the case. */
export async function sealedStore(it: Case, options: OpenOptions = {}): Promise<Store> {
  return await it.store({ keys: openKeyStore('memory:'), ...options })
}

export function signedUp(person: string, more: Partial<NewEvent> = {}): NewEvent {
  return { type: 'signed_up', subject: person, tags: [person], data: { name: `${SECRET} ${person}` }, ...more }
}

export function introduced(one: string, other: string, more: Partial<NewEvent> = {}): NewEvent {
  const data = { who: { name: `${SECRET} ${one}` }, to: [`${SECRET} ${other}`], place: 'the harbour' }
  return { type: 'introduced', subjects: { '/who': one, '/to': other }, data, ...more }
}

export const names = defineProjection({
  name: 'names',
  version: 1,
  initial: () => [] as string[],
  on: {
    signed_up: (state: string[], { data }: RecordedEvent) => [...state, (data as { readonly name: string }).name],
  },
})

/** What JSON can hold, and what a careless writer would change. */
const values: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1.5e-7,
  1e21,
  Number.MAX_SAFE_INTEGER,
  '',
  SECRET,
  '"\\\u0000\u2028😀\n',
  [],
  {},
  [[[]], { '': [null] }],
  JSON.parse('{"__proto__":{"constructor":1},"a/b":{"~":2},"0":3}') as Json,
  'x'.repeat(300_000),
]

export const sealingPromises: Promises = {
  'sealed: its lines hold no data, and whoever has the keys is given it as it was, in every way of reading': async (
    it,
  ) => {
    const store = await sealedStore(it)
    const subjects = ['person:1', undefined, 'person:2']
    const events = values.map((data, i): NewEvent => {
      const subject = subjects[i % 3]
      return { type: 'kept', data, id: `i${i}`, ...(subject === undefined ? {} : { subject }) }
    })
    for (const event of events) await store.append('s', event)
    const lines = await collect(store.lines())
    for (const line of lines) {
      assert.ok(line.includes('"sealed":[{') && !line.includes('"data":'), line.slice(0, 300))
      assert.ok(!line.includes(SECRET) && !line.includes('xxxxxxxx'), line.slice(0, 300))
    }
    const given = (list: readonly RecordedEvent[]): Json[] => list.map(({ data }) => data)
    assert.deepEqual(given(await collect(store.read())), values)
    assert.deepEqual(given(await collect(store.read({ raw: true }))), values)
    assert.deepEqual(given(await collect(store.read({ backwards: true }))), values.toReversed())
    for (const [i, value] of values.entries()) {
      assert.deepEqual((await store.event(i + 1))?.data, value)
      assert.deepEqual((await store.event(`i${i}`))?.data, value)
    }
    const followed: RecordedEvent[] = []
    for await (const event of store.follow()) if (followed.push(event) === values.length) break
    assert.deepEqual(given(followed), values)
    for (const event of followed) assert.ok(!('unreadable' in event) && Object.isFrozen(event))
  },

  'sealed: parts of several subjects and the rest come back as one': async (it) => {
    const store = await sealedStore(it)
    const event = introduced('person:1', 'person:2')
    await store.append('s', event)
    const [line = ''] = await collect(store.lines())
    assert.ok(!line.includes(SECRET) && !line.includes('harbour'), line)
    const { data, subjects } = (await store.event(1)) as RecordedEvent
    assert.deepEqual([data, { ...subjects }], [event.data, event.subjects])
  },

  'sealed: without the keys all but the data is read, and the data is said to be unavailable': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', [signedUp('person:1', { id: 'i' }), introduced('person:1', 'person:2')])
    const bare = await openObserver(it.backend, { keys: 'none' })
    const unreadable = [{ path: '', why: 'key-unavailable' }]
    const { data: _data, ...others } = (await store.event('i')) as RecordedEvent
    assert.deepEqual(await bare.event('i'), { ...others, data: null, unreadable })
    for (const event of await collect(bare.read())) assert.equal(event.data, null)
    assert.deepEqual(await collect(bare.lines()), await collect(store.lines()))
    await failsWith('key-unavailable', bare.project(names))
    await bare.close()
  },

  'sealed: data of the largest size is stored and read': async (it) => {
    const store = await sealedStore(it)
    const data = { text: 'z'.repeat(1024 * 1024 - '{"text":""}'.length) }
    await store.append('s', { type: 'large', subject: 'person:1', data })
    assert.deepEqual((await store.event(1))?.data, data)
  },

  'sealed: project, decide and subscribe are given the data': async (it) => {
    const store = await sealedStore(it)
    for (const i of range(1, 3)) await store.append(`s${i}`, signedUp(`person:${i}`))
    const expected = range(1, 3).map((i) => `${SECRET} person:${i}`)
    assert.deepEqual((await store.project(names)).state, expected)
    assert.deepEqual((await store.project(names, { tags: ['person:2'] })).state, expected.slice(1, 2))
    await store.decide('s1', names, (state) => [signedUp('person:1', { data: { name: `${state[0]}!` } })])
    const handled: Json[] = []
    const subscription = await store.subscribe('consumer', {}, ({ data }) => void handled.push(data))
    await subscription.whenAt(4)
    assert.deepEqual(
      handled,
      [...expected, `${expected[0]}!`].map((name) => ({ name })),
    )
    await subscription.close()
  },

  'sealed: a repeat is known as one by its content, and other content under its id is refused': async (it) => {
    const store = await sealedStore(it)
    const commit = [signedUp('person:1', { id: 'a' }), introduced('person:1', 'person:2', { id: 'b' })]
    await store.append('s', commit)
    const again = await store.append('s', commit)
    assert.deepEqual([again.duplicate, again.first, again.last, again.unverified], [true, 1, 2, undefined])
    const [first, second] = commit as [NewEvent, NewEvent]
    for (const other of [{ data: { name: 'another' } }, { subject: 'person:2' }, { version: 2 }, { type: 'other' }]) {
      await failsWith('id-reused', store.append('s', [{ ...first, ...other }, second]), {}, JSON.stringify(other))
    }
    assert.equal(await store.head(), 2)
  },

  'sealed: a refusal shows what came between, readable': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', signedUp('person:1'))
    const [byRevision] = conflictsOf(await store.append('s', signedUp('person:1'), { expect: 'new' }))
    assert.deepEqual(byRevision?.events[0]?.data, { name: `${SECRET} person:1` })
    const unless = { query: { tags: ['person:1'] }, after: 0 }
    const [byQuery] = conflictsOf(await store.append('t', signedUp('person:1'), { unless }))
    assert.deepEqual(byQuery?.events[0]?.data, { name: `${SECRET} person:1` })
  },

  'sealed: data of an older version is opened first, then upcast; raw gives it as it was': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', signedUp('person:1'))
    const upcast = { 1: (data: { readonly name: string }) => ({ full: data.name }) }
    const events = defineEvents({ signed_up: { version: 2, upcast } })
    const observer = await openObserver(it.backend, { events, keys: it.keys })
    const [event] = await collect(observer.read())
    assert.deepEqual([event?.version, event?.data], [2, { full: `${SECRET} person:1` }])
    const [raw] = await collect(observer.read({ raw: true }))
    assert.deepEqual([raw?.version, raw?.data], [1, { name: `${SECRET} person:1` }])
    await observer.close()
  },

  'sealed: a value and a snapshot hold no data, and are given back as they were': async (it) => {
    const store = await sealedStore(it)
    await store.append('s', signedUp('person:1'))
    const put = await store.kv.put('k', { name: SECRET }, { subject: 'person:1', expect: 'new' })
    await store.snapshots.take(names)
    const [place] = await it.backend.snapshots.list()
    assert.ok(put.ok && place !== undefined)
    const texts = [(await it.backend.kv.get('k'))?.text, await it.backend.snapshots.read(place)]
    for (const text of texts) assert.ok(text?.includes('"sealed":') && !text.includes(SECRET), text)
    assert.deepEqual(await store.kv.get('k'), { value: { name: SECRET }, revision: put.revision })
    assert.deepEqual(await collect(store.kv.list()), [{ key: 'k', value: { name: SECRET }, revision: put.revision }])
    assert.deepEqual((await store.project(names)).state, [`${SECRET} person:1`])
    assert.deepEqual(await store.kv.put('k', 1, { subject: 'person:1', expect: 'new' }), {
      ok: false,
      actual: put.revision,
    })
  },

  'sealed: an event of a class is sealed for the one subject its tags name, and else refused': async (it) => {
    const events = defineEvents({ called: { version: 1, class: 'customer' } })
    const store = await sealedStore(it, { events })
    const called = (tags: readonly string[], more: Partial<NewEvent> = {}): NewEvent[] => [
      { type: 'called', tags, data: SECRET, ...more },
    ]
    assertAppended(await store.append('s', called(['customer:7', 'agent:1']), {}))
    assert.equal((await store.event(1))?.subject, 'customer:7')
    const missing = await failsWith('subject-missing', store.append('s', called(['agent:1'])), {
      class: 'customer',
    })
    const ambiguous = await failsWith(
      'subject-ambiguous',
      store.append('s', called(['customer:7', 'customer:8']) as never),
    )
    assert.deepEqual([missing.written, ambiguous.written], ['no', 'no'])
    await store.append('s', called(['customer:7', 'customer:8'], { subject: 'customer:8' }))
    assert.equal((await store.event(2))?.subject, 'customer:8')
    assert.equal(await store.head(), 2)
  },
}

export const keptSealingPromises: Promises = {
  'sealed: after opening again everything is readable, repeats are known, and no key was made anew': async (it) => {
    const store = await sealedStore(it)
    const events = range(1, 5).map((i) => signedUp(`person:${i}`, { id: `i${i}` }))
    await store.append('s', events)
    const [before, made] = [await collect(store.read()), (await store.keys.status())?.made]
    const again = await it.reopen()
    assert.deepEqual(await collect(again.read()), before)
    assert.equal((await again.append('s', events)).duplicate, true)
    await again.append('s', signedUp('person:1'))
    assert.deepEqual((await again.event(6))?.data, { name: `${SECRET} person:1` })
    assert.equal((await again.keys.status())?.made, made)
  },
}

/** Promises of declared event types: what is checked when written, and brought up to date when read. */
import assert from 'node:assert/strict'
import { defineEvents, defineProjection, type Json, type RecordedEvent } from '../../src/index.js'
import type { Case, Promises } from '../case.js'
import { assertAppended, collect, failsWith } from '../expectations.js'

const named = (data: Json) => data as { readonly [key: string]: Json }

const first = defineEvents({ person_named: { version: 1 } })
const third = defineEvents({
  person_named: {
    version: 3,
    upcast: {
      1: (data) => ({ full: named(data)['name'] ?? null }),
      2: (data) => ({ ...named(data), parts: (named(data)['full'] as string).split(' ') }),
    },
  },
})

/** Three events, of the versions 1, 2 and 3. */
async function ofEveryVersion(it: Case): Promise<void> {
  const store = await it.store()
  await store.append('p', { type: 'person_named', data: { name: 'Ann Lee' } })
  await store.append('p', { type: 'person_named', version: 2, data: { full: 'Bo Ek' } })
  await store.append('p', { type: 'person_named', version: 3, data: { full: 'Cy', parts: ['Cy'] } })
}

const today = [
  { full: 'Ann Lee', parts: ['Ann', 'Lee'] },
  { full: 'Bo Ek', parts: ['Bo', 'Ek'] },
  { full: 'Cy', parts: ['Cy'] },
]

const dataOf = (events: readonly RecordedEvent[]): Json[] => events.map((event) => event.data)

export const evolvingPromises: Promises = {
  'evolution: old versions are read as of today, wherever they are read: read, event, project, conflicts': async (
    it,
  ) => {
    await ofEveryVersion(it)
    const store = await it.store({ events: third })
    const events = await collect(store.read())
    assert.deepEqual(dataOf(events), today)
    assert.deepEqual(
      events.map((event) => event.version),
      [3, 3, 3],
    )
    assert.deepEqual((await store.event(1))?.data, today[0])
    assert.deepEqual((await store.event(events[1]?.id ?? ''))?.data, today[1])
    const seen = defineProjection({
      name: 'seen',
      version: 1,
      initial: [] as Json[],
      on: { person_named: (state: Json[], event: RecordedEvent) => [...state, event.data] },
    })
    assert.deepEqual((await store.project(seen)).state, today)
    const refused = await store.append('p', { type: 'person_named', data: { full: 'x', parts: [] } }, { expect: 'new' })
    assert.ok(!refused.ok)
    assert.deepEqual(dataOf(refused.conflicts[0]?.events ?? []), today)
  },

  'evolution: old versions are as of today for those who follow, subscribe and decide, and in a later snapshot': async (
    it,
  ) => {
    await ofEveryVersion(it)
    const store = await it.store({ events: third })
    const followed: Json[] = []
    for await (const event of store.follow({ stream: 'p' })) {
      followed.push(event.data)
      if (followed.length === 3) break
    }
    assert.deepEqual(followed, today)

    const handled: Json[] = []
    const subscription = await store.subscribe('names', {}, (event) => void handled.push(event.data))
    await subscription.whenAt(3)
    await subscription.close()
    assert.deepEqual(handled, today)

    const names = defineProjection({
      name: 'names',
      version: 1,
      initial: [] as Json[],
      on: { person_named: (state: Json[], event: RecordedEvent) => [...state, event.data] },
    })
    const decided: Json[][] = []
    const decide = (target: string | { stream: string; query: object }) =>
      store.decide(target, names, (state) => {
        decided.push(state)
        return []
      })
    await decide('p')
    await decide({ stream: 'q', query: { types: ['person_named'] } })
    await store.snapshots.take(names)
    await store.append('p', { type: 'person_named', version: 1, data: { name: 'Di Oz' } })
    assert.deepEqual(decided, [today, today])
    const later = { full: 'Di Oz', parts: ['Di', 'Oz'] }
    assert.deepEqual((await store.project(names)).state, [...today, later])
    assertAppended(await store.append('p', { type: 'other', data: 1 }))
    const conflict = await store.append('q', { type: 'other', data: 1 }, { unless: { query: {}, after: 3 } })
    assert.ok(!conflict.ok)
    assert.deepEqual(dataOf(conflict.conflicts[0]?.events ?? []), [later, 1])
  },

  'evolution: `raw` gives events as they were recorded': async (it) => {
    await ofEveryVersion(it)
    const store = await it.store({ events: third })
    const events = await collect(store.read({ raw: true }))
    assert.deepEqual(dataOf(events), [{ name: 'Ann Lee' }, { full: 'Bo Ek' }, today[2]])
    assert.deepEqual(
      events.map((event) => event.version),
      [1, 2, 3],
    )
  },

  'evolution: what is read is frozen, upcast or not; what is stored never changes': async (it) => {
    await ofEveryVersion(it)
    const before = await it.backend.read([{}], { after: 0, upTo: 3, backwards: false, limit: 10, maxBytes: 1 << 20 })
    const store = await it.store({ events: third })
    for await (const event of store.read()) {
      assert.ok(Object.isFrozen(event) && Object.isFrozen(event.data) && Object.isFrozen(named(event.data)['parts']))
    }
    const after = await it.backend.read([{}], { after: 0, upTo: 3, backwards: false, limit: 10, maxBytes: 1 << 20 })
    assert.deepEqual(after.lines, before.lines)
  },

  'evolution: an omitted version is the declared current one; undeclared types pass, at version 1': async (it) => {
    const store = await it.store({ events: third })
    await store.append('p', { type: 'person_named', data: { full: 'x', parts: [] } })
    await store.append('p', { type: 'undeclared', data: 1 })
    await store.append('p', { type: 'undeclared', version: 7, data: 1 })
    assert.deepEqual(
      (await collect(store.read({ raw: true }))).map((event) => event.version),
      [3, 1, 7],
    )
  },

  'evolution: a version newer than declared is refused': async (it) => {
    const store = await it.store({ events: first })
    const event = { type: 'person_named', version: 2, data: { full: 'x' } }
    await failsWith('event-invalid', () => store.append('p', [{ type: 'person_named', data: 1 }, event] as never), {
      index: 1,
      pointer: '/version',
    })
    assert.equal(await store.head(), 0)
  },

  'evolution: a repeat in the version that was recorded is a repeat, though a newer one has been declared since':
    async (it) => {
      const event = { id: 'i', type: 'person_named', version: 1, data: { name: 'Ann Lee' } }
      const before = await it.store({ events: first })
      await before.append('p', event)
      const store = await it.store({ events: third })
      const again = await store.append('p', event)
      assert.deepEqual([again.duplicate, again.first], [true, 1])
    },

  'evolution: a recorded version newer than declared fails when read, by name and place; raw it can be read': async (
    it,
  ) => {
    await ofEveryVersion(it)
    const store = await it.store({ events: first })
    const facts = { type: 'person_named', version: 2, declared: 1, position: 2 }
    await failsWith('version-newer', () => collect(store.read()), facts)
    assert.equal((await collect(store.read({ raw: true }))).length, 3)
    assert.equal((await store.event(1))?.version, 1)
  },

  'evolution: an upcast that fails names the place, and harms nothing': async (it) => {
    await ofEveryVersion(it)
    const upcast = {
      1: (): Json => {
        throw new Error('not this one')
      },
      2: (data: Json) => data,
    }
    const store = await it.store({ events: defineEvents({ person_named: { version: 3, upcast } }) })
    const error = await failsWith('upcast-failed', () => collect(store.read()), {
      type: 'person_named',
      version: 1,
      position: 1,
    })
    assert.match(String(error.cause), /not this one/)
    assert.deepEqual(dataOf(await collect(store.read({ after: 1 }))), [{ full: 'Bo Ek' }, today[2]])
  },

  'evolution: data that does not fit the declared JSON Schema is refused, with its pointer': async (it) => {
    const schema = { type: 'object', required: ['minutes'], properties: { minutes: { type: 'integer', minimum: 1 } } }
    const store = await it.store({ events: defineEvents({ visit_logged: { version: 1, schema } }) })
    assertAppended(await store.append('a', { type: 'visit_logged', data: { minutes: 1 } }))
    await failsWith('event-invalid', () => store.append('a', { type: 'visit_logged', data: { minutes: 0 } }), {
      index: 0,
      pointer: '/data/minutes',
    })
    await failsWith('event-invalid', () => store.append('a', { type: 'visit_logged', data: {} }), {
      index: 0,
      pointer: '/data',
    })
    assert.equal(await store.head(), 1)
  },

  'evolution: data that does not fit a Standard Schema is refused, with its pointer': async (it) => {
    const validate = (value: unknown) =>
      typeof value === 'object' && value !== null && 'name' in value
        ? { value }
        : { issues: [{ message: 'a name is needed', path: ['name'] }] }
    const schema = { '~standard': { version: 1 as const, vendor: 'the suite', validate } }
    const store = await it.store({ events: defineEvents({ person_named: { version: 1, schema } }) })
    assertAppended(await store.append('a', { type: 'person_named', data: { name: 'Ann' } }))
    const error = await failsWith('event-invalid', () => store.append('a', { type: 'person_named', data: {} }), {
      index: 0,
      pointer: '/data/name',
    })
    assert.match(error.message, /a name is needed/)
  },
}

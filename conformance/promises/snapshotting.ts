/** Promises of snapshots: they save work, and change no answer. */
import assert from 'node:assert/strict'
import {
  defineEvents,
  defineProjection,
  type Backend,
  type Projection,
  type RecordedEvent,
  type Selection,
  type Store,
} from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/around-backend.js'
import type { Case, Promises } from '../case.js'
import { failsWith, range } from '../expectations.js'
import { note, notes } from '../samples.js'

interface Tally {
  count: number
  last: string | null
  readonly seen: number[]
}

/** Changes its state in place, as projections may. */
const tallyOf = (version: number | string, name = 'tally'): Projection<Tally> =>
  defineProjection<Tally>({
    name,
    version,
    initial: () => ({ count: 0, last: null, seen: [] }),
    on: {
      note_taken: (state: Tally, event: RecordedEvent) => {
        state.count++
        state.last = (event.data as { readonly text: string }).text
        state.seen.push(event.position)
        return state
      },
    },
  })

const tally = tallyOf(1)

/** Writes down after which positions events are read. */
function watched(it: Case): { readonly backend: Backend; readonly afters: number[] } {
  const afters: number[] = []
  const backend: Backend = {
    ...aroundBackend(it.backend, justCall),
    read: (matcher, page) => {
      if (!page.backwards) afters.push(page.after)
      return it.backend.read(matcher, page)
    },
  }
  return { backend, afters }
}

/** Opening that fails lets go of the backend, which the case still needs. */
const notToBeClosed = (it: Case): Backend => ({ ...aroundBackend(it.backend, justCall), close: async () => {} })

const positionsOf = async (store: Store, name?: string): Promise<number[]> =>
  (await store.snapshots.list(name)).map(({ position }) => position)

/** Saving goes on in the background. */
async function settled(store: Store, expected: readonly number[]): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if ((await positionsOf(store)).join() === expected.join()) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  assert.deepEqual(await positionsOf(store), expected)
}

/** The key of the one kind of snapshot there is. */
async function keyIn(backend: Backend): Promise<string> {
  const [info] = await backend.snapshots.list()
  assert.ok(info)
  return info.key
}

export const snapshottingPromises: Promises = {
  'snapshot: a fold goes on from the newest one, and reads only what came after it': async (it) => {
    const { backend, afters } = watched(it)
    const store = await it.storeOver(backend)
    await store.append('a', notes(3))
    await store.snapshots.take(tally)
    await store.append('a', notes(2))
    const taken = await store.snapshots.take(tally)
    assert.deepEqual([taken.name, taken.version, taken.position], ['tally', 1, 5])
    await store.append('a', notes(1, 'last'))
    afters.length = 0
    const { state, position } = await store.project(tally)
    assert.deepEqual([state.count, state.last, state.seen, position], [6, 'last 1', range(1, 6), 6])
    assert.deepEqual([...new Set(afters)], [5])
  },

  'snapshot: from every one and from none the same is folded, twice, at every position': async (it) => {
    const store = await it.store()
    const selections: readonly Selection[] = [{}, { stream: 's1' }, { any: [{ tags: ['k:1'] }, { stream: 's0' }] }]
    for (let i = 0; i < 8; i++) {
      await store.append(
        `s${i % 2}`,
        notes(2, `n${i}`, (n) => ({ tags: [`k:${(i + n) % 3}`] })),
      )
    }
    const expected = new Map<string, unknown>()
    const projectAll = async (check: (place: string, projected: unknown) => void): Promise<void> => {
      for (const [s, selection] of selections.entries()) {
        for (const at of range(0, 16)) check(`${s}@${at}`, await store.project(tally, { ...selection, at }))
      }
    }
    await projectAll((place, projected) => expected.set(place, projected))
    const other = await it.storeOver(it.backend)
    for (const selection of selections) await other.snapshots.take(tally, selection)
    for (let i = 0; i < 4; i++) {
      await store.append('s0', note('more'))
      for (const selection of selections) await store.snapshots.take(tally, selection)
    }
    assert.equal((await store.snapshots.list()).length, 15)
    for (let twice = 0; twice < 2; twice++) {
      await projectAll((place, projected) => assert.deepEqual(projected, expected.get(place), place))
    }
  },

  'snapshot: one of another version of the projection, or of an event type, is left alone': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    await store.snapshots.take(tally)
    const { backend, afters } = watched(it)
    const upcast = { 1: () => ({ text: 'upcast' }) }
    const declared = defineEvents({ note_taken: { version: 2, upcast } })
    const newer = await it.storeOver(backend, { events: declared })
    assert.deepEqual((await newer.project(tally)).state.last, 'upcast')
    const plain = await it.storeOver(backend)
    for (const version of [2, '1']) assert.equal((await plain.project(tallyOf(version))).state.count, 3)
    assert.equal((await plain.project(tallyOf(1, 'other'))).state.count, 3)
    assert.equal((await plain.project(tally, { stream: 'a' })).state.count, 3)
    assert.deepEqual([...new Set(afters)], [0])
    afters.length = 0
    await plain.project(tally)
    assert.deepEqual(afters, [], 'the one that fits is at the head')
  },

  'snapshot: the same selection in other words finds it': async (it) => {
    const { backend, afters } = watched(it)
    const store = await it.storeOver(backend)
    await store.append(
      'a',
      notes(3, 'n', () => ({ tags: ['x:1', 'y:1'] })),
    )
    await store.snapshots.take(tally, { tags: ['x:1', 'y:1'], any: [{ stream: 'a' }, { types: ['note_taken', 'z'] }] })
    afters.length = 0
    const selection = {
      any: [{ types: ['z', 'note_taken', 'z'] }, { stream: 'a', streamPrefix: '' }],
      tags: ['y:1', 'x:1'],
    }
    assert.equal((await store.project(tally, selection)).state.count, 3)
    assert.deepEqual(afters, [])
  },

  'snapshot: taken twice at one place it is saved once, and stays when another version is taken there': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    const first = await store.snapshots.take(tally)
    assert.deepEqual(await store.snapshots.take(tally), first)
    assert.deepEqual(await store.snapshots.list(), [first])
    const second = await store.snapshots.take(tallyOf(2))
    assert.deepEqual([second.version, await store.snapshots.list()], [2, [first, second]])
    const upcast = { 1: () => ({ text: 'upcast' }) }
    const declared = await it.storeOver(it.backend, { events: defineEvents({ note_taken: { version: 2, upcast } }) })
    await declared.snapshots.take(tally)
    assert.equal((await store.snapshots.list()).length, 3)
    await Promise.all(range(1, 10).map(() => store.snapshots.take(tally, { stream: 'a' })))
    assert.equal((await store.snapshots.list()).length, 4)
    const { backend, afters } = watched(it)
    const reading = await it.storeOver(backend)
    // Opening looks whether the log is sealed.
    afters.length = 0
    for (const version of [1, 2]) assert.equal((await reading.project(tallyOf(version))).state.last, 'a 3')
    assert.deepEqual(afters, [], 'each goes on from its own')
  },

  'snapshot: list gives those of one projection, or all, oldest first': async (it) => {
    const store = await it.store()
    assert.deepEqual(await store.snapshots.list(), [])
    for (let i = 0; i < 3; i++) {
      await store.append('a', note('x'))
      await store.snapshots.take(tally)
      await store.snapshots.take(tallyOf('v2', 'Zählung “2”'), { stream: 'a' })
    }
    assert.deepEqual(await positionsOf(store), [1, 1, 2, 2, 3, 3])
    const [first, ...others] = await store.snapshots.list('Zählung “2”')
    const { bytes = 0, ...facts } = first ?? {}
    assert.deepEqual(facts, { name: 'Zählung “2”', version: 'v2', selection: { stream: 'a' }, position: 1 })
    assert.ok(bytes > 0 && others.length === 2)
    assert.deepEqual(await store.snapshots.list('tall'), [])
  },

  'snapshot: a state that JSON would change is refused with its pointer, and nothing is saved': async (it) => {
    const store = await it.store()
    const cases: readonly (readonly [string, unknown])[] = [
      ['', undefined],
      ['', new Map()],
      ['/a', { a: undefined }],
      ['/a/0', { a: [-0] }],
      ['/a~1b', { 'a/b': NaN }],
      ['/at', { at: new Date(0) }],
      ['/d', { d: Object.create(null) as unknown }],
      ['/big', { big: 1n }],
      ['/text', { text: '\ud800' }],
      ['', Object.defineProperty({}, 'hidden', { value: 1 })],
    ]
    for (const [pointer, state] of cases) {
      const projection = defineProjection({ name: 'odd', version: 1, initial: () => state, on: {} })
      const error = await failsWith('state-invalid', () => store.snapshots.take(projection), {
        projection: 'odd',
        pointer,
      })
      assert.equal(error.written, 'no')
    }
    assert.deepEqual(await store.snapshots.list(), [])
  },

  'snapshot: a state that was saved is a new one for each fold, which may change it': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    await store.snapshots.take(tally)
    const { state } = await store.project(tally)
    state.seen.push(99)
    await store.append('a', note('x'))
    for (let i = 0; i < 3; i++) assert.deepEqual((await store.project(tally)).state.seen, [1, 2, 3])
  },

  'snapshot: of each kind the newest are kept, as many as `keep` says': async (it) => {
    const store = await it.store({ snapshots: { keep: 2 } })
    for (let i = 0; i < 5; i++) {
      await store.append('a', note('x'))
      await store.snapshots.take(tally)
      if (i < 2) await store.snapshots.take(tally, { stream: 'a' })
    }
    assert.deepEqual(await positionsOf(store), [1, 2, 4, 5])
    for (const at of range(0, 5)) assert.equal((await store.project(tally, { at })).state.count, at)
  },

  'snapshot: with `everyEvents` no read saves one, the next append does': async (it) => {
    const store = await it.store({ snapshots: { everyEvents: 4 } })
    await store.append('a', notes(3))
    await store.project(tally)
    await store.append('a', note('x'))
    for (let i = 0; i < 3; i++) await store.project(tally)
    await store.project(tally, { stream: 'a' })
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual(await positionsOf(store), [])
    await store.append('b', note('x'))
    await settled(store, [4, 4])
    await store.append('b', notes(3))
    await store.project(tally)
    await store.append('b', note('x'))
    await settled(store, [4, 4, 8])
    assert.deepEqual((await store.project(tally)).state.seen, range(1, 9))
  },

  'snapshot: with `everyEvents` a page of a subscription saves what is due, too': async (it) => {
    const store = await it.store({ snapshots: { everyEvents: 2 } })
    await store.append('a', notes(3))
    await store.project(tally)
    const subscription = await store.subscribe('reader', {}, () => {})
    await subscription.whenAt(3)
    await settled(store, [3])
    await subscription.close()
  },

  'snapshot: with `everyEvents` the state is that of the fold, whatever its caller does with it': async (it) => {
    const store = await it.store({ snapshots: { everyEvents: 1 } })
    await store.append('a', notes(2))
    const { state } = await store.project(tally)
    state.count = 1000
    state.seen.length = 0
    await store.append('a', note('x'))
    await settled(store, [2])
    assert.deepEqual((await store.project(tally)).state, { count: 3, last: 'x', seen: [1, 2, 3] })
  },

  'snapshot: deciding takes them too, and what cannot be saved harms neither decision nor append': async (it) => {
    const store = await it.store({ snapshots: { everyEvents: 3 } })
    const dated = defineProjection({
      name: 'dated',
      version: 1,
      initial: () => new Set<number>(),
      on: { note_taken: (state: Set<number>, event: RecordedEvent) => state.add(event.position) },
    })
    for (let i = 1; i <= 8; i++) {
      await store.decide('a', tally, (state) => [note(`${state.count}`)])
      await store.decide('b', dated, (state) => [note(`${state.size}`)])
    }
    await store.append('c', note('x'))
    for (let turn = 0; turn < 2000 && (await positionsOf(store)).length === 0; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    const listed = await store.snapshots.list()
    assert.ok(listed.length > 0 && listed.every(({ name }) => name === 'tally'))
    assert.deepEqual((await store.project(dated, { stream: 'b' })).state.size, 8)
  },

  'snapshot: a malformed newest one is fatal when opening, unless it is to be rebuilt': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    await store.snapshots.take(tally)
    const key = await keyIn(it.backend)
    await store.append('a', notes(2))
    for (const text of ['', 'null', '{}', '[1]', '{"name":"tally"}', `{"position":5,"state":{}}`]) {
      await it.backend.snapshots.put({ key, position: 5 }, text)
      const facts = { key, position: 5 }
      const error = await failsWith('snapshot-malformed', () => it.storeOver(notToBeClosed(it)), facts, text)
      assert.match(error.hint ?? '', /rebuild/)
      const rebuilt = await it.storeOver(it.backend, { snapshots: { rebuild: true } })
      assert.deepEqual(await positionsOf(rebuilt), [3])
      assert.deepEqual((await rebuilt.project(tally)).state.seen, range(1, 5))
    }
  },

  'snapshot: to rebuild, every malformed one is removed, not only the newest': async (it) => {
    const store = await it.store()
    for (let i = 0; i < 5; i++) {
      await store.append('a', note('x'))
      await store.snapshots.take(tally)
    }
    const key = await keyIn(it.backend)
    for (const position of [1, 3]) {
      await it.backend.snapshots.remove({ key, position })
      await it.backend.snapshots.put({ key, position }, '{')
    }
    const opened = await it.storeOver(it.backend)
    await failsWith('snapshot-malformed', () => opened.snapshots.list(), { key })
    const rebuilt = await it.storeOver(it.backend, { snapshots: { rebuild: true } })
    assert.deepEqual(await positionsOf(rebuilt), [2, 4, 5])
    for (const at of range(0, 5)) assert.equal((await rebuilt.project(tally, { at })).state.count, at)
  },

  'snapshot: a malformed one fails the list of its projection, and that of no other': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    await store.snapshots.take(tally)
    await store.snapshots.take(tallyOf(1, 'other'))
    const [place] = (await it.backend.snapshots.list()).filter(({ key }) => key.includes('other'))
    assert.ok(place)
    const malformed = [place.key, 'none of ours'].map((key) => ({ key, position: 1 }))
    for (const one of malformed) await it.backend.snapshots.put(one, '{')
    assert.deepEqual(await positionsOf(store, 'tally'), [2])
    await failsWith('snapshot-malformed', () => store.snapshots.list('other'), { key: place.key, position: 1 })
    await failsWith('snapshot-malformed', () => store.snapshots.list())
    for (const one of malformed) await it.backend.snapshots.remove(one)
  },

  'snapshot: one that is of something else than its place says is malformed': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    await store.snapshots.take(tally)
    const key = await keyIn(it.backend)
    const text = await it.backend.snapshots.read({ key, position: 3 })
    for (const place of [
      { key, position: 2 },
      { key: key.replace('tally', 'other'), position: 3 },
      { key: 'none of ours', position: 3 },
    ]) {
      await it.backend.snapshots.put(place, text ?? '')
      await failsWith('snapshot-malformed', () => store.snapshots.list(), place)
      await it.backend.snapshots.remove(place)
    }
    assert.deepEqual(await positionsOf(store), [3])
  },

  'snapshot: an older malformed one fails the fold that would go on from it, and no other': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    await store.snapshots.take(tally)
    const key = await keyIn(it.backend)
    await it.backend.snapshots.put({ key, position: 1 }, '{')
    const opened = await it.storeOver(it.backend)
    assert.equal((await opened.project(tally)).state.count, 2)
    await failsWith('snapshot-malformed', () => opened.project(tally, { at: 1 }), { key, position: 1 })
    assert.equal((await opened.project(tally, { at: 0 })).state.count, 0)
    await it.backend.snapshots.remove({ key, position: 1 })
    assert.equal((await opened.project(tally, { at: 1 })).state.count, 1)
  },

  'snapshot: one beyond the head is of a longer log, and refused when opening': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    await store.snapshots.take(tally)
    const key = await keyIn(it.backend)
    const text = (await it.backend.snapshots.read({ key, position: 2 })) ?? ''
    await it.backend.snapshots.put({ key, position: 7 }, text.replace('"position":2', '"position":7'))
    await failsWith('snapshot-malformed', () => it.storeOver(notToBeClosed(it)), { position: 7, expected: 2 })
    const rebuilt = await it.storeOver(it.backend, { snapshots: { rebuild: true } })
    assert.deepEqual(await positionsOf(rebuilt), [2])
  },
}

/** Where what was saved outlives the process. */
export const savedPromises: Promises = {
  'snapshot: after opening again a fold goes on from it, and reads only what came after it': async (it) => {
    const store = await it.store()
    await store.append('a', notes(500))
    const taken = await store.snapshots.take(tally)
    await store.append('a', notes(2))
    const before = await store.project(tally)
    const again = await it.reopen()
    assert.deepEqual(await again.snapshots.list(), [taken])
    const { backend, afters } = watched(it)
    const reading = await it.storeOver(backend)
    afters.length = 0
    assert.deepEqual(await reading.project(tally), before)
    assert.deepEqual([...new Set(afters)], [500])
  },
}

/** Promises of `decide`: load, decide, append, guarded; and again when something has come between. */
import assert from 'node:assert/strict'
import { defineProjection, must, type NewEvent, type RecordedEvent } from '../../src/index.js'
import type { Promises } from '../case.js'
import { assertAppended, collect, conflictsOf, errorOf, failsWith, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

/** How many notes there are. */
const count = defineProjection({
  name: 'count',
  version: 1,
  initial: 0,
  on: { note_taken: (state: number) => state + 1 },
})

const seller = (event: RecordedEvent): string => (event.data as { readonly by: string }).by

/** Who has which seat. */
const sold = defineProjection({
  name: 'sold',
  version: 1,
  initial: () => [] as string[],
  on: {
    seat_sold: (state: string[], event: RecordedEvent) => {
      state.push(seller(event))
      return state
    },
  },
})

const seatSold = (by: string, seat = 1): NewEvent => ({ type: 'seat_sold', data: { by }, tags: [`seat:${seat}`] })

export const decidingPromises: Promises = {
  'decide: over a stream, what is decided on its state is appended to it': async (it) => {
    const store = await it.store()
    const first = await store.decide('a', count, (state, at) => [note(`${state} ${at.revision} ${at.position}`)])
    assertAppended(first)
    assert.deepEqual([first.first, first.count, first.revision], [1, 1, 1])
    await store.append('b', notes(2))
    await store.decide('a', count, (state, at) => [note(`${state} ${at.revision} ${at.position}`), note('x')])
    const events = await collect(store.read({ stream: 'a' }))
    assert.deepEqual(
      events.map(({ data }) => (data as { readonly text: string }).text),
      ['0 0 0', '1 1 3', 'x'],
    )
  },

  'decide: nothing decided is an answer with count 0 and the current revision, and nothing is written': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    const nothing = { ok: true, first: 0, last: 0, count: 0, ids: [], revisions: {}, duplicate: false }
    assert.deepEqual(await store.decide('a', count, () => []), { ...nothing, revision: 2 })
    assert.deepEqual(await store.decide('new', count, async () => []), { ...nothing, revision: 0 })
    const overQuery = { stream: 'a', query: { tags: ['k:v'] } }
    assert.deepEqual(await store.decide(overQuery, count, () => []), { ...nothing, revision: 2 })
    assert.equal(await store.head(), 2)
  },

  'decide: of fifty who sell the last three seats at the same time, three do': async (it) => {
    const store = await it.store()
    const answers = await Promise.all(
      range(1, 50).map((i) =>
        store.decide('show', sold, (state) => (state.length < 3 ? [seatSold(`clerk ${i}`)] : []), { retries: 60 }),
      ),
    )
    const sales = answers.filter((answer) => answer.ok && answer.count === 1)
    assert.equal(sales.length, 3)
    assert.equal(answers.filter((answer) => answer.ok && answer.count === 0).length, 47)
    assert.equal(await store.revision('show'), 3)
  },

  'decide: over a query, of fifty who sell one seat into streams of their own, one does': async (it) => {
    const store = await it.store()
    const answers = await Promise.all(
      range(1, 50).map((i) => {
        const target = { stream: `clerk-${i}`, query: { tags: ['seat:1'] } }
        return store.decide(target, sold, (state) => (state.length === 0 ? [seatSold(`clerk ${i}`)] : []))
      }),
    )
    assert.equal(answers.filter((answer) => answer.ok && answer.count === 1).length, 1)
    assert.ok(answers.every((answer) => answer.ok))
    assert.deepEqual(await positionsOf(store.read({ tags: ['seat:1'] })), [1])
  },

  'decide: over a query, other seats are sold meanwhile without a conflict': async (it) => {
    const store = await it.store()
    const answers = await Promise.all(
      range(1, 30).map((i) => {
        const target = { stream: `seat-${i}`, query: { tags: [`seat:${i}`] } }
        return store.decide(target, sold, (state) => (state.length === 0 ? [seatSold('ann', i)] : []), { retries: 0 })
      }),
    )
    assert.ok(answers.every((answer) => answer.ok && answer.count === 1))
    assert.equal(await store.head(), 30)
  },

  'decide: what the decision throws passes through, and nothing is written': async (it) => {
    const store = await it.store()
    const reason = new Error('sold out')
    const thrown = await errorOf(() =>
      store.decide('a', count, () => {
        throw reason
      }),
    )
    const rejected = await errorOf(() => store.decide('a', count, () => Promise.reject(reason)))
    assert.ok(thrown === reason && rejected === reason)
    assert.equal(await store.head(), 0)
  },

  'decide: ids that are chosen make a repeated decision harmless': async (it) => {
    const store = await it.store()
    const once = () => store.decide('a', count, () => [note('x', { id: 'request-1' })])
    const [first, second] = [await once(), await once()]
    assertAppended(first)
    assertAppended(second)
    assert.deepEqual([first.duplicate, second.duplicate, second.first], [false, true, 1])
    assert.equal(await store.head(), 1)
  },

  'decide: what makes no sense is refused before anything is decided': async (it) => {
    const store = await it.store()
    const never = (): never => assert.fail('it was asked to decide')
    for (const options of [
      { retries: -1 },
      { retries: 1.5 },
      { retries: 1001 },
      { retries: '3' },
      { retry: 1 },
      null,
    ]) {
      const error = await failsWith('options-invalid', () => store.decide('a', count, never, options as never))
      assert.equal(error.written, 'no')
    }
    for (const target of [null, 7, { stream: 'a' }, { stream: 'a', query: {}, at: 1 }]) {
      await failsWith('options-invalid', () => store.decide(target as never, count, never), {}, JSON.stringify(target))
    }
    for (const target of ['', 'a\n', { stream: '', query: {} }, { stream: 'a', query: { type: 'x' } }]) {
      const error = await failsWith('query-invalid', () => store.decide(target as never, count, never))
      assert.equal(error.written, 'no')
    }
    await failsWith('options-invalid', () => store.decide('a', count, undefined as never))
    await failsWith('options-invalid', () => store.decide('a', {} as never, never))
    assert.equal(await store.head(), 0)
  },

  'decide: what is decided must be a list of events that can be recorded': async (it) => {
    const store = await it.store()
    for (const wrong of [undefined, null, note('x'), 'x']) {
      await failsWith('event-invalid', () => store.decide('a', count, () => wrong as never), { index: 0, pointer: '' })
    }
    await failsWith('event-invalid', () => store.decide('a', count, () => [note('x'), { type: '', data: 1 }]), {
      index: 1,
      pointer: '/type',
    })
    await failsWith('event-invalid', () => store.decide('$own', count, () => [note('x')]))
    assert.equal(await store.head(), 0)
  },

  'decide: a target that is changed while the decision goes on is the one that was given': async (it) => {
    const store = await it.store()
    const target = { stream: 'a', query: { tags: ['seat:1'] } }
    const answer = await store.decide(target, sold, (state) => {
      target.stream = 'b'
      target.query.tags[0] = 'seat:2'
      return state.length === 0 ? [seatSold('ann')] : []
    })
    assertAppended(answer)
    assert.deepEqual(answer.revisions, { a: 1 })
  },
}

/** Of each try, so only where no call has to be repeated. */
export const decidingAgainPromises: Promises = {
  'decide: the guard of a query is the whole query, handled by the projection or not': async (it) => {
    const store = await it.store()
    const target = { stream: 'a', query: { tags: ['seat:1'] } }
    let tries = 0
    const answer = await store.decide(target, sold, async () => {
      if (++tries === 1) await store.append('b', note('a hold', { tags: ['seat:1'] }))
      return [seatSold('ann')]
    })
    assertAppended(answer)
    assert.deepEqual([tries, answer.first], [2, 2])
  },

  'decide: after a conflict it decides again, on the new state, as often as `retries` says': async (it) => {
    const store = await it.store()
    for (const [retries, expected] of [
      [undefined, 4],
      [0, 1],
      [7, 8],
    ] as const) {
      const stream = `s${String(retries)}`
      const states: number[] = []
      const answer = await store.decide(
        stream,
        count,
        async (state) => {
          states.push(state)
          await store.append(stream, note('in between'))
          return [note('mine')]
        },
        retries === undefined ? {} : { retries },
      )
      const [conflict] = conflictsOf(answer)
      assert.deepEqual(states, range(0, expected - 1))
      assert.deepEqual([conflict?.kind, conflict?.actual, conflict?.events.length], ['revision', expected, 1])
      assert.equal(await store.revision(stream), expected)
    }
  },

  'decide: over a query the last conflict says what came between': async (it) => {
    const store = await it.store()
    const target = { stream: 'a', query: { tags: ['seat:1'] } }
    const answer = await store.decide(
      target,
      sold,
      async () => {
        await store.append('b', seatSold('bob'))
        return [seatSold('ann')]
      },
      { retries: 2 },
    )
    const [conflict] = conflictsOf(answer)
    assert.deepEqual(
      [conflict?.kind, conflict?.actual, conflict?.expected],
      ['query', 3, { query: target.query, after: 2 }],
    )
    assert.deepEqual(conflict?.events.map(seller), ['bob'])
    assert.throws(() => must(answer), { code: 'conflict' })
  },

  'decide: each try is given a state of its own, which it may change, and a frozen place': async (it) => {
    const store = await it.store()
    await store.append('show', [seatSold('ann'), seatSold('bob')])
    const seen: unknown[] = []
    await store.decide('show', sold, async (state, at) => {
      seen.push([...state], Object.isFrozen(at))
      state.length = 0
      if (seen.length === 2) await store.append('show', seatSold('cy'))
      return [seatSold('di')]
    })
    assert.deepEqual(seen, [['ann', 'bob'], true, ['ann', 'bob', 'cy'], true])
    assert.deepEqual((await store.project(sold, { stream: 'show' })).state, ['ann', 'bob', 'cy', 'di'])
  },
}

/** Promises of `unless`: nothing that matches was recorded after what the caller has seen. */
import assert from 'node:assert/strict'
import type { Selection } from '../../src/index.js'
import type { Promises } from '../case.js'
import { assertAppended, conflictsOf, failsWith, positions, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

const seat = (name: string) => note(name, { type: 'seat_sold', tags: [`seat:${name}`, 'hall:1'] })

/** Selections over the three events below, and which of them they match. */
const table: readonly (readonly [Selection, readonly number[]])[] = [
  [{}, [1, 2, 3]],
  [{ stream: 'hall-1' }, [1, 2]],
  [{ stream: 'hall' }, []],
  [{ streamPrefix: 'hall-' }, [1, 2]],
  [{ streamPrefix: '' }, [1, 2, 3]],
  [{ types: ['seat_sold'] }, [1]],
  [{ types: ['seat_sold', 'seat_freed', 'never'] }, [1, 2]],
  [{ tags: ['seat:7'] }, [1, 2]],
  [{ tags: ['seat:7', 'class:2'] }, [2]],
  [{ tags: ['seat:7', 'class:1'] }, []],
  [{ tags: ['seat:'] }, []],
  [{ types: ['seat_freed', 'talk_given'], tags: ['seat:7'] }, [2]],
  [{ any: [{ tags: ['class:2'] }, { types: ['talk_given'] }] }, [2, 3]],
  [{ stream: 'hall-1', any: [{ types: ['seat_sold'] }, { types: ['talk_given'] }] }, [1]],
  [{ tags: ['seat:7'], any: [{ tags: ['class:2'] }, { stream: 'talks' }] }, [2]],
  [{ stream: 'hall-1', any: [{ stream: 'talks' }] }, []],
  [{ types: ['seat_sold'], any: [{ types: ['seat_freed'] }] }, []],
  [{ streamPrefix: 'hall', any: [{ streamPrefix: 'hall-1' }, { streamPrefix: 'hall-2' }] }, [1, 2]],
]

export const guardingPromises: Promises = {
  'unless: every member of a query, alone and together, decides as it does in `read`': async (it) => {
    const store = await it.store()
    await store.append('hall-1', note('sold', { type: 'seat_sold', tags: ['seat:7'] }))
    await store.append('hall-1', note('freed', { type: 'seat_freed', tags: ['seat:7', 'class:2'] }))
    await store.append('talks', note('talk', { type: 'talk_given' }))
    for (const [query, matching] of table) {
      const shown = JSON.stringify(query)
      assert.deepEqual(await positionsOf(store.read({ ...query, upTo: 3 })), matching, shown)
      for (const after of [0, 1, 2, 3]) {
        const left = matching.filter((position) => position > after)
        const head = await store.head()
        const result = await store.append('log', note('x', { type: 'try' }), {
          unless: { query, after },
        })
        // What this test itself has written matches only what matches everything.
        const written = range(4, head).filter(() => matching.length === 3)
        assert.equal(result.ok, left.length + written.length === 0, `${shown} after ${after}`)
        if (!result.ok) assert.equal(result.conflicts[0]?.actual, [...left, ...written].at(-1))
      }
    }
  },

  'unless: a refusal gives the last matching position, and what the caller has not seen of it': async (it) => {
    const store = await it.store()
    await store.append('hall', [seat('1'), seat('2'), seat('1'), seat('3')])
    const unless = { query: { tags: ['seat:1'] }, after: 1 }
    const conflicts = conflictsOf(await store.append('hall', seat('1'), { unless }))
    const event = await store.event(3)
    assert.deepEqual(conflicts, [{ kind: 'query', expected: unless, actual: 3, events: [event] }])
    assert.equal(await store.head(), 4)
  },

  'unless: `after` is exclusive: what the caller has seen does not count, the next event does': async (it) => {
    const store = await it.store()
    await store.append('hall', [seat('1'), seat('1')])
    const unless = (after: number) => ({ unless: { query: { tags: ['seat:1'] }, after } })
    assert.equal((await store.append('x', note('x'), unless(0))).ok, false)
    assert.equal((await store.append('x', note('x'), unless(1))).ok, false)
    assert.equal((await store.append('x', note('x'), unless(2))).ok, true)
    assert.equal((await store.append('x', note('x'), unless(3))).ok, true)
  },

  'unless: after 0 holds on an empty log, and for a query nothing matches': async (it) => {
    const store = await it.store()
    assertAppended(await store.append('a', note('x'), { unless: { query: {}, after: 0 } }))
    assertAppended(await store.append('a', note('x'), { unless: { query: { stream: 'b' }, after: 0 } }))
    assert.equal((await store.append('a', note('x'), { unless: { query: {}, after: 0 } })).ok, false)
  },

  'unless: an `after` beyond the head cannot have been seen, and is refused with the head': async (it) => {
    const store = await it.store()
    const at = (after: number) => ({ unless: { query: { stream: 'never' }, after } })
    await failsWith('condition-invalid', () => store.append('a', note('x'), at(1)), { head: 0 })
    await store.append('a', notes(3))
    assertAppended(await store.append('a', note('x'), at(3)))
    const error = await failsWith('condition-invalid', () => store.append('a', note('x'), at(5)), { head: 4 })
    assert.match(error.facts.pointer, /after$/)
    assert.equal(error.written, 'no')
    await failsWith('condition-invalid', () =>
      store.commit([{ stream: 'a', events: note('x') }], at(Number.MAX_SAFE_INTEGER)),
    )
    assert.equal(await store.head(), 4)
  },

  'unless: an `after` that is no position is refused': async (it) => {
    const store = await it.store()
    for (const after of [-1, 0.5, Number.NaN, '0', null, undefined]) {
      const unless = { query: {}, after: after as number }
      await failsWith('condition-invalid', () => store.append('a', note('x'), { unless }))
    }
    assert.equal(await store.head(), 0)
  },

  'unless: a commit’s own events never match, in no stream of it': async (it) => {
    const store = await it.store()
    const unless = { query: { tags: ['hall:1'] }, after: 0 }
    assertAppended(
      await store.commit(
        [
          { stream: 'a', events: [seat('1'), seat('2')] },
          { stream: 'b', events: seat('3') },
        ],
        { unless },
      ),
    )
    assert.equal((await store.append('a', seat('1'), { unless })).ok, false)
  },

  'unless: a refusal shows the newest 100 intervening events, oldest first': async (it) => {
    const store = await it.store()
    await store.append(
      'hall',
      range(1, 300).map((i) => (i % 2 === 0 ? seat(`${i}`) : note('between'))),
    )
    const query = { types: ['seat_sold'] }
    const [conflict] = conflictsOf(await store.append('hall', seat('x'), { unless: { query, after: 10 } }))
    assert.equal(conflict?.actual, 300)
    assert.deepEqual(
      positions(conflict.events),
      range(51, 150).map((half) => half * 2),
    )
    const [fewer] = conflictsOf(await store.append('hall', seat('x'), { unless: { query, after: 280 } }))
    assert.deepEqual(
      positions(fewer?.events ?? []),
      range(141, 150).map((half) => half * 2),
    )
  },

  'unless: a failed `expect` and a failed `unless` are both reported': async (it) => {
    const store = await it.store()
    await store.append('a', seat('1'))
    const unless = { query: { tags: ['seat:1'] }, after: 0 }
    const both = conflictsOf(await store.append('a', note('x'), { expect: 'new', unless }))
    assert.deepEqual(both.map((conflict) => [conflict.kind, conflict.actual]).sort(), [
      ['query', 1],
      ['revision', 1],
    ])
    const one = conflictsOf(await store.append('a', note('x'), { expect: 1, unless }))
    assert.deepEqual(
      one.map((conflict) => conflict.kind),
      ['query'],
    )
  },

  'unless: of those who sell the same seat at the same time, one does': async (it) => {
    const store = await it.store()
    const unless = { query: { tags: ['seat:7'] }, after: 0 }
    const results = await Promise.all(range(1, 25).map((i) => store.append(`clerk-${i}`, seat('7'), { unless })))
    assert.equal(results.filter((result) => result.ok).length, 1)
    assert.equal(await store.head(), 1)
    for (const result of results)
      if (!result.ok)
        assert.deepEqual(
          result.conflicts.map((c) => c.actual),
          [1],
        )
  },

  'unless: those who sell different seats at the same time all do': async (it) => {
    const store = await it.store()
    const sell = (i: number) =>
      store.append('hall', seat(`${i}`), { unless: { query: { tags: [`seat:${i}`] }, after: 0 } })
    const results = await Promise.all(range(1, 25).map(sell))
    assert.ok(results.every((result) => result.ok))
  },

  'unless: a condition and a matching event appended at the same time are judged in one order': async (it) => {
    const store = await it.store()
    for (let round = 1; round <= 10; round++) {
      const unless = { query: { tags: [`seat:${round}`] }, after: 0 }
      const [guarded, plain] = await Promise.all([
        store.append('g', note('guarded'), { unless }),
        store.append('p', seat(`${round}`)),
      ])
      // Either the condition came first, and the event stands after it, or it was refused because of the event.
      if (guarded.ok) assert.ok(guarded.first < plain.first)
      else assert.equal(guarded.conflicts[0]?.actual, plain.first)
    }
  },

  'unless: an empty `types`, `tags` or `any` is refused, never "everything"': async (it) => {
    const store = await it.store()
    for (const query of [{ types: [] }, { tags: [] }, { any: [] }, { any: [{ types: [] }] }]) {
      const error = await failsWith('condition-invalid', () =>
        store.append('a', note('x'), { unless: { query, after: 0 } }),
      )
      assert.equal(error.written, 'no')
    }
    assert.equal(await store.head(), 0)
  },

  'unless: what does not select by the envelope is refused: bounds, data, misspelt members': async (it) => {
    const store = await it.store()
    for (const query of [
      { after: 1 },
      { limit: 1 },
      { data: { a: 1 } },
      { tag: ['a:b'] },
      { any: [{ any: [{}] }] },
      null,
      'a',
    ]) {
      const unless = { query: query as Selection, after: 0 }
      await failsWith('condition-invalid', () => store.append('a', note('x'), { unless }))
    }
    assert.equal(await store.head(), 0)
  },
}

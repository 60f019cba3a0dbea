/** Promises of `expect`: what a stream's revision must be. */
import assert from 'node:assert/strict'
import { isPerdureError, must, type Expect } from '../../src/index.js'
import type { Promises } from '../case.js'
import { assertAppended, collect, conflictsOf, failsWith, range } from '../expectations.js'
import { note, notes } from '../samples.js'

/** Each expectation against a stream at revision 0 and one at revision 2: does it hold? */
const table: readonly (readonly [expect: Expect, atNone: boolean, atTwo: boolean])[] = [
  ['any', true, true],
  ['new', true, false],
  ['exists', false, true],
  [0, true, false],
  [1, false, false],
  [2, false, true],
  [3, false, false],
  [Number.MAX_SAFE_INTEGER, false, false],
]

export const expectingPromises: Promises = {
  'expect: every kind, against an empty stream and one of two events, in `append`': async (it) => {
    const store = await it.store()
    let stream = 0
    for (const [expect, atNone, atTwo] of table) {
      const [none, two] = [`n${++stream}`, `t${stream}`]
      await store.append(two, notes(2))
      const results = [await store.append(none, note('x'), { expect }), await store.append(two, note('x'), { expect })]
      assert.deepEqual(
        results.map((result) => result.ok),
        [atNone, atTwo],
        `expect: ${expect}`,
      )
      assert.deepEqual([await store.revision(none), await store.revision(two)], [Number(atNone), 2 + Number(atTwo)])
    }
  },

  'expect: every kind, against an empty stream and one of two events, in `commit`': async (it) => {
    const store = await it.store()
    let stream = 0
    for (const [expect, atNone, atTwo] of table) {
      const [none, two] = [`n${++stream}`, `t${stream}`]
      await store.append(two, notes(2))
      const first = await store.commit([{ stream: none, events: note('x'), expect }])
      const second = await store.commit([{ stream: two, events: note('x'), expect }])
      assert.deepEqual([first.ok, second.ok], [atNone, atTwo], `expect: ${expect}`)
    }
  },

  'expect: the default is `any`': async (it) => {
    const store = await it.store()
    for (const conditions of [{}, { expect: 'any' as const }])
      assertAppended(await store.append('a', note('x'), conditions))
    assertAppended(await store.commit([{ stream: 'a', events: note('x') }]))
    assert.equal(await store.revision('a'), 3)
  },

  // Two clerks read the same order at revision 1, then both try to ship it.
  'expect: the second writer to the same revision gets a conflict it can act on': async (it) => {
    const store = await it.store()
    await store.append('order-1', note('placed'), { expect: 'new' })
    assertAppended(await store.append('order-1', note('shipped by ann'), { expect: 1 }))
    const conflicts = conflictsOf(await store.append('order-1', note('shipped by bob'), { expect: 1 }))
    const events = await collect(store.read({ stream: 'order-1', afterRevision: 1 }))
    assert.deepEqual(conflicts, [{ kind: 'revision', stream: 'order-1', expected: 1, actual: 2, events }])
    assert.deepEqual(events[0]?.data, { text: 'shipped by ann' })
    assert.equal(await store.head(), 2)
  },

  'expect: a refusal gives the actual revision, and what the caller has not seen': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    for (const [expected, revisions] of [
      ['new', [1, 2, 3]],
      [1, [2, 3]],
      [2, [3]],
      [4, []],
    ] as const) {
      const [conflict] = conflictsOf(await store.append('a', note('x'), { expect: expected }))
      assert.equal(conflict?.actual, 3)
      assert.equal(conflict.expected, expected)
      assert.deepEqual(
        conflict.events.map((event) => event.revision),
        revisions,
        `expect: ${expected}`,
      )
    }
    const missing = conflictsOf(await store.append('b', note('x'), { expect: 'exists' }))
    assert.deepEqual(missing, [{ kind: 'revision', stream: 'b', expected: 'exists', actual: 0, events: [] }])
  },

  'expect: a refusal shows the newest 100 intervening events, oldest first': async (it) => {
    const store = await it.store()
    for (let i = 0; i < 13; i++)
      await store.commit([
        { stream: 'a', events: notes(10) },
        { stream: 'b', events: note('b') },
      ])
    const [conflict] = conflictsOf(await store.append('a', note('x'), { expect: 5 }))
    assert.deepEqual(
      conflict?.events.map((event) => event.revision),
      range(31, 130),
    )
    assert.ok(conflict.events.every((event) => event.stream === 'a'))
    const [exact] = conflictsOf(await store.append('a', note('x'), { expect: 30 }))
    assert.deepEqual(
      exact?.events.map((event) => event.revision),
      range(31, 130),
    )
    const [fewer] = conflictsOf(await store.append('a', note('x'), { expect: 31 }))
    assert.deepEqual(
      fewer?.events.map((event) => event.revision),
      range(32, 130),
    )
  },

  'expect: what a refusal shows ends with the revision it gives, though more is written meanwhile': async (it) => {
    const store = await it.store()
    await store.append('a', notes(150))
    const refusing = store.append('a', note('x'), { expect: 'new' })
    const later = range(1, 12).map(() => store.append('a', notes(10)))
    const [conflict] = conflictsOf(await refusing)
    assert.ok(conflict)
    const last = conflict.actual
    assert.deepEqual(
      conflict.events.map((event) => event.revision),
      range(last - 99, last),
    )
    await Promise.all(later)
  },

  'expect: every condition that failed is reported, in order, and those that held are not': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    await store.append('b', note('b'))
    const result = await store.commit([
      { stream: 'a', events: note('x'), expect: 1 },
      { stream: 'b', events: note('x'), expect: 1 },
      { stream: 'c', events: note('x'), expect: 'exists' },
      { stream: 'b', events: note('x'), expect: 1 },
    ])
    const failed = conflictsOf(result).map(
      (conflict) => conflict.kind === 'revision' && [conflict.stream, conflict.actual],
    )
    // The last write to b would have met what the second one had written.
    assert.deepEqual(failed, [
      ['a', 2],
      ['c', 0],
      ['b', 2],
    ])
  },

  'expect: writers who expect the same revision at the same time: one wins, the others learn of it': async (it) => {
    const store = await it.store()
    await store.append('a', note('first'))
    const results = await Promise.all(range(1, 20).map((i) => store.append('a', note(`${i}`), { expect: 1 })))
    assert.equal(results.filter((result) => result.ok).length, 1)
    const winner = await store.event(2)
    for (const result of results) {
      if (!result.ok)
        assert.deepEqual(
          result.conflicts.map((c) => [c.actual, c.events]),
          [[2, [winner]]],
        )
    }
    assert.equal(await store.head(), 2)
  },

  'expect: what is neither a kind nor a revision is refused as a condition': async (it) => {
    const store = await it.store()
    for (const expect of [-1, 1.5, Number.NaN, Infinity, 2 ** 53, 'none', '1', null, {}]) {
      const error = await failsWith('condition-invalid', () =>
        store.append('a', note('x'), { expect: expect as Expect }),
      )
      assert.equal(error.written, 'no')
      await failsWith('condition-invalid', () =>
        store.commit([{ stream: 'a', events: note('x'), expect: expect as Expect }]),
      )
    }
    assert.equal(await store.head(), 0)
  },

  'must: returns what was appended, and throws a refusal as an error with the code `conflict`': async (it) => {
    const store = await it.store()
    assert.equal(must(await store.append('a', note('x'), { expect: 'new' })).revision, 1)
    const refused = await store.append('a', note('x'), { expect: 'new' })
    assert.throws(
      () => must(refused),
      (error) => {
        assert.ok(isPerdureError(error) && error.code === 'conflict')
        assert.deepEqual(error.facts.conflicts, conflictsOf(refused))
        return true
      },
    )
  },
}

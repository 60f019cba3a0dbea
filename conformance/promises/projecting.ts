/** Promises of `project`: a fold of the log, at the head or at any point of its past. */
import assert from 'node:assert/strict'
import { defineProjection, type RecordedEvent } from '../../src/index.js'
import type { Promises } from '../case.js'
import { assertAppended, collect, range } from '../expectations.js'
import { note, notes } from '../samples.js'

const seen = defineProjection({
  name: 'seen',
  version: 1,
  initial: () => [] as number[],
  on: { note_taken: (state: number[], event: RecordedEvent) => [...state, event.position] },
})

export const projectingPromises: Promises = {
  'project: folds what it handles, in order, and says which head the answer reflects': async (it) => {
    const store = await it.store()
    const empty = await store.project(seen)
    assert.deepEqual([empty.state, empty.position], [[], 0])
    await store.append('a', notes(3))
    await store.append('b', [note('other', { type: 'other' }), note('x')])
    await store.append('b', note('last', { type: 'other' }))
    const { state, position } = await store.project(seen)
    assert.deepEqual([state, position], [[1, 2, 3, 5], 6])
  },

  'project: over a selection; for a stream with its revision': async (it) => {
    const store = await it.store()
    await store.append('a', notes(2))
    await store.append('b', note('x', { tags: ['k:v'] }))
    await store.append('a', note('x', { type: 'other' }))
    const ofStream = await store.project(seen, { stream: 'a' })
    assert.deepEqual([ofStream.state, ofStream.position, ofStream.revision], [[1, 2], 4, 3])
    const tagged = await store.project(seen, { tags: ['k:v'] })
    assert.deepEqual([tagged.state, tagged.position], [[3], 4])
  },

  'project: at every position it is the fold of that prefix': async (it) => {
    const store = await it.store()
    for (let i = 0; i < 6; i++) await store.append(`s${i % 2}`, [note('x'), note('y', { type: 'other' })])
    const events = await collect(store.read())
    for (const at of range(0, 12)) {
      const expected = events
        .filter((event) => event.position <= at && event.type === 'note_taken')
        .map((event) => event.position)
      const { state, position } = await store.project(seen, { at })
      assert.deepEqual([state, position], [expected, at])
      const ofStream = await store.project(seen, { at, stream: 's1' })
      assert.deepEqual(
        ofStream.state,
        expected.filter((place) => events[place - 1]?.stream === 's1'),
      )
    }
  },

  'project: at a time it is the fold of what was recorded by then': async (it) => {
    const store = await it.store()
    for (let i = 0; i < 4; i++) {
      await store.append('a', note('x'))
      it.clock.advance(1000)
    }
    for (const [ms, expected] of [
      [-1, []],
      [0, [1]],
      [999, [1]],
      [1000, [1, 2]],
      [86_400_000, [1, 2, 3, 4]],
    ] as const) {
      const at = new Date(Date.UTC(2026, 0, 1) + ms)
      assert.deepEqual((await store.project(seen, { at })).state, expected)
    }
  },

  'project: twice gives the same; a folded state is not shared with the next fold': async (it) => {
    const store = await it.store()
    await store.append('a', notes(3))
    const collecting = defineProjection({
      name: 'mutating',
      version: 1,
      initial: () => ({ count: 0 }),
      on: {
        note_taken: (state: { count: number }) => {
          state.count++
          return state
        },
      },
    })
    for (let i = 0; i < 3; i++) assert.deepEqual((await store.project(collecting)).state, { count: 3 })
  },

  'project: its position is the right `after` for a guarded append': async (it) => {
    const store = await it.store()
    await store.append('a', note('x', { tags: ['seat:1'] }))
    const { position } = await store.project(seen, { tags: ['seat:1'] })
    const unless = { query: { tags: ['seat:1'] }, after: position }
    assertAppended(await store.append('b', note('x', { tags: ['seat:1'] }), { unless }))
    assert.equal((await store.append('b', note('x'), { unless })).ok, false)
  },
}

/** Promises about the moment of a call: the order in which calls are judged, and what was given in it. A repeated call is a later one. */
import assert from 'node:assert/strict'
import type { Promises } from '../case.js'
import { conflictsOf, failsWith, positions, range } from '../expectations.js'
import { note, notes } from '../samples.js'

const seat = (name: string) => note(name, { type: 'seat_sold', tags: [`seat:${name}`] })

export const momentPromises: Promises = {
  'expect: appends that each expect the one before are all written when made at once, in order': async (it) => {
    const store = await it.store()
    const results = await Promise.all(
      range(0, 19).map((revision) => store.append('a', note('x'), { expect: revision })),
    )
    assert.deepEqual(
      results.map((result) => result.ok && result.revision),
      range(1, 20),
    )
  },

  'close: appends under way are finished first, and answered': async (it) => {
    const store = await it.store()
    const appending = range(1, 40).map((i) => store.append(`s${i % 3}`, notes(2)))
    await store.close()
    const results = await Promise.all(appending)
    assert.deepEqual(
      results.flatMap(({ first, last }) => range(first, last)).sort((a, b) => a - b),
      range(1, 80),
    )
    await it.close()
  },

  'append: what is recorded is what was given, though the caller changes its objects while it waits': async (it) => {
    const store = await it.store()
    const given = { type: 't', data: { text: 'given' }, tags: ['k:given'], meta: { text: 'given' } }
    const events = [given]
    const appending = store.append('a', events)
    given.data.text = given.meta.text = 'changed'
    given.tags.push('k:changed')
    events.push(given)
    assert.equal((await appending).count, 1)
    const event = await store.event(1)
    assert.deepEqual([event?.data, event?.meta, event?.tags], [{ text: 'given' }, { text: 'given' }, ['k:given']])
  },

  'unless: is judged as it was given, though the caller changes its object while it waits': async (it) => {
    const store = await it.store()
    await store.append('hall', seat('1'))
    const tags = ['seat:1']
    const query: { tags: string[]; types?: string[] } = { tags }
    const unless = { query, after: 0 }
    const appending = store.append('hall', seat('1'), { unless })
    tags[0] = 'seat:2'
    query.types = ['never']
    unless.after = 1
    const [conflict] = conflictsOf(await appending)
    assert.deepEqual(conflict?.expected, { query: { tags: ['seat:1'] }, after: 0 })
    assert.deepEqual(positions(conflict?.events ?? []), [1])
  },

  'repeat: is compared as it was given, though the caller changes its object while it waits': async (it) => {
    const store = await it.store()
    await store.append('a', note('1', { id: 'i' }))
    const given = { id: 'i', type: 'note_taken', data: { text: '1' } }
    const again = store.append('a', given)
    given.data.text = 'changed'
    assert.equal((await again).duplicate, true)
    given.data.text = 'other'
    const other = store.append('a', given)
    given.data.text = '1'
    await failsWith('id-reused', other)
  },

  'refused: a getter is asked once: what was checked is what is recorded': async (it) => {
    const store = await it.store()
    let asked = 0
    const data = {
      get n() {
        return asked++ === 0 ? 'first' : Number.NaN
      },
    }
    await store.append('a', { type: 't', data })
    assert.deepEqual((await store.event(1))?.data, { n: 'first' })
  },

  'group: commits are written in the order in which they were made': async (it) => {
    const store = await it.store()
    const results = await Promise.all(
      range(1, 60).map((i) => store.append(`s${i % 4}`, note(`${i}`), { expect: 'any' })),
    )
    const firsts = results.map((result) => (result.ok ? result.first : 0))
    assert.deepEqual(firsts, range(1, 60))
  },

  'repeat: meets its original in flight, the original is refused, the repeat is judged by itself': async (it) => {
    const store = await it.store()
    await store.append('a', note('0'))
    const event = note('1', { id: 'i' })
    const [refused, written] = await Promise.all([
      store.append('a', event, { expect: 'new' }),
      store.append('a', event),
    ])
    assert.deepEqual([refused.ok, written.duplicate, written.first], [false, false, 2])
  },
}

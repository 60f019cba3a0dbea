/** Promises about calls made in one moment, and the order in which they are judged. A repeated call is a later one. */
import assert from 'node:assert/strict'
import type { Promises } from '../case.js'
import { range } from '../expectations.js'
import { note, notes } from '../samples.js'

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
}

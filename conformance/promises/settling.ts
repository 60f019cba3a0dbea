/** Promises of appends whose first answer was lost, or that failed below. */
import assert from 'node:assert/strict'
import { isPerdureError, type Backend } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/around-backend.js'
import { faultAt, faultyBackend, type FaultPlan } from '../../testing/faulty-backend.js'
import type { Case, Promises } from '../case.js'
import { assertAppended, conflictsOf, failsWith, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

const over = (it: Case, plan: FaultPlan): Backend => faultyBackend(it.backend, plan)

/** Lets `until` appends through, and then none, nor any question about what was written. */
const deadAfter = (until: number, fault: 'lost-before' | 'lost-after'): FaultPlan => {
  let appends = 0
  return (operation) => {
    if (operation === 'append') appends++
    if (operation === 'close' || operation === 'verify' || appends <= until) return undefined
    return operation === 'append' && appends === until + 1 ? fault : 'lost-before'
  }
}

export const settlingPromises: Promises = {
  'unknown: an answer lost after writing is asked for again: written exactly once, with the right places': async (
    it,
  ) => {
    const store = await it.storeOver(over(it, faultAt('append', 2, 'lost-after')))
    await store.append('a', note('before'))
    const result = await store.append('a', [note('1', { id: 'i1' }), note('2', { id: 'i2' })])
    const { first, last, revision, ids, duplicate } = result
    assert.deepEqual(
      { first, last, revision, ids, duplicate },
      { first: 2, last: 3, revision: 3, ids: ['i1', 'i2'], duplicate: false },
    )
    assert.equal(await store.head(), 3)
  },

  'unknown: the same for ids that the store made itself, which nobody else can know': async (it) => {
    const store = await it.storeOver(over(it, faultAt('append', 1, 'lost-after')))
    const result = await store.append('a', notes(2))
    assert.deepEqual([result.first, result.last, result.duplicate], [1, 2, false])
    assert.deepEqual(await positionsOf(store.read()), [1, 2])
  },

  'unknown: a connection lost before writing is settled too: written exactly once, or said not to be': async (it) => {
    const store = await it.storeOver(over(it, faultAt('append', 1, 'lost-before')))
    const event = note('1', { id: 'i' })
    const outcome = await store.append('a', event).catch((error: unknown) => error)
    if (isPerdureError(outcome)) {
      assert.equal(outcome.written, 'no')
      assert.equal(await store.head(), 0)
      assertAppended(await store.append('a', event))
    }
    assert.deepEqual(await positionsOf(store.read()), [1])
  },

  'unknown: every append of a group whose answer was lost gets an answer of its own': async (it) => {
    const store = await it.storeOver(over(it, faultAt('append', 2, 'lost-after')))
    await store.append('taken', note('before'))
    const results = await Promise.all(
      range(1, 20).map((i) => store.append(`s${i}`, notes(2), { expect: i % 5 === 0 ? 'exists' : 'new' })),
    )
    assert.deepEqual(
      results.map((result) => result.ok),
      range(1, 20).map((i) => i % 5 !== 0),
    )
    const written = results.filter((result) => result.ok)
    for (const result of written) assert.deepEqual([result.count, result.duplicate], [2, false])
    assert.equal(await store.head(), 1 + 2 * written.length)
    assert.equal(new Set(written.map((result) => result.first)).size, written.length)
  },

  'unknown: an append with conditions is not refused because of itself': async (it) => {
    const store = await it.storeOver(over(it, faultAt('append', 1, 'lost-after')))
    const unless = { query: { tags: ['seat:7'] }, after: 0 }
    const result = await store.append('hall', note('x', { tags: ['seat:7'] }), { expect: 'new', unless })
    assertAppended(result)
    assert.deepEqual([result.first, await store.head()], [1, 1])
  },

  'unknown: a refusal whose answer was lost is a refusal': async (it) => {
    const store = await it.storeOver(over(it, faultAt('append', 2, 'lost-after')))
    await store.append('a', note('1'))
    const [conflict] = conflictsOf(await store.append('a', note('2'), { expect: 'new' }))
    assert.deepEqual([conflict?.actual, await store.head()], [1, 1])
  },

  'unknown: a repeat whose answer was lost is still a duplicate': async (it) => {
    const store = await it.storeOver(over(it, faultAt('append', 3, 'lost-after')))
    const event = note('1', { id: 'i' })
    await store.append('a', event)
    await store.append('a', note('2'))
    const again = await store.append('a', event)
    assert.deepEqual([again.duplicate, again.first, await store.head()], [true, 1, 2])
  },

  'unknown: a repeat made at the same time, its answer lost, is the duplicate, and not the original too': async (
    it,
  ) => {
    const store = await it.storeOver(over(it, faultAt('append', 2, 'lost-after')))
    const event = note('1', { id: 'i' })
    const results = await Promise.all([store.append('a', event), store.append('a', event)])
    assert.deepEqual(
      results.map((result) => [result.first, result.duplicate]),
      [
        [1, false],
        [1, true],
      ],
    )
  },

  'unknown: when nobody can be asked any more, the error says that it is not known, and a retry later settles it':
    async (it) => {
      for (const [i, fault] of (['lost-after', 'lost-before'] as const).entries()) {
        const event = note('1', { id: `i${i}` })
        const cut = await it.storeOver(over(it, deadAfter(0, fault)))
        const error = await errorOf(cut.append('a', event))
        assert.ok(isPerdureError(error), String(error))
        assert.deepEqual([error.code, error.written], ['backend-failed', 'unknown'])
        assert.ok((error.hint ?? '').length > 0 && error.cause !== undefined)
        const store = await it.store()
        const again = await store.append('a', event)
        assert.deepEqual([again.first, again.duplicate, await store.head()], [i + 1, fault === 'lost-after', i + 1])
      }
    },

  'failed: a write that the backend says it did not do is reported with `written: no`, and leaves no trace': async (
    it,
  ) => {
    const store = await it.storeOver(
      over(it, (operation, call) => (operation === 'append' && call % 2 === 1 ? 'refused' : undefined)),
    )
    for (let i = 1; i <= 50; i++) {
      const event = note(`${i}`, { id: `i${i}` })
      const error = await errorOf(store.append('a', event))
      if (!isPerdureError(error)) continue // Runs with faults of their own repeat it at once.
      assert.deepEqual([error.code, error.written], ['backend-failed', 'no'])
      assert.equal((await store.append('a', event)).duplicate, false)
    }
    assert.deepEqual([await store.head(), await store.revision('a')], [50, 50])
  },

  'failed: unknown errors of a backend stay unknown: they are never called a conflict': async (it) => {
    const broken = (message: string): Backend => ({
      ...aroundBackend(it.backend, justCall),
      append: () => Promise.reject(new Error(message)),
      find: () => Promise.reject(new Error(message)),
    })
    for (const message of ['duplicate key value violates unique constraint', 'conflict', 'wrong expected version']) {
      const store = await it.storeOver(broken(message))
      for (const conditions of [{}, { expect: 'new' as const }]) {
        const error = await errorOf(store.append('a', note('1'), conditions))
        assert.ok(isPerdureError(error), String(error))
        assert.deepEqual([error.code, error.written], ['backend-failed', 'unknown'])
        assert.ok(chain(error).some((cause) => cause.includes(message)))
      }
    }
    await it.store()
  },

  'failed: a read that fails below is an error, never the end of the log; the next read works': async (it) => {
    const writer = await it.store()
    await writer.append('a', notes(10))
    let failing = 0
    const store = await it.storeOver(
      over(it, (operation) => (operation === 'read' && failing-- > 0 ? 'lost-before' : undefined)),
    )
    failing = 30
    for (let i = 1; i <= 30; i++) assert.ok((await errorOf(positionsOf(store.read()))) instanceof Error)
    assert.deepEqual(await positionsOf(store.read()), range(1, 10))
  },

  'failed: an invalid append beside valid ones harms none of them': async (it) => {
    const store = await it.store()
    const results = await Promise.allSettled(
      range(1, 30).map((i) => store.append('a', i % 3 === 0 ? { type: '', data: 1 } : note(`${i}`))),
    )
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 20)
    assert.deepEqual(await positionsOf(store.read()), range(1, 20))
    await failsWith('event-invalid', store.append('a', { type: '', data: 1 }))
  },
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return await call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

/** The messages of an error and of what caused it. */
function chain(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...chain(error.cause)] : []
}

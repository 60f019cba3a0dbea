/**
 * The field's real bugs that a log can have: each title names the store in which it happened. What needs a disk that
 * fails (acknowledged writes lost, logs cut short, the middle of a chain changed) is shown by `test/store/damage.test.ts`
 * and the simulated disk; a forgotten `await` by the run on a slow backend; a suite that tests another backend than it
 * says by the names that the run writes down.
 */
import assert from 'node:assert/strict'
import { defineEvents, defineProjection, isPerdureError, type Json } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/around-backend.js'
import { faultAt, faultyBackend } from '../../testing/faulty-backend.js'
import type { Promises } from '../case.js'
import { assertAppended, byNumber, collect, conflictsOf, failsWith, positionsOf, range } from '../expectations.js'
import { note, notes } from '../samples.js'

export const lessonPromises: Promises = {
  'lesson (Marten #624 #1629 #4952, Emmett PR #336, Zitadel #8517): a reader that follows by position skips nothing':
    async (it) => {
      const store = await it.store()
      let writing = true
      const writers = Promise.allSettled(
        range(1, 5).map(async (writer) => {
          for (let i = 0; i < 20; i++) await store.append(`w${writer}`, notes(1 + ((i + writer) % 3)))
        }),
      ).finally(() => (writing = false))
      const seen: number[] = []
      do {
        for await (const event of store.read({ after: seen.at(-1) ?? 0 })) seen.push(event.position)
        await new Promise((resolve) => setImmediate(resolve))
      } while (writing as boolean)
      for (const outcome of await writers) assert.equal(outcome.status, 'fulfilled')
      for await (const event of store.read({ after: seen.at(-1) ?? 0 })) seen.push(event.position)
      assert.deepEqual(seen, range(1, await store.head()))
    },

  'lesson (Emmett): a stream’s revisions come in order, because order is position and only position': async (it) => {
    const store = await it.store()
    await Promise.all(
      range(1, 60).map((i) => {
        it.clock.advance(i % 2 === 0 ? -5000 : 1)
        return store.append(`s${i % 4}`, note(`${i}`))
      }),
    )
    for (const stream of ['s0', 's1', 's2', 's3']) {
      assert.deepEqual(
        (await collect(store.read({ stream }))).map((event) => event.revision),
        range(1, 15),
      )
    }
  },

  'lesson (Marten #3690 #4721 #3705): a type that is one event in thousands is found, and projected': async (it) => {
    const store = await it.store()
    for (let i = 0; i < 6; i++)
      await store.append('common', [...notes(999), note('rare', { type: 'rare', tags: ['rare:1'] })])
    const expected = range(1, 6).map((i) => i * 1000)
    assert.deepEqual(await positionsOf(store.read({ types: ['rare'] })), expected)
    assert.deepEqual(await positionsOf(store.read({ tags: ['rare:1'], backwards: true })), [...expected].reverse())
    const on = { rare: (count: number) => count + 1 }
    const counting = defineProjection({ name: 'rare', version: 1, initial: 0, on })
    assert.deepEqual(await store.project(counting), { state: 6, position: 6000 })
  },

  'lesson (Marten #5262): a lost acknowledgement and a retry write every event once': async (it) => {
    const store = await it.storeOver(faultyBackend(it.backend, faultAt('append', 1, 'lost-after')))
    const events = notes(10, 'a', (i) => ({ id: `i${i}` }))
    await store.append('a', events)
    assert.equal((await store.append('a', events)).duplicate, true)
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.id),
      events.map((event) => event.id),
    )
  },

  'lesson (Eventuous #553): of 20 events of which 10 are known, no success is reported and none vanishes': async (
    it,
  ) => {
    const store = await it.store()
    const events = notes(20, 'a', (i) => ({ id: `i${i}` }))
    await store.append('a', events.slice(0, 10))
    const ids = range(1, 10).map((i) => `i${i}`)
    const error = await failsWith('id-reused', store.append('a', events))
    assert.deepEqual([...error.facts.ids].sort(), [...ids].sort())
    assert.deepEqual({ ...error.facts.places }, Object.fromEntries(ids.map((id, i) => [id, i + 1])))
    assert.equal(await store.head(), 10)
    await store.append('a', events.slice(10))
    assert.equal(await store.head(), 20)
  },

  'lesson (Eventuous, prooph #161): a unique violation below is a failed backend, not a version conflict': async (
    it,
  ) => {
    const violation = Object.assign(new Error('duplicate key value violates unique constraint'), { code: '23505' })
    const store = await it.storeOver({
      ...aroundBackend(it.backend, justCall),
      append: () => Promise.reject(violation),
    })
    const error = await failsWith('backend-failed', store.append('a', note('x'), { expect: 'new' }))
    assert.equal(error.written, 'unknown')
    await it.store()
  },

  'lesson (Emmett): "must not exist" and "must exist" are checked, and no conflict says -1': async (it) => {
    const store = await it.store()
    const exists = conflictsOf(await store.append('a', note('x'), { expect: 'exists' }))
    await store.append('a', note('x'))
    const fresh = conflictsOf(await store.append('a', note('x'), { expect: 'new' }))
    const ahead = conflictsOf(await store.append('a', note('x'), { expect: 7 }))
    assert.deepEqual(
      [exists, fresh, ahead].map((conflicts) => conflicts.map((conflict) => conflict.actual)),
      [[0], [1], [1]],
    )
    assert.equal(await store.head(), 1)
  },

  'lesson (Emmett): ten appends with no expectation all win, with revisions 1 to 10': async (it) => {
    const store = await it.store()
    const results = await Promise.all(range(1, 10).map((i) => store.append('a', note(`${i}`))))
    assert.deepEqual(results.map((result) => result.revision).sort(byNumber), range(1, 10))
    const explicit = await Promise.all(range(1, 10).map((i) => store.append('a', note(`${i}`), { expect: 'any' })))
    for (const result of explicit) assertAppended(result)
    assert.equal(await store.revision('a'), 20)
  },

  'lesson (Eventuous #567, Sekiban #1173): reading a stream holds a page of it, not all of it': async (it) => {
    let held = 0
    const store = await it.storeOver({
      ...aroundBackend(it.backend, justCall),
      read: async (matcher, page) => {
        const answer = await it.backend.read(matcher, page)
        held = Math.max(
          held,
          answer.lines.reduce((sum, line) => sum + line.length, 0),
        )
        return answer
      },
    })
    const data = 'x'.repeat(100_000)
    for (let i = 0; i < 10; i++)
      await store.append(
        'a',
        Array.from({ length: 10 }, () => ({ type: 't', data })),
      )
    let count = 0
    for await (const event of store.read({ stream: 'a' }))
      count += Number((event.data as string).length === data.length)
    assert.equal(count, 100)
    assert.ok(held <= 5 * 1024 * 1024, `${held} characters were held at once of a stream of 10 million`)
  },

  'lesson (exarchos #1556, Emmett): upcasting is wired, and the recorded version is the one that was written': async (
    it,
  ) => {
    const upcast = { 1: (data: Json) => ({ upcast: data }) }
    await (await it.store()).append('a', { type: 't', data: 1 })
    const store = await it.store({ events: defineEvents({ t: { version: 2, upcast } }) })
    await store.append('a', { type: 't', data: { upcast: 2 } })
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.data),
      [{ upcast: 1 }, { upcast: 2 }],
    )
    assert.deepEqual(
      (await collect(store.read({ raw: true }))).map((event) => event.version),
      [1, 2],
    )
  },

  'lesson (Hono 4.13): a hundred failures in a row take no place from the next success': async (it) => {
    const store = await it.store()
    for (let i = 1; i <= 100; i++) {
      await failsWith('event-invalid', store.append('a', { type: '', data: i }))
      await failsWith('query-invalid', () => collect(store.read({ types: [] })))
      conflictsOf(await store.append('a', note('x'), { expect: 7 }))
    }
    await Promise.allSettled(range(1, 100).map((i) => store.append('a', { type: '', data: i })))
    assert.equal((await store.append('a', note('x'))).first, 1)
    assert.deepEqual(await positionsOf(store.read()), [1])
  },

  'lesson (Emmett, Kysely): errors are known by code and brand, not by class or message': async (it) => {
    const store = await it.store()
    const errors: unknown[] = []
    for (const call of [
      () => store.append('a', []),
      () => store.append('', note('x')),
      () => collect(store.read({ any: [] })),
    ]) {
      await call().catch((error: unknown) => errors.push(error))
    }
    assert.equal(errors.length, 3)
    for (const error of errors) {
      assert.ok(isPerdureError(error) && error instanceof Error && error.name === 'PerdureError')
      // What another copy of the package sees: the brand from the global registry of symbols.
      assert.ok(Symbol.for('perdure.error') in error)
      assert.equal(typeof error.code, 'string')
      assert.equal(typeof error.facts, 'object')
    }
    assert.ok(
      !isPerdureError(new Error('PerdureError')) && !isPerdureError({ code: 'commit-empty' }) && !isPerdureError(null),
    )
  },

  'lesson (PostgreSQL 15, measured): a condition is judged at the moment of writing, not of a moment before': async (
    it,
  ) => {
    // The first append is held up on its way to the log; the second, with a condition on it, comes meanwhile.
    let letGo = (): void => undefined
    const held = new Promise<void>((resolve) => (letGo = resolve))
    let first = true
    const wrapped = aroundBackend(it.backend, async (operation, call) => {
      if (operation !== 'append' || !first) return await call()
      first = false
      await held
      return await call()
    })
    const store = await it.storeOver(wrapped)
    const unless = { query: { tags: ['seat:7'] }, after: 0 }
    const sold = store.append('ann', note('sold', { tags: ['seat:7'] }), { unless })
    const second = store.append('bob', note('sold', { tags: ['seat:7'] }), { unless })
    await new Promise((resolve) => setImmediate(resolve))
    letGo()
    assert.deepEqual([(await sold).ok, (await second).ok, await store.head()], [true, false, 1])
  },

  'lesson (a classic): a retry after a lost answer carries another trace id, and is the same event': async (it) => {
    const store = await it.store()
    const attempt = (trace: string) =>
      note('x', { id: 'i', meta: { correlation: trace, actor: { kind: 'agent', id: trace } } })
    await store.append('a', attempt('first'))
    assert.equal((await store.append('a', attempt('second'))).duplicate, true)
    assert.equal((await store.event('i'))?.meta.correlation, 'first')
  },

  'lesson (a classic): a copy by pages cannot end in the middle of a commit': async (it) => {
    const source = await it.reference()
    await source.append('a', notes(2))
    await source.commit([
      { stream: 'a', events: notes(3) },
      { stream: 'b', events: notes(2) },
    ])
    const lines = await collect(source.lines())
    for (const end of [1, 3, 4, 5, 6]) {
      const error = await failsWith('lines-invalid', it.backend.adopt(lines.slice(0, end)))
      assert.equal(error.written, 'no')
      assert.equal((await it.backend.head()).position, 0)
    }
    await it.backend.adopt(lines.slice(0, 2))
    await failsWith('lines-invalid', it.backend.adopt(lines.slice(2, 6)))
    await it.backend.adopt(lines.slice(2))
    assert.equal((await it.backend.head()).position, 7)
  },

  'lesson (immudb, our own prototype): what verify vouches for is every line, in the root too': async (it) => {
    const store = await it.store()
    for (let i = 0; i < 20; i++) await store.append(`s${i % 3}`, notes(5))
    const report = await store.verify()
    assert.deepEqual([report.events, report.root], [100, (await store.checkpoint()).root])
  },
}

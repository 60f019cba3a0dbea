/** Promises of a durable log: what was acknowledged is there after opening it again, and so is what follows from it. */
import assert from 'node:assert/strict'
import type { Promises } from '../case.js'
import { assertAppended, collect, conflictsOf, failsWith, range } from '../expectations.js'
import { note, notes } from '../samples.js'

export const reopeningPromises: Promises = {
  'reopen: the same events, to the last byte, under the same log id': async (it) => {
    const store = await it.store()
    const log = it.backend.logId
    await store.append('a', [
      note('1', { id: 'i1', tags: ['k:v'], meta: { x: '🦀' } }),
      note('2', { data: '\u2028\n' }),
    ])
    await store.append('b', notes(50))
    const events = await collect(store.read())
    const lines = await collect(store.lines())
    for (let i = 0; i < 3; i++) {
      const again = await it.reopen()
      assert.deepEqual(await collect(again.read()), events)
      assert.deepEqual(await collect(again.lines()), lines)
      assert.equal(it.backend.logId, log)
      assert.equal(again.report().head, 52)
    }
  },

  'reopen: an empty log is empty, and still the same log': async (it) => {
    const log = it.backend.logId
    const store = await it.reopen()
    assert.deepEqual([await store.head(), await collect(store.read()), it.backend.logId], [0, [], log])
    assert.equal((await store.append('a', note('x'))).first, 1)
  },

  'reopen: positions, revisions and time go on where they were, though the clock has gone back': async (it) => {
    const store = await it.store()
    await store.commit([
      { stream: 'a', events: notes(2) },
      { stream: 'b', events: note('x') },
    ])
    it.clock.advance(-60_000)
    const again = await it.reopen()
    const result = await again.append('a', note('x'), { expect: 2 })
    assertAppended(result)
    assert.deepEqual([result.first, result.revision], [4, 3])
    assert.equal((await again.event(4))?.time, (await again.event(3))?.time)
  },

  'reopen: ids are remembered: a repeat is a duplicate, another content is refused': async (it) => {
    const batches = range(1, 8).map((batch) => notes(40, `b${batch}`, (i) => ({ id: `b${batch}-${i}` })))
    const store = await it.store()
    for (const events of batches) await store.append('a', events)
    const made = await store.append('made', note('by the store'))
    const again = await it.reopen()
    for (const [i, events] of batches.entries()) {
      const repeat = await again.append('a', events, { expect: 'new' })
      assertAppended(repeat)
      assert.deepEqual([repeat.duplicate, repeat.first, repeat.revision], [true, i * 40 + 1, i * 40 + 40])
      await failsWith('id-reused', again.append('a', note('other', { id: `b${i + 1}-7` })), { ids: [`b${i + 1}-7`] })
    }
    assert.equal((await again.append('made', note('by the store', { id: made.ids[0] as string }))).duplicate, true)
    assert.equal(await again.head(), 321)
    assert.equal((await again.event('b3-2'))?.position, 82)
  },

  'reopen: conditions are judged as before': async (it) => {
    const store = await it.store()
    await store.append('a', [note('x', { tags: ['seat:1'] }), note('y', { type: 'other' })])
    const again = await it.reopen()
    const unless = { query: { tags: ['seat:1'] }, after: 0 }
    const conflicts = conflictsOf(await again.append('a', note('z'), { expect: 1, unless }))
    assert.deepEqual(
      conflicts.map((conflict) => [conflict.kind, conflict.actual, conflict.events.length]),
      [
        ['revision', 2, 1],
        ['query', 1, 1],
      ],
    )
    assertAppended(await again.append('a', note('z'), { expect: 2, unless: { ...unless, after: 1 } }))
  },

  'reopen: reads, streams and times answer as before': async (it) => {
    const store = await it.store()
    for (let i = 1; i <= 40; i++) {
      await store.append(
        `s-${i % 5}${i % 2 === 0 ? '🦀' : '\uff5e'}`,
        note(`${i}`, { type: `t${i % 3}`, tags: [`k:${i % 4}`] }),
      )
      it.clock.advance(1000)
    }
    const ask = async (asked: typeof store) => [
      await collect(asked.streams()),
      await collect(asked.streams({ prefix: 's-3' })),
      await collect(asked.read({ types: ['t1'], tags: ['k:2'], backwards: true })),
      await collect(asked.read({ until: '2026-01-01T00:00:17.500Z' })),
      await collect(asked.read({ stream: 's-3🦀', afterRevision: 1 })),
      await asked.checkpoint(),
    ]
    const before = await ask(store)
    assert.deepEqual(await ask(await it.reopen()), before)
  },

  'reopen: after every append, what was acknowledged is there, once': async (it) => {
    let store = await it.store()
    for (let i = 1; i <= 12; i++) {
      const result = await store.append(`s${i % 3}`, notes(1 + (i % 4), `n${i}`))
      store = await it.reopen()
      assert.equal(await store.head(), result.last)
      assert.deepEqual(
        (await collect(store.read({ after: result.first - 1 }))).map((event) => event.id),
        result.ids,
      )
    }
  },

  'reopen: a refused, an invalid and a repeated append have left nothing behind': async (it) => {
    const store = await it.store()
    await store.append('a', note('1', { id: 'i' }))
    await store.append('a', note('2'), { expect: 'new' })
    await store.append('a', note('1', { id: 'i' }))
    await failsWith('event-invalid', store.append('a', [note('3'), { type: '', data: 1 }]))
    await failsWith('id-reused', store.append('a', [note('1', { id: 'i' }), note('4', { id: 'j' })]))
    const again = await it.reopen()
    assert.deepEqual([await again.head(), await again.event('j')], [1, undefined])
    assert.equal((await again.append('a', note('4', { id: 'j' }))).first, 2)
  },

  'reopen: what was under way when it was closed is there whole': async (it) => {
    const store = await it.store()
    const appending = range(1, 25).map((i) => store.append(`s${i}`, notes(3, `n${i}`)))
    const again = await it.reopen()
    for (const [i, outcome] of (await Promise.allSettled(appending)).entries()) {
      if (outcome.status === 'rejected') {
        // A fault was injected, and the store was closed before it could be tried again.
        assert.equal((outcome.reason as { readonly code?: string }).code, 'backend-failed')
        assert.equal(await again.revision(`s${i + 1}`), 0)
        continue
      }
      const { first, last, ids } = outcome.value
      assert.deepEqual(
        (await collect(again.read({ after: first - 1, upTo: last }))).map(({ id }) => id),
        ids,
      )
    }
  },

  'reopen: adopted lines are there again': async (it) => {
    const source = await it.reference()
    await source.commit([
      { stream: 'a', events: notes(3) },
      { stream: 'b', events: note('x', { id: 'i' }) },
    ])
    const lines = await collect(source.lines())
    await it.backend.adopt(lines)
    const again = await it.reopen()
    assert.deepEqual(await collect(again.lines()), lines)
    assert.equal((await again.append('c', note('y'))).first, 5)
    await failsWith('id-reused', again.append('b', note('z', { id: 'i' })))
  },
}

/** Promises that every backend is the same log: same lines, same root as the reference in memory. */
import assert from 'node:assert/strict'
import type { Store } from '../../src/index.js'
import { naiveRoot } from '../naive-root.js'
import type { Case, Promises } from '../case.js'
import { collect, range } from '../expectations.js'
import { note, notes } from '../samples.js'

async function write(store: Store, it: Case): Promise<void> {
  it.clock.set('2026-03-01T10:00:00.000Z')
  await store.append('a', note('1', { id: 'i1', tags: ['k:v'], occurred: '2026-01-01T00:00:00+01:00', version: 2 }))
  it.clock.advance(1500)
  await store.commit([
    {
      stream: 'b',
      events: [note('2', { id: 'i2', subject: 'p:1' }), note('3', { id: 'i3', meta: { correlation: 'c' } })],
    },
    { stream: 'a', events: { id: 'i4', type: 't', data: { b: 1, a: ['é', '🦀', -0, 1e21], '10': { '2': 1 } } } },
  ])
  it.clock.advance(-3000)
  await store.append('"quoted\\', note('4', { id: 'i"5', data: null }), { expect: 'new' })
  await store.append('a', note('1', { id: 'i1', tags: ['k:v'], occurred: '2026-01-01T00:00:00+01:00', version: 2 }))
  await store.append('a', note('refused', { id: 'i6' }), { expect: 'new' })
  await store.append('c', { id: 'i7', type: 't', data: { x: 1 }, subjects: { '/x': 'p:2' } })
}

export const agreeingPromises: Promises = {
  'agreement: the same appends give the same lines and the same root as in the memory backend': async (it) => {
    const [store, reference] = [await it.store(), await it.reference()]
    await write(store, it)
    await write(reference, it)
    assert.deepEqual(await collect(store.lines()), await collect(reference.lines()))
    assert.deepEqual(await store.checkpoint(), await reference.checkpoint())
    assert.deepEqual(await collect(store.read()), await collect(reference.read()))
    await reference.close()
  },

  'agreement: a line has the members in their order, and leaves out what has its default': async (it) => {
    const store = await it.store()
    await write(store, it)
    assert.deepEqual(await collect(store.lines()), [
      '{"position":1,"stream":"a","revision":1,"id":"i1","type":"note_taken","version":2,"time":"2026-03-01T10:00:00.000Z","occurred":"2026-01-01T00:00:00+01:00","tags":["k:v"],"data":{"text":"1"}}',
      '{"position":2,"commit":[2,3],"stream":"b","revision":1,"id":"i2","type":"note_taken","time":"2026-03-01T10:00:01.500Z","subject":"p:1","data":{"text":"2"}}',
      '{"position":3,"commit":[2,3],"stream":"b","revision":2,"id":"i3","type":"note_taken","time":"2026-03-01T10:00:01.500Z","meta":{"correlation":"c"},"data":{"text":"3"}}',
      '{"position":4,"commit":[2,3],"stream":"a","revision":2,"id":"i4","type":"t","time":"2026-03-01T10:00:01.500Z","data":{"10":{"2":1},"b":1,"a":["é","🦀",0,1e+21]}}',
      '{"position":5,"stream":"\\"quoted\\\\","revision":1,"id":"i\\"5","type":"note_taken","time":"2026-03-01T10:00:01.500Z","data":null}',
      '{"position":6,"stream":"c","revision":1,"id":"i7","type":"t","time":"2026-03-01T10:00:01.500Z","subjects":{"/x":"p:2"},"data":{"x":1}}',
    ])
  },

  'checkpoint: is the Merkle root of RFC 6962 over the lines, at every size, grown or made at once': async (it) => {
    const store = await it.store()
    const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
    assert.deepEqual(await store.checkpoint(), { size: 0, root: empty })
    for (let size = 1; size <= 20; size++) {
      await store.append(`s${size % 3}`, note(`${size} é🦀`))
      const lines = await collect(store.lines())
      assert.deepEqual(await store.checkpoint(), { size, root: naiveRoot(lines) })
      const late = await it.store()
      assert.deepEqual(await late.checkpoint(), { size, root: naiveRoot(lines) })
    }
    assert.equal(await store.head(), 20, 'a checkpoint writes nothing')
  },

  'checkpoint: many asked for at once, while others append, are each of a prefix of the log': async (it) => {
    const store = await it.store()
    const asked = range(1, 20).flatMap((i) => [
      store.append('a', notes(3, `n${i}`)).then(() => undefined),
      store.checkpoint(),
    ])
    const answers = await Promise.all(asked)
    const lines = await collect(store.lines())
    for (const answer of answers) {
      if (answer !== undefined) assert.equal(answer.root, naiveRoot(lines.slice(0, answer.size)))
    }
  },

  'verify: looks at every line of an intact log, and finds nothing': async (it) => {
    const store = await it.store()
    await store.append('a', notes(10))
    const report = await store.verify()
    assert.deepEqual([report.intact, report.events, report.findings], [true, 10, []])
    assert.equal(report.root, (await store.checkpoint()).root)
  },
}

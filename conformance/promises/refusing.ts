/** Promises about what is not an event: refused with its index and the JSON Pointer of what is wrong. */
import assert from 'node:assert/strict'
import { isPerdureError, type NewEvent } from '../../src/index.js'
import type { Promises } from '../case.js'
import { assertAppended, errorOf, failsWith } from '../expectations.js'
import { note } from '../samples.js'

class Money {
  constructor(readonly cents = 1) {}
}

const sparse: unknown[] = [1, 2, 3]
delete sparse[1]

/** What JSON.stringify would drop or alter, and where in `data` it stands. */
const unkept: Readonly<Record<string, readonly [data: unknown, pointer: string]>> = {
  'undefined as data': [undefined, '/data'],
  'undefined as a member': [{ a: { b: undefined } }, '/data/a/b'],
  'undefined in a list': [[1, undefined], '/data/1'],
  NaN: [{ n: [Number.NaN] }, '/data/n/0'],
  Infinity: [Infinity, '/data'],
  '-Infinity': [{ n: -Infinity }, '/data/n'],
  'a Date': [{ at: new Date(0) }, '/data/at'],
  'toJSON on an object': [{ a: { toJSON: () => 1 } }, '/data/a'],
  'a hole in a list': [{ list: sparse }, '/data/list'],
  'a named member of a list': [{ list: Object.assign([1], { more: 2 }) }, '/data/list'],
  'a lone high surrogate': [['\ud800'], '/data/0'],
  'a lone low surrogate': [{ a: 'x\udc00y' }, '/data/a'],
  'a lone surrogate in a key': [{ ['\ud83d']: 1 }, '/data/\ud83d'],
  'a function': [{ f: () => 1 }, '/data/f'],
  'a symbol': [{ s: Symbol('s') }, '/data/s'],
  'a symbol as a key': [{ [Symbol('s')]: 1 }, '/data'],
  'a bigint': [{ n: 1n }, '/data/n'],
  'a Map': [{ m: new Map([[1, 2]]) }, '/data/m'],
  bytes: [{ b: new Uint8Array(2) }, '/data/b'],
  'an instance of a class': [new Money(), '/data'],
  'keys that need escapes in a pointer': [{ 'a/b~c': [Number.NaN] }, '/data/a~1b~0c/0'],
}

/** Strings that are no stream, type, id, subject or tag. */
const badNames: readonly unknown[] = [
  '',
  'a\u0000',
  'a\nb',
  '\t',
  '\u001f',
  '\u007f',
  '\u0085',
  '\u009f',
  '\ud800',
  'x\udfffy',
  7,
  null,
  {},
  ['a'],
]

const goodNames: readonly string[] = [
  'a',
  ' ',
  'a b',
  '/',
  '..',
  '\\',
  '"',
  "'",
  '%',
  ':',
  'é',
  'e\u0301',
  '\u00a0',
  '\u2028',
  '漢',
  '🦀',
  '\uffff',
  '\u{10ffff}',
  '__proto__',
  'constructor',
  '0',
  '-1',
  'a$',
  'null',
  'a\u202eb',
]

export const refusingPromises: Promises = {
  'refused: values that JSON cannot keep, with index and pointer': async (it) => {
    const store = await it.store()
    for (const [what, [data, pointer]] of Object.entries(unkept)) {
      const events = [note('fine'), { type: 't', data } as NewEvent]
      const error = await failsWith('event-invalid', () => store.append('a', events), { index: 1, pointer })
      assert.equal(error.written, 'no', what)
      assert.ok((error.hint ?? '').length > 0, what)
    }
    assert.equal(await store.head(), 0)
  },

  'refused: the same in `meta`, with the pointer from the event on': async (it) => {
    const store = await it.store()
    for (const [data, pointer] of Object.values(unkept)) {
      if (data === undefined) continue
      const event = note('x', { meta: { extra: data as string } })
      await failsWith('event-invalid', () => store.append('a', event), {
        index: 0,
        pointer: pointer.replace('/data', '/meta/extra'),
      })
    }
    for (const meta of [null, [], 'text', 7]) {
      await failsWith('event-invalid', () => store.append('a', { ...note('x'), meta } as unknown as NewEvent), {
        pointer: '/meta',
      })
    }
  },

  'refused: -0 is not refused, it is recorded as 0': async (it) => {
    const store = await it.store()
    await store.append('a', { type: 't', data: [-0, { z: -0 }] })
    assert.deepEqual((await store.event(1))?.data, [0, { z: 0 }])
  },

  'refused: a value that refers to itself, without hanging': async (it) => {
    const store = await it.store()
    const loop: unknown[] = []
    loop.push(loop)
    const error = await failsWith('event-invalid', () => store.append('a', { type: 't', data: loop } as NewEvent), {
      index: 0,
    })
    assert.match(error.facts.pointer, /^\/data(\/0)+$/)
  },

  'refused: streams, types, ids and subjects that are empty, not text, or hold what nobody can see': async (it) => {
    const store = await it.store()
    for (const bad of badNames) {
      const name = bad as string
      await failsWith('event-invalid', () => store.append(name, note('x')), { pointer: '/stream' })
      await failsWith('event-invalid', () => store.append('a', { ...note('x'), type: name }), {
        index: 0,
        pointer: '/type',
      })
      await failsWith('event-invalid', () => store.append('a', { ...note('x'), id: name }), {
        index: 0,
        pointer: '/id',
      })
      await failsWith('event-invalid', () => store.append('a', { ...note('x'), subject: name }), {
        index: 0,
        pointer: '/subject',
      })
      const subjects = { '/text': name }
      await failsWith('event-invalid', () => store.append('a', { ...note('x'), subjects }), {
        index: 0,
        pointer: '/subjects/~1text',
      })
    }
    assert.equal(await store.head(), 0)
  },

  'refused: every visible text is a name: of a stream, a type, an id, a subject, and, with a colon, a tag': async (
    it,
  ) => {
    const store = await it.store()
    for (const name of goodNames) {
      const tag = `k:${name}`
      assertAppended(await store.append(name, { id: name, type: name, subject: name, tags: [tag], data: 1 }))
      const event = await store.event(name)
      assert.deepEqual(
        [event?.stream, event?.type, event?.id, event?.subject, event?.tags[0]],
        [name, name, name, name, tag],
      )
      assert.equal(await store.revision(name), 1)
    }
  },

  'refused: names that differ only in how Unicode composes them are different names': async (it) => {
    const store = await it.store()
    await store.append('\u00e9', note('composed'))
    assert.equal(await store.revision('e\u0301'), 0)
    assertAppended(await store.append('e\u0301', note('decomposed'), { expect: 'new' }))
  },

  'refused: a tag without a colon, without a key, or that is no name': async (it) => {
    const store = await it.store()
    for (const bad of [...badNames, 'no colon', ':value']) {
      const tags = ['fine:1', bad as string]
      await failsWith('event-invalid', () => store.append('a', note('x', { tags })), { index: 0, pointer: '/tags/1' })
    }
    const holes: string[] = ['a:1']
    holes.length = 3
    await failsWith('event-invalid', () => store.append('a', note('x', { tags: holes })), { index: 0 })
    await failsWith('event-invalid', () => store.append('a', { ...note('x'), tags: 'a:b' } as unknown as NewEvent), {
      pointer: '/tags',
    })
    assert.equal(await store.head(), 0)
  },

  'refused: streams and types that begin with $, which are Perdure’s own': async (it) => {
    const store = await it.store()
    for (const own of ['$', '$contract', '$privacy', '$anything else']) {
      await failsWith('event-invalid', () => store.append(own, note('x')), { pointer: '/stream' })
      await failsWith('event-invalid', () => store.commit([{ stream: own, events: note('x') }]), { pointer: '/stream' })
      await failsWith('event-invalid', () => store.append('a', { type: own, data: 1 }), { index: 0, pointer: '/type' })
    }
    assert.equal(await store.head(), 0)
  },

  'refused: an `occurred` that is not RFC 3339 with an offset; what is, is kept as written': async (it) => {
    const store = await it.store()
    const bad = [
      '',
      '2026-11-19',
      '2026-11-19T17:02:11',
      '2026-11-19 17:02:11Z',
      '2026-13-01T00:00:00Z',
      '2026-02-29T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:00+24:00',
      '26-01-01T00:00:00Z',
      '2026-01-01T00:00:00.Z',
      '2026-01-01T00:00:00+0100',
      'yesterday',
      1767225600000,
      new Date(0),
      null,
    ]
    for (const occurred of bad) {
      await failsWith('event-invalid', () => store.append('a', { ...note('x'), occurred: occurred as string }), {
        index: 0,
        pointer: '/occurred',
      })
    }
    const good = [
      '2026-11-19T17:02:11+01:00',
      '2026-11-19T17:02:11Z',
      '2024-02-29T23:59:59.123456789-12:00',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.9+14:00',
      '2026-01-01t00:00:00z',
      '2026-01-01T00:00:00-00:00',
      '2000-02-29T00:00:00Z',
    ]
    await store.append(
      'a',
      good.map((occurred) => note('x', { occurred })),
    )
    for (const [i, occurred] of good.entries()) assert.equal((await store.event(i + 1))?.occurred, occurred)
    assert.equal(await store.head(), good.length)
  },

  'refused: a version that is not 1, 2, 3…': async (it) => {
    const store = await it.store()
    for (const version of [0, -1, 1.5, Number.NaN, '2', null]) {
      const event = { ...note('x'), version: version as number }
      await failsWith('event-invalid', () => store.append('a', event), { index: 0, pointer: '/version' })
    }
  },

  'refused: `subject` beside `subjects`, and pointers that lead nowhere in data': async (it) => {
    const store = await it.store()
    const data = { a: [{ b: 1 }] }
    const both = { type: 't', data, subject: 'p:1', subjects: { '/a': 'p:2' } }
    await failsWith('event-invalid', () => store.append('a', both), { index: 0 })
    for (const pointer of ['a', '/b', '/a/1', '/a/0/c', '/a/00', '/a/-', '/a/0/b/x', '/~2']) {
      await failsWith('event-invalid', () => store.append('a', { type: 't', data, subjects: { [pointer]: 'p:1' } }), {
        index: 0,
      })
    }
    await store.append('a', { type: 't', data, subjects: { '/a/0/b': 'p:1' } })
    assert.equal(await store.head(), 1)
  },

  'refused: an actor that is none': async (it) => {
    const store = await it.store()
    for (const actor of [{}, { kind: 'robot', id: 'r' }, { kind: 'human' }, { kind: 'human', id: '' }, 'ann', null]) {
      const event = { ...note('x'), meta: { actor } } as unknown as NewEvent
      const error = await failsWith('event-invalid', () => store.append('a', event), { index: 0 })
      assert.match(error.facts.pointer, /^\/meta\/actor/)
    }
  },

  'refused: members that an event does not have, and what is no event at all': async (it) => {
    const store = await it.store()
    const own = ['position', 'commit', 'stream', 'revision', 'time', 'refers', 'sealed', 'unreadable', 'tag']
    for (const member of own) {
      const event = { ...note('x'), [member]: 1 }
      await failsWith('event-invalid', () => store.append('a', event), { index: 0, pointer: `/${member}` })
    }
    for (const none of [null, undefined, 7, 'note', true]) {
      await failsWith('event-invalid', () => store.append('a', none as unknown as NewEvent), { index: 0 })
      await failsWith('event-invalid', () => store.append('a', [note('x'), none as unknown as NewEvent]), { index: 1 })
    }
    assert.equal(await store.head(), 0)
  },

  'refused: what is no write, no list of writes, and no conditions, with a code': async (it) => {
    const store = await it.store()
    const codes = ['event-invalid', 'condition-invalid', 'commit-empty']
    for (const writes of [null, undefined, 7, 'a', {}, [null], [undefined], ['a'], [{}], [{ stream: 'a' }], [[]]]) {
      const error = await errorOf(async () => await store.commit(writes as never))
      assert.ok(isPerdureError(error) && codes.includes(error.code), `${JSON.stringify(writes)}: ${String(error)}`)
    }
    for (const conditions of [null, 7, 'new', [], { expected: 1 }, { expect: 1, ifUnless: {} }, { unless: null }]) {
      const error = await errorOf(async () => await store.append('a', note('x'), conditions as never))
      assert.ok(isPerdureError(error) && codes.includes(error.code), `${JSON.stringify(conditions)}: ${String(error)}`)
    }
    assert.equal(await store.head(), 0)
  },

  'refused: the index counts through all the writes of a commit': async (it) => {
    const store = await it.store()
    const writes = [
      { stream: 'a', events: [note('0'), note('1')] },
      { stream: 'b', events: note('2') },
      { stream: 'c', events: [note('3'), { type: 't', data: Number.NaN }] },
    ]
    await failsWith('event-invalid', () => store.commit(writes), { index: 4, pointer: '/data' })
  },
}

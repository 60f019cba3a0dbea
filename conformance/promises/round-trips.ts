/** Promises that what was given comes back, to the last byte. */
import assert from 'node:assert/strict'
import type { Json } from '../../src/index.js'
import type { Promises } from '../case.js'
import { collect } from '../expectations.js'

const SURROGATES_FIRST = 0xd800
const SURROGATES_LAST = 0xdfff
const CODE_POINT_MAX = 0x10ffff

/** Every code point that UTF-8 can express, in strings of `size`. */
function* allOfUnicode(size: number): Generator<string> {
  for (let start = 0; start <= CODE_POINT_MAX; start += size) {
    let text = ''
    for (let code = start; code < start + size && code <= CODE_POINT_MAX; code++) {
      if (code < SURROGATES_FIRST || code > SURROGATES_LAST) text += String.fromCodePoint(code)
    }
    yield text
  }
}

const numbers: readonly number[] = [
  0,
  1,
  -1,
  0.1,
  0.1 + 0.2,
  1e21,
  1e-7,
  123456789012345680000,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 53 + 2,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  -Number.MAX_VALUE,
  Number.EPSILON,
  1 / 3,
  5e-324,
  4.35,
  1e23,
  9007199254740993,
]

const values: readonly Json[] = [
  null,
  true,
  false,
  '',
  ' ',
  [],
  {},
  [[]],
  [{}],
  { a: {} },
  [null, [null]],
  'a"b\\c/d',
  '\n\r\t\b\f\u0000\u001f\u007f\u2028\u2029',
  '{"position":1}\n{"position":2}',
  ',"data":null',
  { '': { '': '' } },
  { 'a"b': 1, 'c\nd': 2 },
  { '10': 'a', '9': 'b', z: 1, a: 2 },
  { toString: 1, constructor: 2, hasOwnProperty: 3, length: 4, valueOf: null },
  { sealed: [{ at: '' }], ',"sealed":': ',"sealed":' },
  { type: 'other', ',"type":"': ',"type":"x"', time: 'x' },
  { data: { data: 1 }, meta: 2, tags: [3], then: null },
]

export const roundTripPromises: Promises = {
  'round trip: all of Unicode, as values': async (it) => {
    const store = await it.store()
    const texts = [...allOfUnicode(0x10000)]
    for (const data of texts) await store.append('a', { type: 't', data })
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.data),
      texts,
    )
  },

  'round trip: all of Unicode, as keys, and in meta': async (it) => {
    const store = await it.store()
    for (const text of allOfUnicode(0x8000)) {
      const data = { [text]: 1 }
      const { last } = await store.append('a', {
        type: 't',
        data,
        meta: { note: text.slice(0, 10_000), [text.slice(0, 100)]: 1 },
      })
      const event = await store.event(last)
      assert.deepEqual(event?.data, data)
      assert.equal(event?.meta['note'], text.slice(0, 10_000))
    }
  },

  'round trip: the visible characters of every block of Unicode’s lower planes, as a stream and in a tag': async (
    it,
  ) => {
    const store = await it.store()
    const names: string[] = []
    for (const text of allOfUnicode(0x100)) {
      const visible = [...text.replaceAll(/\p{Cc}/gu, '')].slice(0, 100).join('')
      if (visible !== '' && (visible.codePointAt(0) ?? 0) < 0x30000) names.push(visible)
    }
    for (const name of names) await store.append(name, { type: 't', data: 1, tags: [`k:${name}`] })
    const events = await collect(store.read())
    assert.deepEqual(
      events.map((event) => event.stream),
      names,
    )
    assert.deepEqual(
      events.map((event) => event.tags),
      names.map((name) => [`k:${name}`]),
    )
  },

  'round trip: numbers, to the last bit': async (it) => {
    const store = await it.store()
    await store.append('a', { type: 't', data: numbers })
    const data = (await store.event(1))?.data as readonly number[]
    for (const [i, number] of numbers.entries())
      assert.ok(Object.is(data[i], number), `${number} came back as ${data[i]}`)
  },

  'round trip: values that look like structure, like ends of lines, like members of a line': async (it) => {
    const store = await it.store()
    await store.append(
      'a',
      values.map((data) => ({ type: 't', data, meta: { again: data } })),
    )
    const events = await collect(store.read())
    for (const [i, value] of values.entries()) {
      // As text: the order of members counts too.
      assert.equal(JSON.stringify(events[i]?.data), JSON.stringify(value))
      assert.equal(JSON.stringify(events[i]?.meta['again']), JSON.stringify(value))
    }
  },

  'round trip: `__proto__` is a key like any other, and changes no prototype': async (it) => {
    const store = await it.store()
    const data = JSON.parse(
      '{"__proto__":{"evil":1},"a":[{"__proto__":null}],"constructor":{"prototype":{"evil":1}}}',
    ) as Json
    const meta = JSON.parse('{"__proto__":{"evil":1}}') as Record<string, Json>
    await store.append('__proto__', { type: '__proto__', tags: ['__proto__:1'], data, meta })
    const event = await store.event(1)
    assert.equal(JSON.stringify(event?.data), JSON.stringify(data))
    assert.equal(JSON.stringify(event?.meta), JSON.stringify(meta))
    assert.equal(Object.getPrototypeOf(event?.data), Object.prototype)
    assert.equal(Reflect.get(Object.prototype, 'evil'), undefined)
    assert.equal(Reflect.get(event?.data as object, 'evil'), undefined)
  },

  'round trip: a stream called `__proto__` has revisions like any other': async (it) => {
    const store = await it.store()
    assert.equal(await store.revision('__proto__'), 0)
    assert.equal(await store.revision('constructor'), 0)
    const result = await store.append('__proto__', { type: 't', data: 1 }, { expect: 'new' })
    assert.ok(result.ok && Object.hasOwn(result.revisions, '__proto__'))
    assert.deepEqual([result.revision, await store.revision('__proto__')], [1, 1])
    assert.deepEqual(await collect(store.streams()), [{ stream: '__proto__', revision: 1 }])
  },

  'round trip: an empty value is a value, and not left out': async (it) => {
    const store = await it.store()
    const empties: Json[] = [null, false, 0, '', [], {}]
    await store.append(
      'a',
      empties.map((data) => ({ type: 't', data })),
    )
    assert.deepEqual(
      (await collect(store.read())).map((event) => event.data),
      empties,
    )
  },
}

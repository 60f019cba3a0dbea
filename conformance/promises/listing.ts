/** Promises of `streams`, `revision` and `head`. */
import assert from 'node:assert/strict'
import type { Promises } from '../case.js'
import { collect, range } from '../expectations.js'
import { note, notes } from '../samples.js'

/** Their order as UTF-16 differs from their order as UTF-8: U+FF5E comes before U+1F980 in one, after it in the other. */
const names = [
  'a',
  'A',
  'a b',
  'a-1',
  'a-10',
  'a-2',
  'aa',
  'b',
  'é',
  'z',
  '漢',
  '\uff5e',
  '\ue000',
  '\ufffd',
  '🦀',
  '\u{10ffff}',
  '\u{10000}',
  '🦀a',
  '🦀\uff5e',
  '\uff5e🦀',
  '__proto__',
  '0',
]

const inUtf8Order = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

export const listingPromises: Promises = {
  'streams: in the order of their UTF-8 bytes, each with its revision': async (it) => {
    const store = await it.store()
    for (const [i, stream] of it.random.shuffle(names).entries()) await store.append(stream, notes(1 + (i % 3)))
    const listed = await collect(store.streams())
    assert.deepEqual(
      listed.map(({ stream }) => stream),
      inUtf8Order,
    )
    for (const { stream, revision } of listed) assert.equal(await store.revision(stream), revision)
  },

  'streams: with a prefix, those that begin with it, itself included': async (it) => {
    const store = await it.store()
    for (const stream of names) await store.append(stream, note('x'))
    for (const prefix of ['', 'a', 'a-', 'a-1', '🦀', '\uff5e', '_', 'never', '\u{10ffff}', '\ufffd']) {
      const expected = inUtf8Order.filter((name) => name.startsWith(prefix))
      assert.deepEqual(
        (await collect(store.streams({ prefix }))).map(({ stream }) => stream),
        expected,
        `prefix ${prefix}`,
      )
    }
  },

  'streams: more than one page of them, none twice and none missing': async (it) => {
    const store = await it.store()
    const many = range(1, 2500).map((i) => `stream-${i % 2 === 0 ? '🦀' : '\uff5e'}-${i}`)
    for (let from = 0; from < many.length; from += 500) {
      await store.commit(many.slice(from, from + 500).map((stream) => ({ stream, events: note('x') })))
    }
    const expected = [...many].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    assert.deepEqual(
      (await collect(store.streams())).map(({ stream }) => stream),
      expected,
    )
    const crabs = expected.filter((name) => name.startsWith('stream-🦀'))
    assert.deepEqual(
      (await collect(store.streams({ prefix: 'stream-🦀' }))).map(({ stream }) => stream),
      crabs,
    )
  },

  'revision: 0 for a stream without events, else that of its newest event': async (it) => {
    const store = await it.store()
    assert.equal(await store.revision('a'), 0)
    await store.append('a', notes(3))
    await store.append('b', note('x'))
    await store.append('a', note('x'))
    assert.deepEqual([await store.revision('a'), await store.revision('b'), await store.revision('ab')], [4, 1, 0])
  },

  'head: the last position, 0 for an empty log': async (it) => {
    const store = await it.store()
    const heads = [await store.head()]
    for (const count of [1, 5, 2]) {
      await store.append('a', notes(count))
      heads.push(await store.head())
    }
    assert.deepEqual(heads, [0, 1, 6, 8])
  },
}

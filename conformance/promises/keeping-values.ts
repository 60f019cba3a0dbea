/** Promises of `store.kv`: current values beside the log. */
import assert from 'node:assert/strict'
import type { Json, Store } from '../../src/index.js'
import type { Promises } from '../case.js'
import { byNumber, collect, failsWith, range } from '../expectations.js'
import { note } from '../samples.js'

/** The revision of a put that must succeed. */
async function put(store: Store, key: string, value: Json): Promise<number> {
  const result = await store.kv.put(key, value)
  assert.ok(result.ok)
  return result.revision
}

const keysOf = async (store: Store, prefix?: string): Promise<string[]> =>
  (await collect(store.kv.list(prefix))).map(({ key }) => key)

const inUtf8Order = (keys: readonly string[]): string[] =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

const betrayers = JSON.parse('{"__proto__":{"x":1},"constructor":null,"toString":"","":[{}],"0":-1}') as Json

export const keepingValuesPromises: Promises = {
  'kv: a value is what was put last, and its revision is that of the put': async (it) => {
    const store = await it.store()
    assert.equal(await store.kv.get('a'), undefined)
    const first = await put(store, 'a', { n: 1 })
    assert.deepEqual(await store.kv.get('a'), { value: { n: 1 }, revision: first })
    const second = await put(store, 'a', 'two')
    assert.ok(second > first)
    assert.deepEqual(await store.kv.get('a'), { value: 'two', revision: second })
    assert.equal(await store.head(), 0, 'a value is no event')
  },

  'kv: values come back exactly, whatever JSON they are, and frozen': async (it) => {
    const store = await it.store()
    const values: Json[] = [
      null,
      false,
      0,
      5e-324,
      1.7976931348623157e308,
      '',
      '\u2028"\\\n🦀',
      [],
      {},
      [[null]],
      betrayers,
    ]
    for (const [i, value] of values.entries()) await put(store, `k${i}`, value)
    for (const [i, value] of values.entries()) {
      const kept = (await store.kv.get(`k${i}`))?.value
      assert.deepEqual(kept, value)
      assert.equal(JSON.stringify(kept), JSON.stringify(value))
    }
    const { value } = (await store.kv.get('k10')) as { value: Record<string, object> }
    assert.ok(Object.isFrozen(value) && Object.isFrozen(value['']))
  },

  'kv: keys are any names, those that have betrayed others too': async (it) => {
    const store = await it.store()
    const keys = ['__proto__', 'constructor', 'hasOwnProperty', '0', ' ', '../../x', 'a/b', 'é', '🦀', 'x'.repeat(512)]
    for (const key of keys) assert.equal(await store.kv.get(key), undefined, key)
    for (const key of keys) await put(store, key, key)
    for (const key of keys) assert.equal((await store.kv.get(key))?.value, key)
    assert.deepEqual(await keysOf(store), inUtf8Order(keys))
  },

  'kv: expect is judged at the moment of writing, and a conflict says what is there': async (it) => {
    const { kv } = await it.store()
    assert.deepEqual(await kv.put('a', 1, { expect: 7 }), { ok: false, actual: 0 })
    const first = await kv.put('a', 1, { expect: 'new' })
    assert.ok(first.ok)
    assert.deepEqual(await kv.put('a', 2, { expect: 'new' }), { ok: false, actual: first.revision })
    assert.deepEqual(await kv.put('a', 2, { expect: 0 }), { ok: false, actual: first.revision })
    const second = await kv.put('a', 2, { expect: first.revision })
    assert.ok(second.ok)
    assert.deepEqual(await kv.put('a', 3, { expect: first.revision }), { ok: false, actual: second.revision })
    assert.deepEqual(await kv.delete('a', { expect: first.revision }), { ok: false, actual: second.revision })
    assert.deepEqual(await kv.get('a'), { value: 2, revision: second.revision })
    assert.ok((await kv.delete('a', { expect: second.revision })).ok)
    assert.equal(await kv.get('a'), undefined)
    assert.ok((await kv.put('a', 4, { expect: 0 })).ok)
  },

  'kv: of fifty who put one key with the same expectation, exactly one wins, each time': async (it) => {
    const { kv } = await it.store()
    let expect: number | 'new' = 'new'
    for (let round = 0; round < 5; round++) {
      const results = await Promise.all(range(1, 50).map((i) => kv.put('a', i, { expect })))
      const [winner, ...others] = results.filter((result) => result.ok)
      assert.ok(winner !== undefined && others.length === 0, `${others.length + 1} have won`)
      for (const result of results) assert.ok(result.ok || result.actual === winner.revision)
      assert.deepEqual(await kv.get('a'), { value: results.indexOf(winner) + 1, revision: winner.revision })
      expect = winner.revision
    }
  },

  'kv: counting by read and expected put loses no step, however many count': async (it) => {
    const { kv } = await it.store()
    await Promise.all(
      range(1, 8).map(async () => {
        for (let step = 0; step < 5;) {
          const entry = await kv.get('n')
          const result = await kv.put('n', Number(entry?.value ?? 0) + 1, { expect: entry?.revision ?? 'new' })
          if (result.ok) step++
        }
      }),
    )
    assert.equal((await kv.get('n'))?.value, 40)
  },

  'kv: revisions rise with every write and never restart, also after a delete': async (it) => {
    const store = await it.store()
    const seen: number[] = []
    for (let round = 0; round < 3; round++) {
      seen.push(await put(store, 'a', round), await put(store, 'b', round))
      const result = await store.kv.delete('a')
      assert.ok(result.ok)
      seen.push(result.revision)
    }
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort(byNumber),
      'a revision has come twice, or is smaller than one before it',
    )
  },

  'kv: deleting what is not there is no conflict, and no write': async (it) => {
    const store = await it.store()
    const before = await put(store, 'a', 1)
    assert.deepEqual(await store.kv.delete('b'), { ok: true, revision: 0 })
    assert.deepEqual(await store.kv.delete('b', { expect: 'new' }), { ok: true, revision: 0 })
    assert.deepEqual(await store.kv.delete('b', { expect: before }), { ok: false, actual: 0 })
    assert.deepEqual(await store.kv.delete('a', { expect: 'new' }), { ok: false, actual: before })
    assert.deepEqual(await store.kv.get('a'), { value: 1, revision: before })
  },

  'kv: list gives what begins with the prefix, in UTF-8 byte order, through many pages': async (it) => {
    const store = await it.store()
    const keys = range(1, 1300).map((i) => `${i % 3 === 0 ? '\uff5e' : i % 3 === 1 ? '🦀' : 'a'}-${i}`)
    for (let from = 0; from < keys.length; from += 100) {
      await Promise.all(keys.slice(from, from + 100).map((key) => store.kv.put(key, key)))
    }
    await store.kv.delete('🦀-4')
    const left = keys.filter((key) => key !== '🦀-4')
    for (const prefix of ['', 'a', 'a-1', '🦀', '\uff5e-3', 'b', 'a-1299', 'a-2']) {
      const listed = await collect(store.kv.list(prefix))
      assert.deepEqual(
        listed.map(({ key }) => key),
        inUtf8Order(left.filter((key) => key.startsWith(prefix))),
        `prefix ${prefix}`,
      )
      assert.ok(listed.every(({ key, value, revision }) => value === key && revision > 0))
    }
  },

  'kv: list goes on past what is put and deleted meanwhile': async (it) => {
    const store = await it.store()
    await Promise.all(range(1, 20).map((i) => store.kv.put(`k${String(i).padStart(2, '0')}`, i)))
    const seen: string[] = []
    for await (const { key } of store.kv.list('k')) {
      seen.push(key)
      await store.kv.delete(key)
    }
    assert.equal(seen.length, 20)
    assert.deepEqual(await keysOf(store), [])
  },

  'kv: keys that begin with $ are refused, and hidden from list': async (it) => {
    const store = await it.store()
    await it.backend.kv.put('$subscription/x', '{"position":1}', 'any')
    await put(store, '!', 1)
    await put(store, 'a$', 2)
    assert.deepEqual(await keysOf(store), ['!', 'a$'])
    const { kv } = store
    for (const call of [
      () => kv.get('$subscription/x'),
      () => kv.put('$x', 1),
      () => kv.delete('$subscription/x'),
      () => collect(kv.list('$')),
    ]) {
      await failsWith('kv-invalid', call, { pointer: '/key' })
    }
    assert.equal((await it.backend.kv.get('$subscription/x'))?.text, '{"position":1}')
  },

  'kv: what cannot be kept is refused with its pointer, and nothing is written': async (it) => {
    const store = await it.store()
    const wrong: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['/key', () => store.kv.put('', 1)],
      ['/key', () => store.kv.put('a\n', 1)],
      ['/key', () => store.kv.put('x'.repeat(513), 1)],
      ['/key', () => store.kv.put('\ud800', 1)],
      ['/key', () => store.kv.put(7 as never, 1)],
      ['/value', () => store.kv.put('a', undefined as never)],
      ['/value/x/1', () => store.kv.put('a', { x: [1, NaN] })],
      ['/value/d', () => store.kv.put('a', { d: new Date() } as never)],
      ['/value', () => store.kv.put('a', 'x'.repeat(1024 * 1024))],
      ['/options/expect', () => store.kv.put('a', 1, { expect: -1 })],
      ['/options/expect', () => store.kv.put('a', 1, { expect: 'exists' as never })],
      ['/options/if', () => store.kv.put('a', 1, { if: 1 } as never)],
      ['/options', () => store.kv.put('a', 1, null as never)],
      ['/options/expects', () => store.kv.delete('a', { expects: 1 } as never)],
    ]
    for (const [pointer, call] of wrong) {
      const error = await failsWith('kv-invalid', call, { pointer }, pointer)
      assert.equal(error.written, 'no')
    }
    await failsWith('kv-invalid', () => store.kv.get(''))
    assert.deepEqual(await keysOf(store), [])
  },

  'kv: in a log that is not sealed, a value for a subject is refused, and not kept in the clear': async (it) => {
    const { kv } = await it.store()
    const put = (): Promise<unknown> => kv.put('a', 1, { subject: 'person-1' })
    assert.equal((await failsWith('unsupported', put, { feature: 'values by subject' })).written, 'no')
    assert.equal(await kv.get('a'), undefined)
  },

  'kv: a value of one mebibyte is kept': async (it) => {
    const store = await it.store()
    const value = 'x'.repeat(1024 * 1024 - 2)
    await put(store, 'a', value)
    assert.equal((await store.kv.get('a'))?.value, value)
    assert.equal((await collect(store.kv.list())).length, 1)
  },

  'kv: after closing, every call is refused': async (it) => {
    const store = await it.store()
    await put(store, 'a', 1)
    await it.close()
    for (const call of [() => store.kv.put('a', 1), () => store.kv.delete('a')]) {
      assert.equal((await failsWith('store-closed', call)).written, 'no')
    }
    await failsWith('store-closed', () => store.kv.get('a'))
    await failsWith('store-closed', () => collect(store.kv.list()))
  },

  'kv: values and events do not touch each other': async (it) => {
    const store = await it.store()
    await Promise.all(range(1, 20).flatMap((i) => [store.append('a', note(`${i}`)), store.kv.put(`k${i}`, i)]))
    assert.equal(await store.head(), 20)
    assert.equal((await keysOf(store)).length, 20)
  },
}

/** Where what is put outlives the process. */
export const keptValuesPromises: Promises = {
  'kv: after opening again everything is as it was, and revisions go on': async (it) => {
    const store = await it.store()
    await Promise.all(range(1, 300).map((i) => store.kv.put(`k${i}`, { i })))
    const last = await put(store, 'k1', betrayers)
    const deleted = await store.kv.delete('k2')
    assert.ok(deleted.ok)
    const before = await collect(store.kv.list())
    const again = await it.reopen()
    assert.deepEqual(await collect(again.kv.list()), before)
    assert.equal((await again.kv.get('k1'))?.revision, last)
    assert.equal(await again.kv.get('k2'), undefined)
    assert.ok((await put(again, 'k2', 1)) > deleted.revision, 'a revision has been given twice')
  },
}

/** Promises about sizes: at each limit it works, one past it is refused. */
import assert from 'node:assert/strict'
import type { Json, NewEvent } from '../../src/index.js'
import type { Promises } from '../case.js'
import { failsWith, range } from '../expectations.js'
import { note } from '../samples.js'

const MIB = 1024 * 1024

/** Data of exactly so many bytes of JSON. */
const dataOf = (bytes: number): string => 'x'.repeat(bytes - 2)

function nested(depth: number): Json {
  let value: Json = 0
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value }
  return value
}

export const limitPromises: Promises = {
  'limit: data of 1 MiB of JSON is kept, one byte more is refused': async (it) => {
    const store = await it.store()
    await store.append('a', { type: 't', data: dataOf(MIB) })
    assert.equal((await store.event(1))?.data, dataOf(MIB))
    await failsWith('event-invalid', store.append('a', { type: 't', data: dataOf(MIB + 1) }), {
      index: 0,
      pointer: '/data',
    })
    // Bytes count, not characters: é takes two, a quote is escaped.
    await store.append('a', { type: 't', data: 'é'.repeat(MIB / 2 - 1) })
    await failsWith('event-invalid', store.append('a', { type: 't', data: 'é'.repeat(MIB / 2) }), { pointer: '/data' })
    await store.append('a', { type: 't', data: '"'.repeat(MIB / 2 - 1) })
    await failsWith('event-invalid', store.append('a', { type: 't', data: '"'.repeat(MIB / 2) }), { pointer: '/data' })
    assert.equal(await store.head(), 3)
  },

  'limit: meta of 64 KiB of JSON is kept, one byte more is refused': async (it) => {
    const store = await it.store()
    const metaOf = (bytes: number) => ({ m: 'x'.repeat(bytes - '{"m":""}'.length) })
    await store.append('a', note('x', { meta: metaOf(64 * 1024) }))
    assert.deepEqual((await store.event(1))?.meta, metaOf(64 * 1024))
    await failsWith('event-invalid', store.append('a', note('x', { meta: metaOf(64 * 1024 + 1) })), {
      index: 0,
      pointer: '/meta',
    })
  },

  'limit: 64 tags are kept, 65 are refused': async (it) => {
    const store = await it.store()
    const tags = range(1, 64).map((i) => `k:${i}`)
    await store.append('a', note('x', { tags }))
    assert.deepEqual((await store.event(1))?.tags, tags)
    await failsWith('event-invalid', store.append('a', note('x', { tags: [...tags, 'k:65'] })), {
      index: 0,
      pointer: '/tags',
    })
  },

  'limit: names and tags of 512 bytes are kept, longer ones are refused': async (it) => {
    const store = await it.store()
    for (const [i, longest] of [
      'n'.repeat(512),
      'é'.repeat(256),
      '🦀'.repeat(128),
      '漢'.repeat(170) + 'xx',
    ].entries()) {
      const tag = 'k:' + longest.slice(longest.startsWith('🦀') ? 2 : longest.startsWith('漢') ? 1 : 2)
      await store.append(longest, { id: longest, type: longest, subject: longest, tags: [tag], data: 1 })
      const event = await store.event(longest)
      assert.deepEqual([event?.position, event?.stream, event?.type, event?.tags[0]], [i + 1, longest, longest, tag])
      const over = longest + 'x'
      await failsWith('event-invalid', store.append(over, note('x')), { pointer: '/stream' })
      await failsWith('event-invalid', store.append('a', { type: over, data: 1 }), { pointer: '/type' })
      await failsWith('event-invalid', store.append('a', note('x', { id: over })), { pointer: '/id' })
      await failsWith('event-invalid', store.append('a', note('x', { subject: over })), { pointer: '/subject' })
      await failsWith('event-invalid', store.append('a', note('x', { tags: [`k:${longest}`] })), { pointer: '/tags/0' })
    }
  },

  'limit: nesting of 500 is kept, of 501 is refused; of 100,000 too, without a stack overflow': async (it) => {
    const store = await it.store()
    await store.append('a', { type: 't', data: nested(500) })
    assert.equal(JSON.stringify((await store.event(1))?.data), JSON.stringify(nested(500)))
    for (const depth of [501, 100_000]) {
      const error = await failsWith('event-invalid', store.append('a', { type: 't', data: nested(depth) }), {
        index: 0,
      })
      assert.equal(error.facts.pointer.split('/').length, 502)
    }
  },

  'limit: a commit of 10,000 events is kept whole, one of 10,001 is refused whole': async (it) => {
    const store = await it.store()
    const event: NewEvent = { type: 't', data: 1 }
    const result = await store.append('a', Array<NewEvent>(10_000).fill(event))
    assert.deepEqual([result.first, result.last, result.revision], [1, 10_000, 10_000])
    assert.deepEqual((await store.event(10_000))?.commit, [1, 10_000])
    await failsWith('event-invalid', store.append('a', Array<NewEvent>(10_001).fill(event)), { index: 10_000 })
    const half = Array<NewEvent>(5001).fill(event)
    await failsWith(
      'event-invalid',
      store.commit([
        { stream: 'a', events: half },
        { stream: 'b', events: half },
      ]),
    )
    assert.equal(await store.head(), 10_000)
  },

  'limit: a commit of 16 MiB is kept whole, a larger one is refused whole': async (it) => {
    const store = await it.store()
    const events = range(1, 16).map((): NewEvent => ({ type: 't', data: dataOf(MIB) }))
    await failsWith('event-invalid', store.append('a', [...events, { type: 't', data: 1 }]), { index: 16 })
    assert.equal(await store.head(), 0)
    assert.equal((await store.append('a', events)).last, 16)
    let count = 0
    for await (const event of store.read()) count += Number(event.data === dataOf(MIB))
    assert.equal(count, 16)
  },
}

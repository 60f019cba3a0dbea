/** Whatever JSON there is comes back as it was given; whatever is not JSON is refused. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isPerdureError, type Json } from '../../src/index.js'
import { encodeJson, NotJson, parseJsonText, sameJson } from '../../src/json.js'
import { json } from './arbitraries.js'
import { kinds } from './stores.js'

for (const [kind, openStore] of Object.entries(kinds)) {
  test(`round trip: over ${kind}, any JSON comes back as it was given, as data and in meta, and after reopening`, async () => {
    const under = await openStore()
    let expected: Json[] = []
    const property = fc.asyncProperty(fc.array(json, { minLength: 1, maxLength: 20 }), async (values) => {
      const events = values.map((value) => ({ type: 't', data: value, meta: { value } }))
      const { first, last } = await under.store.append('s', events)
      expected = [...expected, ...values].slice(-100)
      let i = 0
      for await (const event of under.store.read({ after: first - 1, upTo: last })) {
        assert.equal(JSON.stringify(event.data), JSON.stringify(values[i]))
        assert.equal(JSON.stringify(event.meta['value']), JSON.stringify(values[i++]))
      }
      assert.equal(i, values.length)
    })
    await fc.assert(property, { numRuns: kind === 'file' ? 150 : 500 })
    await under.reopen()
    const again: Json[] = []
    for await (const event of under.store.read({ backwards: true, limit: expected.length })) again.unshift(event.data)
    expect(JSON.stringify(again)).toBe(JSON.stringify(expected))
    await under.end()
  })
}

test('json: what is encoded is what JSON.stringify gives, and parses to the same value', () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = encodeJson(value)
      assert.equal(text, JSON.stringify(value))
      assert.ok(sameJson(JSON.parse(text) as Json, value))
      assert.equal(encodeJson(parseJsonText(text)), text)
    }),
    { numRuns: 3000 },
  )
})

test('json: any value at all is either encoded so that it comes back the same, or refused', () => {
  const anything = fc.anything({
    ...{ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true, withSparseArray: true },
    ...{ withNullPrototype: true, withObjectString: true, stringUnit: 'binary' },
  })
  fc.assert(
    fc.property(anything, (value) => {
      let text: string
      try {
        text = encodeJson(value)
      } catch (error) {
        assert.ok(error instanceof NotJson, String(error))
        return
      }
      assert.equal(text, JSON.stringify(value))
      // Nothing was dropped or changed on the way: with its prototypes and -0 put aside, it is the same value.
      assert.deepEqual(plain(JSON.parse(text)), plain(value))
    }),
    { numRuns: 3000 },
  )
})

function plain(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return new Map(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}

test('json: two values are the same exactly when they are written the same with sorted members', () => {
  const sorted = (value: Json): string => JSON.stringify(plain2(value))
  const plain2 = (value: Json): unknown => {
    if (Array.isArray(value)) return value.map((one: Json) => plain2(one))
    if (typeof value !== 'object' || value === null) return ['value', value]
    const entries = Object.entries(value).map(([key, member]) => [key, plain2(member)] as const)
    return ['object', ...entries.sort(([a], [b]) => (a < b ? -1 : 1))]
  }
  fc.assert(
    fc.property(json, json, (a, b) => {
      assert.equal(sameJson(a, b), sorted(a) === sorted(b))
      assert.ok(sameJson(a, JSON.parse(JSON.stringify(a)) as Json))
    }),
    { numRuns: 2000 },
  )
})

test('round trip: whatever is given as an event is recorded as it is, or refused with an index and a pointer', async () => {
  const under = await (kinds['memory'] as () => ReturnType<(typeof kinds)[string]>)()
  const property = fc.asyncProperty(fc.anything(), fc.anything(), async (data, extra) => {
    const event = { type: 't', data, meta: { extra } } as never
    const before = await under.store.head()
    const error: unknown = await under.store.append('s', event).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    if (error === undefined) return
    assert.ok(isPerdureError(error) && error.code === 'event-invalid', String(error))
    assert.ok(error.facts.index === 0 && /^\/(data|meta)/.test(error.facts.pointer))
    assert.equal(await under.store.head(), before)
  })
  await fc.assert(property, { numRuns: 1000 })
  await under.end()
})

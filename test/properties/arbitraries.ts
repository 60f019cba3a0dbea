/** Random events, conditions and queries: from few values, so that they meet. */
import fc from 'fast-check'
import type { Expect, Json, NewEvent, Query, Selection, Unless } from '../../src/index.js'
import type { ModelCommit, ModelWrite } from './model.js'

const streams = ['a', 'b', 'ab', '🦀', '\uff5e'] as const
const types = ['placed', 'shipped', 'paid'] as const
const tags = ['k:1', 'k:2', 'm:1'] as const

export const stream = fc.constantFrom(...streams)
export const prefix = fc.constantFrom('', 'a', 'ab', '🦀', 'never')

/** Members that are left out as often as they are there. */
const optional = <Shape extends object>(shape: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }) =>
  fc.record(shape, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Partial<Shape>>

const data: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(null, 0, 'x', true),
  fc.record({ n: fc.integer({ min: 0, max: 2 }) }, { noNullPrototype: true }),
)

export const event: fc.Arbitrary<NewEvent> = fc
  .tuple(
    fc.record({ type: fc.constantFrom(...types), data }),
    optional({
      // Few: most repeats should be of something.
      id: fc.integer({ min: 0, max: 30 }).map((n) => `i${n}`),
      tags: fc.uniqueArray(fc.constantFrom(...tags), { minLength: 1, maxLength: 3 }),
      meta: fc.record({ correlation: fc.constantFrom('x', 'y') }, { noNullPrototype: true }),
      occurred: fc.constantFrom('2026-01-01T00:00:00Z', '2020-02-29T23:59:59.5+01:00'),
    }),
  )
  .map(([needed, more]) => ({ ...needed, ...more }))

const expect: fc.Arbitrary<Expect> = fc.oneof(
  { weight: 3, arbitrary: fc.constant('any' as const) },
  { weight: 2, arbitrary: fc.constantFrom('new' as const, 'exists' as const) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 6 }) },
)

const item = optional({
  stream,
  streamPrefix: prefix,
  types: fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 2 }),
  tags: fc.uniqueArray(fc.constantFrom(...tags), { minLength: 1, maxLength: 2 }),
})

export const selection: fc.Arbitrary<Selection> = fc
  .tuple(item, optional({ any: fc.array(item, { minLength: 1, maxLength: 3 }) }))
  .map(([own, any]) => ({ ...own, ...any }))

const unless: fc.Arbitrary<Unless> = fc.record({ query: selection, after: fc.nat({ max: 25 }) })

const write: fc.Arbitrary<ModelWrite> = fc.record({
  stream,
  events: fc.array(event, { minLength: 1, maxLength: 3 }),
  expect,
})

export const commit: fc.Arbitrary<ModelCommit> = fc
  .tuple(fc.array(write, { minLength: 1, maxLength: 3 }), fc.option(unless, { freq: 2, nil: undefined }))
  .map(([writes, condition]) => ({ writes, ...(condition === undefined ? {} : { unless: condition }) }))

/** Around the times at which the model's log is written. */
const moment = fc.integer({ min: -5000, max: 20_000 }).map((ms) => new Date(Date.UTC(2026, 0, 1) + ms))

export const query: fc.Arbitrary<Query> = fc
  .tuple(
    selection,
    optional({
      after: fc.nat({ max: 30 }),
      upTo: fc.nat({ max: 40 }),
      afterRevision: fc.nat({ max: 5 }),
      until: fc.oneof(
        moment,
        moment.map((time) => time.toISOString()),
      ),
      limit: fc.integer({ min: 1, max: 10 }),
      backwards: fc.boolean(),
      raw: fc.boolean(),
    }),
  )
  .map(([selected, { afterRevision, ...bounds }]) => ({
    ...selected,
    ...bounds,
    // Revisions are of one stream.
    ...(afterRevision === undefined || selected.stream === undefined ? {} : { afterRevision }),
  }))

/** Any text that UTF-8 can express, and the keys that have betrayed others. */
const key = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '', '0', '-1', 'length', 'toJSON') },
)

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(',"data":', '"}\n{"', '\u2028', '\\"'),
)

/** Any JSON, `__proto__` as an own key included. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((members) => Object.fromEntries(members) as Json),
  ),
})).value

/** Validators at work: what zod, valibot, JSON Schema and a validator of one's own say about data that is recorded. */
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { defineEvents, defineProjection, isPerdureError, open, type Events, type Json } from '../../src/index.js'

/** The same shape in each language: { tea: text, cups: 1 or more, "to/from~": list of texts? } */
const validators = {
  zod: z.object({ tea: z.string(), cups: z.number().min(1), 'to/from~': z.array(z.string()).optional() }),
  valibot: v.object({
    tea: v.string(),
    cups: v.pipe(v.number(), v.minValue(1)),
    'to/from~': v.optional(v.array(v.string())),
  }),
  'JSON Schema': {
    type: 'object',
    required: ['tea', 'cups'],
    properties: {
      tea: { type: 'string' },
      cups: { type: 'number', minimum: 1 },
      'to/from~': { type: 'array', items: { type: 'string' } },
    },
  },
}

async function refusalOf(events: Events, data: Json): Promise<{ pointer: string; index: number; message: string }> {
  const store = await open('memory:', { events: events })
  const before = { type: 'undeclared', data: null }
  const error: unknown = await store.append('a', [before, { type: 'order_placed', data }]).then(
    () => undefined,
    (failure: unknown) => failure,
  )
  expect(await store.head()).toBe(0)
  await store.close()
  if (!isPerdureError(error) || error.code !== 'event-invalid') throw new Error('not refused', { cause: error })
  expect(error.written).toBe('no')
  return { ...error.facts, message: error.message }
}

describe.each(Object.entries(validators))('%s', (_name, schema) => {
  const events: Events = defineEvents({ order_placed: { version: 1, schema } })

  test('data that fits is recorded as it was given', async () => {
    const store = await open('memory:', { events })
    const data = { tea: 'assam', cups: 2, 'to/from~': ['ann', 'bob'], more: [null] }
    await store.append('a', { type: 'order_placed', data })
    expect((await store.event(1))?.data).toEqual(data)
    await store.close()
  })

  test.each([
    ['/data/cups', { tea: 'assam', cups: '2' }],
    ['/data/cups', { tea: 'assam', cups: 0 }],
    ['/data/to~1from~0/1', { tea: 'assam', cups: 1, 'to/from~': ['ann', 7] }],
    ['/data', null],
  ])('a misfit is refused with the pointer %s, and nothing is written', async (pointer, data) => {
    expect(await refusalOf(events, data)).toMatchObject({ pointer, index: 1 })
  })
})

const asynchronous = {
  'zod that settles': z.object({ cups: z.number() }).refine(async () => Promise.resolve(true)),
  'valibot that settles': v.objectAsync({
    cups: v.pipeAsync(
      v.number(),
      v.checkAsync(async () => Promise.resolve(true)),
    ),
  }),
  'valibot that fails': v.pipeAsync(
    v.object({ cups: v.number() }),
    v.checkAsync(async () => Promise.reject(new Error('no answer'))),
  ),
}

test.each(Object.entries(asynchronous))('an asynchronous validator is refused: %s', async (_name, schema) => {
  const events: Events = defineEvents({ order_placed: { version: 1, schema } })
  const { pointer, message } = await refusalOf(events, { cups: 1 })
  expect(pointer).toBe('/data')
  expect(message).toContain('asynchronous')
})

test('a validator that throws has not said that the data fits', async () => {
  const threw = (): never => {
    throw new Error('the rules are not at hand')
  }
  const own = { '~standard': { version: 1 as const, vendor: 'own', validate: threw } }
  for (const schema of [own, z.unknown().refine(threw), v.pipe(v.unknown(), v.check(threw))]) {
    const events: Events = defineEvents({ order_placed: { version: 1, schema } })
    const { pointer, message } = await refusalOf(events, { cups: 1 })
    expect(pointer).toBe('/data')
    expect(message).toContain('threw')
  }
})

describe('what a validator makes of data is not what is recorded:', () => {
  test.each([
    ['a default of zod', z.object({ cups: z.number().default(1) }), {}],
    ['a coercion of zod', z.object({ cups: z.coerce.number() }), { cups: '2' }],
    ['a transform of zod', z.object({ at: z.string().transform((text) => new Date(text)) }), { at: '2026-01-01' }],
    ['members that zod strips', z.object({ cups: z.number() }), { cups: 1, note: 'kept' }],
    ['a fallback of valibot', v.object({ note: v.optional(v.string(), 'none') }), {}],
    ['a transform of valibot', v.object({ cups: v.pipe(v.string(), v.transform(Number)) }), { cups: '2' }],
    [
      'a validator that changes what it is given',
      z.preprocess((data) => Object.assign(data as object, { cups: 99 }), z.unknown()),
      { cups: 1 },
    ],
  ])('%s', async (_name, schema, data: Json) => {
    const events: Events = defineEvents({ order_placed: { version: 1, schema } })
    const store = await open('memory:', { events })
    const given = structuredClone(data)
    await store.append('a', { type: 'order_placed', data })
    expect((await store.event(1))?.data).toEqual(given)
    await store.close()
  })
})

const evolved = defineEvents({
  order_placed: {
    version: 2,
    schema: z.object({ cups: z.number() }),
    upcast: { 1: (data: { cups: string }) => ({ cups: Number(data.cups) }) },
  },
})

test('an event of an older version is checked by its upcast, recorded as it is, and read as it would be today', async () => {
  const store = await open('memory:', { events: evolved })
  await store.append('a', { type: 'order_placed', version: 1, data: { cups: '2' } })
  const today = []
  for await (const event of store.read({ types: ['order_placed'] })) today.push(event.data.cups + 1)
  const raw = []
  for await (const event of store.read({ types: ['order_placed'], raw: true })) raw.push(event)
  await store.close()
  expect(today).toEqual([3])
  expect(raw).toMatchObject([{ version: 1, data: { cups: '2' } }])
  // In its old form it is not what the declaration says it is.
  expect(raw.map((event) => evolved.is(event, 'order_placed'))).toEqual([false])
})

test('events.is tells declared events from others, and events.types selects them', async () => {
  const store = await open('memory:', { events: evolved })
  await store.append('a', [
    { type: 'order_placed', data: { cups: 2 } },
    { type: 'undeclared', data: { cups: 3 } },
  ])
  let cups = 0
  for await (const event of store.read()) if (evolved.is(event, 'order_placed')) cups += event.data.cups
  const types = []
  for await (const event of store.read({ types: evolved.types })) types.push(event.type)
  await store.close()
  expect(cups).toBe(2)
  expect(types).toEqual(['order_placed'])
})

test('defineEvents: a misspelt member is refused, so that no schema is left unchecked', () => {
  const misspelt = { order_placed: { version: 1, shcema: true } }
  expect(() => defineEvents(misspelt as Events['declarations'])).toThrow(/shcema is not a member of a declaration/)
})

test('defineProjection: a function for a type that its events do not declare is refused', () => {
  const on = { order_plcaed: () => 1 } as object
  const definition = { name: 'cups', version: 1, events: evolved, initial: 0, on }
  expect(() => defineProjection(definition)).toThrow(/order_plcaed, which its events do not declare/)
})

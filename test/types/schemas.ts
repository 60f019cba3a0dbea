/** Compiled, never run: what zod, valibot, JSON Schema and upcasts say about data. */
import * as v from 'valibot'
import * as z from 'zod'
import { defineEvents, type DataOf, type Json, type StandardSchema } from '../../src/index.js'
import { holds, type Equal } from './declared.js'

declare const own: StandardSchema<{ a: number }, { a: string }>

export const events = defineEvents({
  zod_transform: { version: 1, schema: z.object({ at: z.string().transform((text) => new Date(text)) }) },
  zod_default: { version: 1, schema: z.object({ cups: z.number().default(1) }) },
  zod_union: {
    version: 1,
    schema: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), a: z.number() }),
      z.object({ kind: z.literal('b'), b: z.tuple([z.string(), z.number()]) }),
    ]),
  },
  zod_record: { version: 1, schema: z.record(z.string(), z.boolean().nullable()) },
  zod_json: { version: 1, schema: z.object({ anything: z.json(), unknown: z.unknown() }) },
  zod_brand: { version: 1, schema: z.object({ id: z.string().brand('Id') }) },
  zod_date: { version: 1, schema: z.object({ at: z.date() }) },
  valibot_transform: { version: 1, schema: v.object({ cups: v.pipe(v.string(), v.transform(Number)) }) },
  valibot_optional: { version: 1, schema: v.object({ note: v.optional(v.string(), 'none') }) },
  valibot_variant: {
    version: 1,
    schema: v.variant('kind', [v.object({ kind: v.literal('a') }), v.object({ kind: v.literal('b'), b: v.number() })]),
  },
  own: { version: 1, schema: own },
  json_schema: { version: 1, schema: { type: 'object', properties: { cups: { type: 'number' } } } as const },
  json_schema_true: { version: 1, schema: true },
  none: { version: 1, class: 'order', blobs: ['/file'] },
})

type Data<Type extends string> = DataOf<typeof events, Type>

// The data is what was given, not what the validator makes of it.
export const data = [
  holds<Equal<Data<'zod_transform'>, { readonly at: string }>>(),
  holds<Equal<Data<'zod_default'>, { readonly cups?: number }>>(),
  holds<
    Equal<
      Data<'zod_union'>,
      { readonly kind: 'a'; readonly a: number } | { readonly kind: 'b'; readonly b: readonly [string, number] }
    >
  >(),
  holds<Equal<Data<'zod_record'>, { readonly [x: string]: boolean | null }>>(),
  holds<Equal<Data<'zod_json'>['unknown'], Json>>(),
  holds<Equal<Data<'zod_brand'>, { readonly id: string }>>(),
  // What JSON cannot say cannot be recorded.
  holds<Equal<Data<'zod_date'>, { readonly at: never }>>(),
  holds<Equal<Data<'valibot_transform'>, { readonly cups: string }>>(),
  holds<Equal<Data<'valibot_optional'>, { readonly note?: string }>>(),
  holds<Equal<Data<'valibot_variant'>, { readonly kind: 'a' } | { readonly kind: 'b'; readonly b: number }>>(),
  holds<Equal<Data<'own'>, { readonly a: number }>>(),
  holds<Equal<Data<'json_schema'>, Json>>(),
  holds<Equal<Data<'json_schema_true'>, Json>>(),
  holds<Equal<Data<'none'>, Json>>(),
]

export const json = (value: Data<'zod_json'>): Json => value
export const anything = (value: Json): Data<'zod_json'> => ({ anything: value, unknown: value })

export const upcasts = defineEvents({
  named: { version: 2, upcast: { 1: (data: { cups: string }) => ({ cups: Number(data.cups) }) } },
  unknown: { version: 2, upcast: { 1: (data: unknown) => ({ data: String(data) }) } },
  json: { version: 3, upcast: { 1: (data) => ({ was: data satisfies Json }), 2: (data: Json) => data } },
})

export const refused = {
  schema: () =>
    // @ts-expect-error: neither a JSON Schema nor a validator
    defineEvents({ a: { version: 1, schema: 'string' } }),
  upcast: () =>
    // @ts-expect-error: not JSON
    defineEvents({ a: { version: 2, upcast: { 1: () => new Date() } } }),
  option: () =>
    // @ts-expect-error: schema
    defineEvents({ a: { version: 1, shcema: true } }),
}

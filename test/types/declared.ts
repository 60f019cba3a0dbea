/** Event types as programs declare them, with each kind of schema; what the compiled type tests here are about. */
import * as v from 'valibot'
import * as z from 'zod'
import { defineEvents, type Store } from '../../src/index.js'

export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** Compiles if the types are the same. */
export const holds = <T extends true>(): T | undefined => undefined

/** Compiles if the value is of exactly this type. */
export const exactly =
  <Expected>() =>
  <Actual>(_value: Actual, ..._differs: Equal<Actual, Expected> extends true ? [] : [never]): void =>
    undefined

export const events = defineEvents({
  order_placed: {
    version: 2,
    schema: z.object({ tea: z.string(), cups: z.number(), to: z.array(z.string()), note: z.string().optional() }),
    // What version 1 looked like is said where it is brought up to date.
    upcast: { 1: (data: { tea: string }) => ({ ...data, cups: 1, to: [] }) },
  },
  order_paid: { version: 1, schema: v.object({ cents: v.number(), by: v.picklist(['card', 'cash']) }) },
  order_noted: { version: 1, schema: { type: 'object', required: ['note'] } as const },
  order_closed: { version: 1 },
})

export declare const store: Store<typeof events>
export declare const untyped: Store

/** Compiled, never run: projections and decisions over declared types. */
import { defineProjection, type Json, type NewEvent, type NewEventOf, type Projection } from '../../src/index.js'
import { events, exactly, store, untyped } from './declared.js'

const cups = defineProjection({
  name: 'cups',
  version: 1,
  events,
  initial: 0,
  on: {
    order_placed: (sum, event) => sum + event.data.cups,
    order_paid: (sum, { data }) => (data.by === 'cash' ? sum : sum - 1),
  },
})

const byTea = defineProjection({
  name: 'by-tea',
  version: 1,
  events,
  initial: (): Record<string, number> => ({}),
  on: { order_placed: (teas, { data }) => ({ ...teas, [data.tea]: data.cups }) },
})

const undeclared = defineProjection({
  name: 'as-before',
  version: 1,
  initial: 0,
  on: { anything: (sum, event) => sum + (event.data === null ? 0 : 1), other: (sum: number) => sum + 1 },
})

export const projections = [
  exactly<Projection<number>>()(cups),
  exactly<Projection<Record<string, number>>>()(byTea),
  exactly<Projection<number>>()(undeclared),
  defineProjection<readonly string[]>({
    name: 'state-named',
    version: 1,
    initial: [],
    on: { a: (all) => [...all, 'a'] },
  }),
]

export const refusedProjections = {
  misspelt: () =>
    defineProjection({
      name: 'misspelt',
      version: 1,
      events,
      initial: 0,
      // @ts-expect-error: order_placed
      on: { order_plcaed: () => 1 },
    }),
  member: () =>
    defineProjection({
      name: 'member',
      version: 1,
      events,
      initial: 0,
      // @ts-expect-error: no such member of the data
      on: { order_paid: (sum, event) => (event.data.euros === undefined ? sum : 0) },
    }),
  state: () =>
    defineProjection({
      name: 'state',
      version: 1,
      events,
      initial: 0,
      // @ts-expect-error: the state is a number
      on: { order_paid: (sum, event) => `${sum} ${event.data.cents}` },
    }),
}

const pay = (sum: number): NewEventOf<typeof events, 'order_paid'>[] =>
  sum > 0 ? [{ type: 'order_paid', data: { cents: sum * 100, by: 'card' } }] : []
const loose = (): NewEvent[] => []

export const decisions = {
  written: () =>
    store.decide('a', cups, (sum) => (sum > 0 ? [{ type: 'order_paid', data: { cents: sum, by: 'card' } }] : [])),
  nothing: () => store.decide('a', cups, () => []),
  later: () =>
    store.decide({ stream: 'a', query: { tags: ['a:b'] } }, byTea, async (teas, { position }) => {
      if (position === 0) return []
      return [
        { type: 'order_paid', data: { cents: teas['assam'] ?? 0, by: 'cash' } },
        { type: 'order_closed', data: null },
        { type: 'anything', data: 1 satisfies Json },
      ]
    }),
  named: () => store.decide('a', cups, pay, { retries: 5 }),
  loose: () => store.decide('a', cups, loose),
  untyped: () => untyped.decide('a', cups, (sum) => [{ type: 'order_paid', data: sum }]),
}

export const refusedDecisions = {
  wrong: () =>
    // @ts-expect-error: cents is a number
    store.decide('a', cups, () => [{ type: 'order_paid', data: { cents: 'many', by: 'card' } }]),
  state: () =>
    // @ts-expect-error: the state is a number
    store.decide('a', cups, (sum) => [{ type: 'anything', data: sum.length === 0 }]),
}

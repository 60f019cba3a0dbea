/** Compiled, never run: what may be recorded of declared types, and what is an error at which line. */
import {
  must,
  type Appended,
  type Json,
  type NewEvent,
  type NewEventOf,
  type Refused,
  type Store,
} from '../../src/index.js'
import { type events, exactly, holds, store, untyped, type Equal } from './declared.js'

interface Paid {
  cents: number
  by: 'card' | 'cash'
}

declare const event: NewEvent
declare const list: readonly NewEvent[]
declare const someType: string
declare const paid: Paid

// A store with declared types is a store: programs that know nothing of them take it.
export const widened: Store = store

const placed = { type: 'order_placed', data: { tea: 'assam', cups: 2, to: ['ann'] } } as const

export const allowed = {
  one: () => store.append('a', { type: 'order_placed', data: { tea: 'assam', cups: 2, to: [] }, tags: ['a:b'] }),
  // An interface has no index signature, and is data all the same.
  interfaceOfOwn: () => store.append('a', { type: 'order_paid', data: paid }),
  readonlyData: () => store.append('a', placed),
  readonlyList: () => store.append('a', [placed, { type: 'order_paid', data: paid }] as const),
  mixed: () => store.append('a', [placed, { type: 'order_closed', data: null }, { type: 'anything', data: [1] }]),
  jsonSchema: () => store.append('a', { type: 'order_noted', data: { note: 'any JSON: the compiler cannot tell' } }),
  // Recorded as it once was, for an import or a test; its upcast is checked when it is recorded.
  older: () => store.append('a', { type: 'order_placed', version: 1, data: { tea: 'assam' } }),
  current: () => store.append('a', { type: 'order_placed', version: 2, data: placed.data }),
  undeclared: () => store.append('a', { type: 'anything', data: { goes: true } }),
  unknownToTheCompiler: () => store.append('a', { type: someType, data: 1 }),
  newEvent: () => store.append('a', event),
  newEvents: () => store.append('a', list),
  commit: () =>
    store.commit([
      { stream: 'a', events: placed, expect: 'new' },
      { stream: 'b', events: [{ type: 'order_paid', data: paid }] },
      { stream: 'c', events: list },
    ]),
  untyped: () => untyped.append('a', { type: 'order_placed', data: 'whatever' }),
}

export const refused = {
  wrong: () =>
    // @ts-expect-error: cups is a number
    store.append('a', { type: 'order_placed', data: { tea: 'assam', cups: '2', to: [] } }),
  missing: () =>
    // @ts-expect-error: to is missing
    store.append('a', { type: 'order_placed', data: { tea: 'assam', cups: 2 } }),
  tooMuch: () =>
    // @ts-expect-error: no such member
    store.append('a', { type: 'order_placed', data: { tea: 'assam', cups: 2, to: [], milk: true } }),
  undefined: () =>
    // @ts-expect-error: what is left out is left out, not undefined
    store.append('a', { type: 'order_placed', data: { tea: 'assam', cups: 2, to: [], note: undefined } }),
  inList: () =>
    store.append('a', [
      { type: 'order_paid', data: paid },
      // @ts-expect-error: no such way of paying
      { type: 'order_paid', data: { cents: 1, by: 'cheque' } },
    ]),
  withConditions: () =>
    // @ts-expect-error: cents is a number
    store.append('a', { type: 'order_paid', data: { cents: '1', by: 'cash' } }, { expect: 'new' }),
  inCommit: () =>
    store.commit([
      { stream: 'a', events: placed },
      // @ts-expect-error: cents is a number
      { stream: 'b', events: { type: 'order_paid', data: { cents: '1', by: 'cash' } } },
    ]),
  misspeltMember: () =>
    // @ts-expect-error: tags
    store.append('a', { type: 'order_paid', data: paid, tgas: [] }),
  newerVersion: () =>
    // @ts-expect-error: version 2 is the newest that is declared
    store.append('a', { type: 'order_placed', version: 3, data: { tea: 'assam', cups: 2, to: [] } }),
  date: () =>
    // @ts-expect-error: not JSON
    store.append('a', { type: 'order_closed', data: new Date() }),
}

export const plainly = () => store.append('a', placed)
export const conditionally = () => store.append('a', placed, { expect: 'exists' })

export const answers = {
  cannotBeRefused: () => holds<Equal<ReturnType<typeof plainly>, Promise<Appended>>>(),
  canBeRefused: () => holds<Equal<ReturnType<typeof conditionally>, Promise<Appended | Refused>>>(),
  must: async () => must(await conditionally()) satisfies Appended,
}

type Decided = NewEventOf<typeof events, 'order_paid' | 'order_closed'>

export const named = {
  one: () => ({ type: 'order_paid', data: paid }) satisfies Decided,
  list: (decided: Decided[]) => store.append('a', decided),
  any: (any: NewEventOf<typeof events>) => any satisfies NewEvent,
  open: (any: NewEventOf<typeof events, string>) => exactly<NewEvent>()(any),
  data: (any: NewEventOf<typeof events, 'order_noted'>) => exactly<Json>()(any.data),
}

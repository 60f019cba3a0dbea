/** Compiled, never run: what is known of events that are read, followed, subscribed to. */
import {
  open,
  openObserver,
  type DataOf,
  type Json,
  type Observer,
  type RecordedEvent,
  type RecordedEventOf,
  type Store,
} from '../../src/index.js'
import { events, exactly, holds, store, untyped, type Equal } from './declared.js'

type Cents = { readonly cents: number; readonly by: 'card' | 'cash' }
type Known = typeof events

export const opened = {
  typed: () => open('memory:', { events }) satisfies Promise<Store<Known>>,
  untyped: () => open('memory:', { create: true }) satisfies Promise<Store>,
  observer: () => openObserver('file:x', { events }) satisfies Promise<Observer<Known>>,
  reading: async (observer: Observer<Known>) => {
    for await (const event of observer.read({ types: ['order_paid'] })) event.data satisfies Cents
    for await (const event of observer.follow({ types: ['order_paid'] })) event.data satisfies Cents
    return observer satisfies Observer
  },
}

export async function read(): Promise<void> {
  for await (const event of store.read({ types: ['order_paid'], tags: ['a:b'], backwards: true })) {
    event.data satisfies Cents
    event satisfies RecordedEvent
  }
  // All declared types and no other: a union to switch over.
  for await (const event of store.read({ types: events.types })) {
    switch (event.type) {
      case 'order_placed':
        event.data.to satisfies readonly string[]
        break
      case 'order_paid':
        event.data satisfies Cents
        break
      case 'order_noted':
      case 'order_closed':
        exactly<Json>()(event.data)
    }
  }
  // Any type at all: asked one by one.
  for await (const event of store.read()) {
    exactly<RecordedEvent>()(event)
    if (events.is(event, 'order_paid')) event.data satisfies Cents
  }
  for await (const event of store.read({ types: ['order_paid'], raw: true })) {
    exactly<RecordedEvent>()(event)
  }
  for await (const event of store.read({ types: ['undeclared'] })) exactly<RecordedEvent>()(event)
  for await (const event of untyped.read({ types: ['order_paid'] })) exactly<RecordedEvent>()(event)
  // @ts-expect-error: limit
  store.read({ types: ['order_paid'], limt: 1 })
  // @ts-expect-error: no such member of the data
  for await (const event of store.read({ types: ['order_paid'] })) console.log(event.data.euros)
  const one = await store.event(1)
  // @ts-expect-error: not declared
  if (one !== undefined) events.is(one, 'order_piad')
}

export async function live(): Promise<void> {
  for await (const event of store.follow({ types: ['order_paid'], after: 3 })) event.data satisfies Cents
  for await (const event of store.follow()) exactly<RecordedEvent>()(event)
  for await (const event of store.follow({ types: ['order_paid'], raw: true })) exactly<RecordedEvent>()(event)
  await store.subscribe('raw', { types: ['order_paid'], raw: true }, (event) => exactly<RecordedEvent>()(event))
  await store.subscribe('paid', { types: ['order_paid'] }, (event) => console.log(event.data.cents))
  await store.subscribe('all', {}, (event) => exactly<RecordedEvent>()(event))
  await store.subscribe('as-before', { types: ['order_paid'] }, async (event: RecordedEvent) => console.log(event.data))
  // @ts-expect-error: no such member of the data
  await store.subscribe('wrong', { types: ['order_paid'] }, (event) => console.log(event.data.euros))
}

export const named = {
  data: () => holds<Equal<DataOf<Known, 'order_paid'>, Cents>>(),
  undeclared: () => holds<Equal<DataOf<Known, 'anything'>, Json>>(),
  any: (event: RecordedEventOf<Known>) => (event.type === 'order_paid' ? event.data.cents : 0),
  function: (event: RecordedEventOf<Known, 'order_placed'>) => event.data.note satisfies string | undefined,
}

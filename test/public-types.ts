/** Compiled, never run: holds the build to the public names of docs/api.md. */
import {
  defineEvents,
  defineProjection,
  isPerdureError,
  must,
  open,
  type Appended,
  type Backend,
  type Json,
  type NewEvent,
  type Projected,
  type Query,
  type RecordedEvent,
  type Refused,
  type Store,
  type Subscription,
  type Unless,
} from '../src/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(): T | undefined => undefined

declare const store: Store
declare const event: NewEvent
declare const unless: Unless
declare const backend: Backend

const total = defineProjection({ name: 'total', version: 1, initial: 0, on: { sold: (sum: number) => sum + 1 } })

export const calls = {
  opened: () => open('memory:') satisfies Promise<Store>,
  ownBackend: () =>
    open(backend, { create: true, clock: () => new Date(), syncHead: 'close' }) satisfies Promise<Store>,
  typed: () => open('file:x', { events: defineEvents({ sold: { version: 1, schema: true } }) }),
  // Without conditions an append cannot be refused, and its type says so.
  append: () => holds<Equal<ReturnType<typeof appended>, Promise<Appended>>>(),
  conditional: () => holds<Equal<ReturnType<typeof conditional>, Promise<Appended | Refused>>>(),
  commit: () => store.commit([{ stream: 'a', events: [event], expect: 'new' }], { unless }),
  must: async () => must(await conditional()) satisfies Appended,
  read: () => store.read({ tags: ['a:b'], any: [{ types: ['x'] }], backwards: true, limit: 1 } satisfies Query),
  project: () => store.project(total, { stream: 'a', at: new Date() }) satisfies Promise<Projected<number>>,
  event: () => store.event(1) satisfies Promise<RecordedEvent | undefined>,
  follow: (signal: AbortSignal) =>
    store.follow({ tags: ['a:b'], after: 3 }, { signal }) satisfies AsyncIterable<RecordedEvent>,
  subscribe: () =>
    store.subscribe('name', { types: ['x'], after: 0 }, async (recorded) => void recorded.position, {
      onError: 'park',
      takeOver: true,
    }) satisfies Promise<Subscription>,
  subscription: async (subscription: Subscription) => {
    holds<Equal<Subscription['done'], Promise<void>>>()
    await subscription.whenAt(subscription.position, { timeoutMs: 1 })
    for (const { position, error } of await subscription.parked())
      await subscription.replay(position).catch(() => error)
    await subscription.close()
  },
  checkpoint: () => store.checkpoint() satisfies Promise<{ size: number; root: string }>,
  data: (recorded: RecordedEvent) => recorded.data satisfies Json,
  code: (error: unknown) => (isPerdureError(error) && error.code === 'event-invalid' ? error.facts.pointer : ''),
}

export const appended = () => store.append('a', event)
export const conditional = () => store.append('a', event, { expect: 'exists', unless })

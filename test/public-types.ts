/** Compiled, never run: holds the build to the public names of docs/api.md. */
import {
  defineEvents,
  defineProjection,
  isPerdureError,
  must,
  open,
  openObserver,
  type Appended,
  type As,
  type Backend,
  type BlobReference,
  type BlobStore,
  type DataOf,
  type Json,
  type NewEvent,
  type NewEventOf,
  type Observer,
  type Projected,
  type Query,
  type RecordedEvent,
  type RecordedEventOf,
  type Refused,
  type Store,
  type StoreAs,
  type Subscription,
  type TypesOf,
  type Unless,
} from '../src/index.js'
import { given } from '../testing/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(): T | undefined => undefined

declare const store: Store
declare const event: NewEvent
declare const unless: Unless
declare const backend: Backend

const sales = defineEvents({ sold: { version: 1, schema: true } })
const total = defineProjection({ name: 'total', version: 1, initial: 0, on: { sold: (sum: number) => sum + 1 } })

type Kept = Promise<{ ok: true; revision: number } | { ok: false; actual: number }>

export const calls = {
  opened: () => open('memory:') satisfies Promise<Store>,
  ownBackend: () =>
    open(backend, { create: true, clock: () => new Date(), syncHead: 'close' }) satisfies Promise<Store>,
  typed: () => open('file:x', { events: sales }) satisfies Promise<Store<typeof sales>>,
  observed: () => openObserver('file:x', { events: sales }) satisfies Promise<Observer<typeof sales>>,
  typedRead: (typed: Store<typeof sales>) =>
    typed.read({ types: sales.types }) satisfies AsyncIterable<RecordedEventOf<typeof sales>>,
  isTyped: (recorded: RecordedEvent) =>
    sales.is(recorded, 'sold') && (recorded.data satisfies DataOf<typeof sales, 'sold'>),
  typedEvent: () => ({ type: 'sold', data: 1 }) satisfies NewEventOf<typeof sales, TypesOf<typeof sales>>,
  given: async () => {
    await given([{ ...event, stream: 'a' }], { events: sales })
      .project(total)
      .becomes(1)
    await given([])
      .meanwhile([])
      .decide('a', total, () => [event], { retries: 0 })
      .records([event])
    await given([])
      .decide('a', total, () => [])
      .recordsNothing()
    await given([])
      .decide('a', total, () => [])
      .isRefused()
    await given([])
      .decide('a', total, () => [])
      .throws(/why/)
  },
  // Without conditions an append cannot be refused, and its type says so.
  append: () => holds<Equal<ReturnType<typeof appended>, Promise<Appended>>>(),
  conditional: () => holds<Equal<ReturnType<typeof conditional>, Promise<Appended | Refused>>>(),
  commit: () => store.commit([{ stream: 'a', events: [event], expect: 'new' }], { unless }),
  must: async () => must(await conditional()) satisfies Appended,
  read: () => store.read({ tags: ['a:b'], any: [{ types: ['x'] }], backwards: true, limit: 1 } satisfies Query),
  project: () => store.project(total, { stream: 'a', at: new Date() }) satisfies Promise<Projected<number>>,
  decide: () =>
    store.decide('a', total, (sum, { revision, position }) => (sum + revision + position > 9 ? [] : [event]), {
      retries: 1,
    }) satisfies Promise<Appended | Refused>,
  decideOver: () => store.decide({ stream: 'a', query: { tags: ['k:v'] } }, total, async () => [event]),
  kvGet: () => store.kv.get('a') satisfies Promise<{ value: Json; revision: number } | undefined>,
  kvPut: () => [store.kv.put('a', { n: 1 }, { expect: 'new' }), store.kv.delete('a', { expect: 7 })] satisfies Kept[],
  kvList: () => store.kv.list('a') satisfies AsyncIterable<{ key: string; value: Json; revision: number }>,
  snapshots: () => [store.snapshots.take(total, { stream: 'a' }), store.snapshots.list('total')] satisfies unknown[],
  saving: () => open('memory:', { snapshots: { everyEvents: 1000, keep: 2, rebuild: true } }),
  event: () => store.event(1) satisfies Promise<RecordedEvent | undefined>,
  follow: (signal: AbortSignal) =>
    store.follow({ tags: ['a:b'], after: 3 }, { signal }) satisfies AsyncIterable<RecordedEvent>,
  subscribe: () =>
    store.subscribe('name', { types: ['x'], after: 0 }, async (recorded) => void recorded.position, {
      onError: 'park',
      takeOver: true,
      changeQuery: true,
      timeoutMs: 60_000,
      closeTimeoutMs: 1000,
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
  putBlob: () => store.blobs.put(new Uint8Array(1), { mediaType: 'image/png' }) satisfies Promise<BlobReference>,
  getBlob: () => store.blobs.get('bafkrei') satisfies Promise<Uint8Array | undefined>,
  hasBlob: () => store.blobs.has('bafkrei') satisfies Promise<boolean>,
  openAs: (as: As<'agent'>) => open('file:x', { events: sales, as }) satisfies Promise<StoreAs<'agent', typeof sales>>,
  openWithBlobs: (blobs: BlobStore) => open('memory:', { blobs }) satisfies Promise<Store>,
  code: (error: unknown) => (isPerdureError(error) && error.code === 'event-invalid' ? error.facts.pointer : ''),
}

export const appended = () => store.append('a', event)
export const conditional = () => store.append('a', event, { expect: 'exists', unless })

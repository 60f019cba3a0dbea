/** A call of every method of a store, and how its answer is known to be the right one. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  defineProjection,
  open,
  openKeyStore,
  type Backend,
  type KeyStore,
  type Store,
  type StoreAs,
} from '../../src/index.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { openBlobs } from '../../src/blobs/open-blobs.js'
import type { BlobStore } from '../../src/blobs/blob-store.js'
import { nodePlatform } from '../../src/files/node-platform.js'
import { LocalProvider } from '../../src/privacy/masters.js'
import type { MethodOf, Role } from '../../src/roles.js'
import { temporaryFolder } from '../store/folders.js'

/** What a handle works on: a log with something in each of its parts. */
export interface World {
  readonly backend: Backend
  readonly keys: KeyStore
  readonly blobs: BlobStore | undefined
  readonly store: Store
}

const count = defineProjection({ name: 'count', version: 1, initial: 0, on: { seen: (sum: number) => sum + 1 } })
const bytes = new Uint8Array([1, 2, 3])
const CID_OF_BYTES = 'bafkreiadsbmmn4waznesyuz3bjgrj33xzqhxrk6mz3ksq7meugrachh3qe'

export async function openWorld(): Promise<World> {
  const backend = openMemoryBackend()
  // A master key in memory cannot be renewed.
  const provider = new LocalProvider(join(temporaryFolder(), 'master'), {}, randomBytes)
  provider.make()
  const keys = openKeyStore('memory:', { provider })
  const blobs = openBlobs('memory:', nodePlatform.files, undefined)
  const store = await open(backend, { keys, ...(blobs === undefined ? {} : { blobs }) })
  await store.append('a', { type: 'seen', subject: 'person:1', data: { name: 'Ann' } })
  await store.kv.put('k', 1)
  await store.blobs.put(bytes)
  await store.snapshots.take(count)
  return { backend, keys, blobs, store }
}

/** A handle of its own on the same log. */
export async function openAs<R extends Role>({ backend, keys, blobs }: World, role: R): Promise<StoreAs<R>> {
  return await open(backend, { keys, ...(blobs === undefined ? {} : { blobs }), as: { role, id: `the-${role}` } })
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

type Operator = StoreAs<'operator'>

const seen = { type: 'seen', data: 2 }

/** By path: the call, and what its answer is like. */
export const CALLS: Readonly<Record<MethodOf<'operator'>, readonly [(handle: Operator) => unknown, unknown]>> = {
  append: [(handle) => handle.append('a', seen), { ok: true, first: 2 }],
  commit: [(handle) => handle.commit([{ stream: 'b', events: seen }]), { ok: true, first: 2 }],
  decide: [(handle) => handle.decide('a', count, () => [seen]), { ok: true, first: 2 }],
  subscribe: [
    async (handle) => {
      const subscription = await handle.subscribe('s', {}, () => undefined)
      await subscription.whenAt(1)
      await subscription.close()
      return subscription.position
    },
    1,
  ],
  read: [(handle) => all(handle.read()), [{ position: 1, data: { name: 'Ann' } }]],
  lines: [async (handle) => (await all(handle.lines())).length, 1],
  event: [(handle) => handle.event(1), { type: 'seen' }],
  head: [(handle) => handle.head(), 1],
  revision: [(handle) => handle.revision('a'), 1],
  streams: [(handle) => all(handle.streams()), [{ stream: 'a', revision: 1 }]],
  follow: [
    async (handle) => {
      for await (const event of handle.follow()) return event
    },
    { position: 1 },
  ],
  project: [(handle) => handle.project(count), { state: 1, position: 1 }],
  checkpoint: [(handle) => handle.checkpoint(), { size: 1 }],
  verify: [(handle) => handle.verify(), { intact: true, events: 1 }],
  report: [(handle) => handle.report(), { backend: 'memory' }],
  'kv.get': [(handle) => handle.kv.get('k'), { value: 1 }],
  'kv.list': [(handle) => all(handle.kv.list()), [{ key: 'k' }]],
  'kv.put': [(handle) => handle.kv.put('new', 1), { ok: true }],
  'kv.delete': [(handle) => handle.kv.delete('k'), { ok: true }],
  'blobs.get': [(handle) => handle.blobs.get(CID_OF_BYTES), bytes],
  'blobs.has': [(handle) => handle.blobs.has(CID_OF_BYTES), true],
  'blobs.put': [(handle) => handle.blobs.put(bytes), { cid: CID_OF_BYTES }],
  'snapshots.list': [(handle) => handle.snapshots.list(), [{ name: 'count' }]],
  'snapshots.take': [(handle) => handle.snapshots.take(count), { name: 'count', position: 1 }],
  'subjects.list': [(handle) => all(handle.subjects.list()), [{ subject: 'person:1', status: 'known' }]],
  'subjects.status': [(handle) => handle.subjects.status('person:1'), 'known'],
  'subjects.pseudonym': [
    async (handle) => (await handle.subjects.pseudonym('author', 'ann@example.org')).startsWith('author:'),
    true,
  ],
  'subjects.shred': [(handle) => handle.subjects.shred('person:1', { reason: 'asked' }), { subject: 'person:1' }],
  'keys.status': [(handle) => handle.keys.status(), { rotating: false }],
  'keys.rotate': [async (handle) => (await handle.keys.rotate()).keys > 0, true],
}

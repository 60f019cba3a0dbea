/** Opening a store: from an address or a backend of the caller's own. */
import { invalidAddress, parseAddress } from './address.js'
import { createBlobCheck } from './blobs/blob-check.js'
import { openBlobs } from './blobs/open-blobs.js'
import { openFileBackend } from './backends/file/backend.js'
import { nodePlatform } from './files/node-platform.js'
import { openFileObserver } from './backends/file/observer.js'
import { openMemoryBackend } from './backends/memory/backend.js'
import type { Backend } from './backends/protocol.js'
import { systemClock } from './clock.js'
import { systemRandom } from './ids.js'
import { NO_EVENTS, type Events } from './log/evolution.js'
import type { Ports } from './log/ports.js'
import { onAbort } from './log/abort-listeners.js'
import { Reader } from './log/reader.js'
import { Observer, type ObserverParts } from './observer.js'
import { checkObserverOptions, checkOpenOptions, type ObserverOptions, type OpenOptions } from './open-options.js'
import { Projector } from './projections/projecting.js'
import { Store } from './store.js'
import type { Observer as ObserverOf, Store as StoreOf } from './typed-store.js'

export type { ObserverOptions, OpenOptions } from './open-options.js'

/**
 * Opens a store at `memory:` (gone with the process), `memory:<name>` (shared by name within the process),
 * `file:<folder>`, or over a backend; closing the store closes what it opened, and a backend that was handed in.
 *
 * @throws PerdureError `options-invalid`, `store-missing`, `store-foreign`, `store-locked`, `store-unwritable`,
 * `format-newer`, `head-missing`, `log-corrupt`, `unsupported`. A refusal changes nothing on disk.
 */
export async function open<E extends Events = Events>(
  at: string | Backend,
  options: OpenOptions & { readonly events?: E } = {},
): Promise<StoreOf<E>> {
  // The same object: what is declared is known to the compiler, and checked by the writer.
  return (await openStore(at, options, {})) as StoreOf<E>
}

/** With the sockets that later rooms plug into. */
export async function openStore(at: string | Backend, options: OpenOptions, ports: Ports): Promise<Store> {
  checkOpenOptions(options)
  const { clock = systemClock, random = systemRandom, events = NO_EVENTS } = options
  const blobs = openBlobs(options.blobs, nodePlatform.files)
  const check = ports.check ?? createBlobCheck(events, blobs)
  const { backend, release } = await openBackend(at, options)
  try {
    const parts = await openParts(backend, options, ports, false)
    const allPorts = check === undefined ? ports : { ...ports, check }
    return new Store({ ...parts, blobs, events, ports: allPorts, clock, random, release })
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * Opens the reading half of a store, also while another process writes to it: `file:<folder>`, `memory:<name>`, or a
 * backend. It creates and changes nothing, and sees the log up to its head.
 *
 * @throws PerdureError as {@link open}, except `store-locked` and `store-unwritable`
 */
export async function openObserver<E extends Events = Events>(
  at: string | Backend,
  options: ObserverOptions & { readonly events?: E } = {},
): Promise<ObserverOf<E>> {
  const { signal, ...openOptions } = checkObserverOptions(options)
  const { backend, release } = await openReading(at)
  let unlisten = (): void => {}
  const releaseAll = async (): Promise<void> => {
    unlisten()
    await release()
  }
  try {
    const parts = await openParts(backend, openOptions, {}, true)
    const blobs = openBlobs(options.blobs, nodePlatform.files)
    const observer = new Observer({ ...parts, blobs, release: releaseAll })
    // What closing fails with is told to whoever closes it.
    if (signal !== undefined) unlisten = onAbort(signal, () => void observer.close().catch(() => undefined))
    return observer as ObserverOf<E>
  } catch (error) {
    await releaseAll()
    throw error
  }
}

type Parts = Pick<ObserverParts, 'backend' | 'reader' | 'projector' | 'head'>

async function openParts(backend: Backend, options: OpenOptions, ports: Ports, isReadOnly: boolean): Promise<Parts> {
  const { events = NO_EVENTS, snapshots = {} } = options
  const reader = new Reader(backend, events, ports.seal)
  const projector = new Projector({ backend, reader, events, snapshots, isReadOnly })
  await projector.check()
  const { position: head } = await backend.head()
  return { backend, reader, projector, head }
}

/** A caller without types may hand in anything. */
function isBackend(value: unknown): value is Backend {
  return typeof value === 'object' && value !== null && 'append' in value && typeof value.append === 'function'
}

interface Opened {
  readonly backend: Backend
  readonly release: () => Promise<void>
}

async function openBackend(at: string | Backend, options: OpenOptions): Promise<Opened> {
  if (typeof at !== 'string') {
    if (!isBackend(at)) throw invalidAddress(String(at), 'is neither an address nor a backend')
    return owned(at)
  }
  const address = parseAddress(at)
  if (address.kind === 'file') return owned(await openFileBackend({ ...options, folder: address.folder }))
  return address.name === '' ? owned(openMemoryBackend(options)) : namedMemory(address.name, options)
}

async function openReading(at: string | Backend): Promise<Opened> {
  if (typeof at !== 'string') {
    const { backend } = await openBackend(at, {})
    return borrowed(backend)
  }
  const address = parseAddress(at)
  if (address.kind === 'file') return owned(await openFileObserver({ folder: address.folder }))
  const backend = named.get(address.name)
  if (backend !== undefined) return borrowed(backend)
  throw invalidAddress(at, 'names no memory store that is open in this process')
}

/** Whoever opened it closes it. */
function borrowed(backend: Backend): Opened {
  return { backend, release: async () => {} }
}

function owned(backend: Backend): Opened {
  return { backend, release: () => backend.close() }
}

const named = new Map<string, Backend>()

/** Lives as long as the process: closing a store only lets go of it. */
function namedMemory(name: string, options: OpenOptions): Opened {
  const backend = named.get(name) ?? openMemoryBackend(options)
  named.set(name, backend)
  return borrowed(backend)
}

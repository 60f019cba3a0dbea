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
import { isSealed } from './privacy/binding.js'
import { openPrivacy, type Privacy } from './privacy/opening.js'
import { WITHOUT_KEYS } from './privacy/without-keys.js'
import { Projector } from './projections/projecting.js'
import { actorOf, createHandle, type Role } from './roles.js'
import { Store } from './store.js'
import type { Observer as ObserverOf, OpenedAs } from './typed-store.js'

export type { ObserverOptions, OpenOptions } from './open-options.js'

/**
 * Opens a store at `memory:` (gone with the process), `memory:<name>` (shared by name within the process),
 * `file:<folder>`, or over a backend; closing the store closes what it opened, and a backend that was handed in.
 *
 * @throws PerdureError `options-invalid`, `store-missing`, `store-foreign`, `store-locked`, `store-unwritable`,
 * `format-newer`, `head-missing`, `log-corrupt`, `unsupported`. A refusal changes nothing on disk.
 */
export async function open<E extends Events = Events, R extends Role = never>(
  at: string | Backend,
  options: OpenOptions<R> & { readonly events?: E } = {},
): Promise<OpenedAs<E, R>> {
  checkOpenOptions(options)
  const role = options.as?.role
  const store = await openStore(at, options, {})
  // The same object, typed or not: what is declared is known to the compiler, and checked by the writer.
  return (role === undefined ? store : createHandle(store, role)) as OpenedAs<E, R>
}

/** The whole store, with the sockets that later rooms plug into. */
export async function openStore(at: string | Backend, given: OpenOptions<Role>, ports: Ports): Promise<Store> {
  checkOpenOptions(given)
  const { as, ...options } = given
  const actor = as === undefined ? undefined : actorOf(as)
  const { clock = systemClock, random = systemRandom, events = NO_EVENTS } = options
  const blobs = openBlobs(options.blobs, nodePlatform.files, folderOf(at))
  const check = ports.check ?? createBlobCheck(events, blobs)
  const opened = await openBackend(at, options)
  const allPorts = { ...ports, ...(check && { check }), ...(actor && { actorOf: actor }) }
  const parts = await openParts(opened, options, allPorts, false)
  const store = new Store({ ...parts, blobs, events, clock, random })
  try {
    await Store.resume(store)
    return store
  } catch (error) {
    await store.close()
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
  const parts = await openParts(await openReading(at), openOptions, {}, true)
  const blobs = openBlobs(options.blobs, nodePlatform.files, folderOf(at))
  let unlisten = (): void => {}
  const release = async (): Promise<void> => {
    unlisten()
    await parts.release()
  }
  const observer = new Observer({ ...parts, blobs, release })
  // What closing fails with is told to whoever closes it.
  if (signal !== undefined) unlisten = onAbort(signal, () => void observer.close().catch(() => undefined))
  return observer as ObserverOf<E>
}

type Parts = Omit<ObserverParts, 'blobs'> & { readonly ports: Ports }

/** With its keys, if it is sealed. What was opened is let go of again if something is wrong. */
async function openParts(
  { backend, defaultKeys, release }: Opened,
  options: OpenOptions,
  ports: Ports,
  isReadOnly: boolean,
): Promise<Parts> {
  const { events = NO_EVENTS, snapshots = {}, random = systemRandom, create = false, keys } = options
  let privacy: Privacy | undefined
  const releaseAll = async (): Promise<void> => {
    await privacy?.close()
    await release()
  }
  try {
    privacy = await openPrivacy({ backend, keys, defaultKeys, create, readOnly: isReadOnly, events, random })
    const isWithoutKeys = keys === 'none' && !isReadOnly && (await isSealed(backend))
    const seal = privacy?.sealer ?? (isWithoutKeys ? WITHOUT_KEYS : undefined)
    const reader = new Reader(backend, events, seal)
    const projector = new Projector({ backend, reader, events, snapshots, isReadOnly, seal: privacy?.values })
    await projector.check()
    const { position: head } = await backend.head()
    const allPorts = seal === undefined ? ports : { ...ports, seal }
    return { backend, reader, projector, privacy, head, ports: allPorts, release: releaseAll }
  } catch (error) {
    await releaseAll()
    throw error
  }
}

/** Undefined: the log is not kept in one. */
function folderOf(at: string | Backend): string | undefined {
  const address = typeof at === 'string' ? parseAddress(at) : undefined
  return address?.kind === 'file' ? address.folder : undefined
}

/** A caller without types may hand in anything. */
function isBackend(value: unknown): value is Backend {
  return typeof value === 'object' && value !== null && 'append' in value && typeof value.append === 'function'
}

interface Opened {
  readonly backend: Backend
  /** Where its keys are, if it is sealed and nobody says otherwise. */
  readonly defaultKeys?: string
  readonly release: () => Promise<void>
}

async function openBackend(at: string | Backend, options: OpenOptions): Promise<Opened> {
  if (typeof at !== 'string') {
    if (!isBackend(at)) throw invalidAddress(String(at), 'is neither an address nor a backend')
    return owned(at)
  }
  const address = parseAddress(at)
  if (address.kind === 'file') {
    const backend = await openFileBackend({ ...options, folder: address.folder })
    return { ...owned(backend), defaultKeys: keysBeside(address.folder) }
  }
  return address.name === '' ? owned(openMemoryBackend(options)) : namedMemory(address.name, options)
}

async function openReading(at: string | Backend): Promise<Opened> {
  if (typeof at !== 'string') {
    const { backend } = await openBackend(at, {})
    return borrowed(backend)
  }
  const address = parseAddress(at)
  if (address.kind === 'file') {
    const backend = await openFileObserver({ folder: address.folder })
    return { ...owned(backend), defaultKeys: keysBeside(address.folder) }
  }
  const backend = named.get(address.name)
  if (backend !== undefined) return borrowed(backend)
  throw invalidAddress(at, 'names no memory store that is open in this process')
}

/** Beside the log and never inside, so that a copy of the log copies no keys. */
export function keysBeside(folder: string): string {
  return `file:${folder.replace(/(?<=.)[\\/]+$/, '')}.keys`
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

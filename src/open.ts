/** Opening a store: from an address or a backend of the caller's own. */
import { invalidAddress, parseAddress } from './address.js'
import { openFileBackend } from './backends/file/backend.js'
import { openMemoryBackend } from './backends/memory/backend.js'
import type { Backend } from './backends/protocol.js'
import { systemClock } from './clock.js'
import { systemRandom } from './ids.js'
import { NO_EVENTS } from './log/evolution.js'
import type { Ports } from './log/ports.js'
import { checkOpenOptions, type OpenOptions } from './open-options.js'
import { Store } from './store.js'

export type { OpenOptions } from './open-options.js'

/**
 * Opens a store at `memory:` (gone with the process), `memory:<name>` (shared by name within the process),
 * `file:<folder>`, or over a backend; closing the store closes what it opened, and a backend that was handed in.
 *
 * @throws PerdureError `options-invalid`, `store-missing`, `store-foreign`, `store-locked`, `store-unwritable`,
 * `format-newer`, `head-missing`, `log-corrupt`, `unsupported`. A refusal changes nothing on disk.
 */
export async function open(at: string | Backend, options: OpenOptions = {}): Promise<Store> {
  return await openStore(at, options, {})
}

/** With the sockets that later rooms plug into. */
export async function openStore(at: string | Backend, options: OpenOptions, ports: Ports): Promise<Store> {
  checkOpenOptions(options)
  const { clock = systemClock, random = systemRandom, events = NO_EVENTS } = options
  const { backend, release } = await openBackend(at, options)
  try {
    const { position: head } = await backend.head()
    return new Store({ backend, events, ports, clock, random, head, release })
  } catch (error) {
    await release()
    throw error
  }
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

function owned(backend: Backend): Opened {
  return { backend, release: () => backend.close() }
}

const named = new Map<string, Backend>()

/** Lives as long as the process: closing a store only lets go of it. */
function namedMemory(name: string, options: OpenOptions): Opened {
  const backend = named.get(name) ?? openMemoryBackend(options)
  named.set(name, backend)
  return { backend, release: async () => {} }
}

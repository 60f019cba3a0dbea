/** Opening a store: from a URL or a backend of the caller's own. */
import { fileURLToPath } from 'node:url'
import { openFileBackend } from './backends/file/backend.js'
import { openMemoryBackend } from './backends/memory/backend.js'
import type { Backend } from './backends/protocol.js'
import { systemClock, type Clock } from './clock.js'
import { PerdureError } from './errors.js'
import { systemRandom } from './ids.js'
import { NO_EVENTS, type Events } from './log/evolution.js'
import type { Ports } from './log/ports.js'
import { Store } from './store.js'

export interface OpenOptions {
  /** Make the store if there is none. Default false: a wrong path is an error, not a new log. */
  readonly create?: boolean
  readonly clock?: Clock
  readonly random?: (bytes: number) => Uint8Array
  readonly events?: Events
  /** `file:` only. When the head file is synced: within 100 ms of an append (default), or only at close. */
  readonly syncHead?: 'idle' | 'close'
}

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
    if (!isBackend(at)) throw invalidUrl(String(at), 'is neither an address nor a backend')
    return owned(at)
  }
  const colon = at.indexOf(':')
  const scheme = at.slice(0, colon)
  const rest = at.slice(colon + 1)
  switch (colon < 0 ? undefined : scheme) {
    case 'memory':
      return rest === '' ? owned(openMemoryBackend(options)) : namedMemory(rest, options)
    case 'file':
      if (rest === '') throw invalidUrl(at, 'names no folder')
      return owned(await openFileBackend({ ...options, folder: folderOf(at, rest) }))
    case 'postgres':
    case 'postgresql':
      throw new PerdureError(
        'unsupported',
        'this version of Perdure has no PostgreSQL backend yet',
        { feature: scheme },
        {
          hint: 'Use memory: or file:<folder>.',
        },
      )
    default:
      throw invalidUrl(at, 'is not the address of a store')
  }
}

function folderOf(at: string, rest: string): string {
  if (!rest.startsWith('//')) return rest
  try {
    return fileURLToPath(at)
  } catch {
    throw invalidUrl(at, 'is not the URL of a folder on this machine')
  }
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

function invalidUrl(at: string, problem: string): PerdureError<'options-invalid'> {
  // A URL may hold a password: only its scheme is repeated.
  const shown = at.includes('@') ? at.slice(0, at.indexOf(':') + 1) + '…' : JSON.stringify(at)
  return new PerdureError(
    'options-invalid',
    `${shown} ${problem}`,
    { option: 'at' },
    {
      hint: "Say 'memory:' or 'file:<folder>', for example file:./data.",
    },
  )
}

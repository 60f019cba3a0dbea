/**
 * Where the log is (`--store`, `PERDURE_STORE`) and its keys (`--keys`, `PERDURE_KEYS`), opening it for one command, closing
 * it whatever happens.
 */
import { Option, type Command } from 'commander'
import { setTimeout } from 'node:timers/promises'
import { parseAddress } from '../address.js'
import { isPerdureError, withWritten } from '../errors.js'
import type { Observer } from '../observer.js'
import { open, openObserver, type ObserverOptions, type OpenOptions } from '../open.js'
import type { Store } from '../store.js'
import { CommandError } from './failures.js'
import type { Io } from './io.js'
import { parseSecondsToMs } from './values.js'

/** Only `init` makes a log, so a default cannot hide a typing error. */
export const DEFAULT_STORE = 'file:.perdure/data'

/** In the place of an address: read what needs no key. */
const NO_KEYS = 'none'

export interface StoreOptions {
  readonly store: string
  /** Where the keys of a sealed log are; false or `none`: read without them. Left out: where `open` looks. */
  readonly keys?: string | boolean
  readonly json?: boolean
  /** How long to wait for a log that another process has open, in milliseconds. */
  readonly wait?: number
}

/** Adds the options of a command that opens a log for itself. */
export function takesStore(command: Command): Command {
  return takesLog(command).addOption(keysOption())
}

/** The same without keys, or with an option of its own for them. */
export function takesLog(command: Command): Command {
  return addressed(command)
    .option('--wait <seconds>', 'wait so long for a log that another process has open', parseSecondsToMs)
    .option('--json', 'print JSON Lines')
}

/** Adds those of a command that only observes: it waits for nobody. */
export function observesStore(command: Command): Command {
  return observesKeys(command).option('--no-keys', 'read what needs no key')
}

/** Those of a command that means nothing without keys. */
export function observesKeys(command: Command): Command {
  return observesLines(command).addOption(keysOption())
}

/** Those of a command that observes what is never sealed: it needs no keys. */
export function observesLines(command: Command): Command {
  return addressed(command).option('--json', 'print JSON Lines')
}

/** Only an address: what is secret stands in a file or in the environment, never on a command line. */
function keysOption(): Option {
  const text = 'where the keys of a sealed log are: file:<folder>; else beside it, in <folder>.keys'
  return new Option('--keys <url>', text).env('PERDURE_KEYS')
}

function addressed(command: Command): Command {
  return command.addOption(
    new Option('--store <url>', 'where the log is: file:<folder> or memory:')
      .env('PERDURE_STORE')
      .default(DEFAULT_STORE),
  )
}

/** An empty PERDURE_STORE is the same as none. */
export function storeUrl(options: { readonly store: string }): string {
  return options.store === '' ? DEFAULT_STORE : options.store
}

/** The folder of a `file:` store; nothing for a `memory:` one. @throws PerdureError as `open`, for what is neither */
export function folderOf(url: string): string | undefined {
  const address = parseAddress(url)
  return address.kind === 'file' ? address.folder : undefined
}

/**
 * The keys as `open` takes them. An empty PERDURE_KEYS is the same as none.
 *
 * @throws CommandError `usage`; what was given is not repeated, since it might be a key
 */
export function keysOf({ keys }: StoreOptions): { readonly keys?: string } {
  if (keys === false || keys === NO_KEYS) return { keys: NO_KEYS }
  if (typeof keys !== 'string' || keys === '') return {}
  // Those in memory would be gone with the command, and with them what it has sealed.
  if (/^file:./.test(keys)) return { keys }
  const hint = `Give --keys file:<folder>; or ${NO_KEYS}, to read what needs no key. A master key stands in a file or in PERDURE_MASTER_KEY.`
  throw new CommandError('usage', '--keys (or PERDURE_KEYS) is not the address of a key store', { hint, written: 'no' })
}

/** Runs `use` with an observer of the log, also while another process writes: takes no lock, changes nothing. */
export async function withObserver<T>(
  io: Io,
  options: StoreOptions,
  use: (observer: Observer) => Promise<T>,
  more: Pick<ObserverOptions, 'blobs'> = {},
): Promise<T> {
  const url = storeUrl(options)
  // One in memory is this process's own, and empty: there is nobody else to observe.
  if (folderOf(url) === undefined) return await withStore(io, { ...options, keys: '' }, use, more)
  return await using(io, () => openObserver(url, { ...more, ...keysOf(options) }), use)
}

/** The same for what is never sealed: also where the keys are not. */
export async function withLines<T>(io: Io, options: StoreOptions, use: (log: Observer) => Promise<T>): Promise<T> {
  return await withObserver(io, { ...options, keys: false }, use)
}

/** The same for a command that writes: where the log cannot even be opened, its error says that nothing was written. */
export async function withWriter<T>(
  io: Io,
  options: StoreOptions,
  use: (store: Store) => Promise<T>,
  more: OpenOptions = {},
): Promise<T> {
  let isOpen = false
  const noted = async (store: Store): Promise<T> => {
    isOpen = true
    return await use(store)
  }
  try {
    return await withStore(io, options, noted, more)
  } catch (error) {
    throw isOpen ? error : withWritten(error, 'no')
  }
}

/** Opens, uses, closes. On Ctrl-C it closes at once, without waiting for `use` to notice. */
export async function withStore<T>(
  io: Io,
  at: string | StoreOptions,
  use: (store: Store) => Promise<T>,
  options: OpenOptions = {},
): Promise<T> {
  const given: StoreOptions = typeof at === 'string' ? { store: at } : at
  const keys = keysOf(given)
  if (keys.keys === NO_KEYS) {
    const hint = 'Only reading can do without them: --keys file:<folder> says where they are.'
    throw new CommandError('usage', 'a log is written with its keys', { hint, written: 'no' })
  }
  const attempt = (): Promise<Store> => open(storeUrl(given), { ...options, ...keys })
  return await using(io, () => whileLocked(given.wait ?? 0, io.signal, attempt), use)
}

async function using<Opened extends Observer, T>(
  io: Io,
  openIt: () => Promise<Opened>,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  io.signal.throwIfAborted()
  const opened = await openIt()
  try {
    return await unlessAborted(io.signal, use(opened))
  } finally {
    await opened.close()
  }
}

/** About as long as a short command has a log open. */
const RETRY_MAX_MS = 60

/** Tries again, for at most `waitMs`, while another process has the log open. */
export async function whileLocked<T>(waitMs: number, signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + waitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      const leftMs = endMs - performance.now()
      if (!isPerdureError(error) || error.code !== 'store-locked' || leftMs <= 0) throw error
      // Not all at the same moments: many may be waiting.
      await setTimeout(Math.min(leftMs, RETRY_MAX_MS * (0.25 + 0.75 * Math.random())), undefined, { signal })
    }
  }
}

/** The work's result, or the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let stop: () => void = () => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
    // After an abort the store is closed under the work, which then fails; nobody is left to hear about it.
    work.catch(() => undefined)
  }
}

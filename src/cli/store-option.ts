/** Where the log is (`--store`, `PERDURE_STORE`), opening it for one command, closing it whatever happens. */
import { Option, type Command } from 'commander'
import { setTimeout } from 'node:timers/promises'
import { parseAddress } from '../address.js'
import { isPerdureError, withWritten } from '../errors.js'
import type { Observer } from '../observer.js'
import { open, openObserver, type OpenOptions } from '../open.js'
import type { Store } from '../store.js'
import type { Io } from './io.js'
import { parseSecondsToMs } from './values.js'

/** Only `init` makes a log, so a default cannot hide a typing error. */
export const DEFAULT_STORE = 'file:.perdure/data'

export interface StoreOptions {
  readonly store: string
  readonly json?: boolean
  /** How long to wait for a log that another process has open, in milliseconds. */
  readonly wait?: number
}

/** Adds the options of a command that opens a log for itself. */
export function takesStore(command: Command): Command {
  return addressed(command)
    .option('--wait <seconds>', 'wait so long for a log that another process has open', parseSecondsToMs)
    .option('--json', 'print JSON Lines')
}

/** Adds those of a command that only observes: it waits for nobody. */
export function observesStore(command: Command): Command {
  return addressed(command).option('--json', 'print JSON Lines')
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

/** Runs `use` with an observer of the log, also while another process writes: takes no lock, changes nothing. */
export async function withObserver<T>(
  io: Io,
  options: StoreOptions,
  use: (observer: Observer) => Promise<T>,
): Promise<T> {
  const url = storeUrl(options)
  // One in memory is this process's own, and empty: there is nobody else to observe.
  if (folderOf(url) === undefined) return await withStore(io, options, use)
  return await using(io, () => openObserver(url), use)
}

/** The same for a command that writes: where the log cannot even be opened, its error says that nothing was written. */
export async function withWriter<T>(io: Io, options: StoreOptions, use: (store: Store) => Promise<T>): Promise<T> {
  let isOpen = false
  try {
    return await withStore(io, options, async (store) => {
      isOpen = true
      return await use(store)
    })
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
  const attempt = (): Promise<Store> => open(storeUrl(given), options)
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

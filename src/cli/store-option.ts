/** Where the log is (`--store`, `PERDURE_STORE`), opening it for one command, closing it whatever happens. */
import { Option, type Command } from 'commander'
import { parseAddress } from '../address.js'
import { open, type OpenOptions } from '../open.js'
import type { Store } from '../store.js'
import type { Io } from './io.js'

/** Only `init` makes a log, so a default cannot hide a typing error. */
export const DEFAULT_STORE = 'file:.perdure/data'

export interface StoreOptions {
  readonly store: string
  readonly json?: boolean
}

/** Adds the options that every command on a log takes. */
export function takesStore(command: Command): Command {
  return command
    .addOption(
      new Option('--store <url>', 'where the log is: file:<folder> or memory:')
        .env('PERDURE_STORE')
        .default(DEFAULT_STORE),
    )
    .option('--json', 'print JSON Lines')
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

/** Opens, uses, closes. On Ctrl-C it closes at once, without waiting for `use` to notice. */
export async function withStore<T>(
  io: Io,
  url: string,
  use: (store: Store) => Promise<T>,
  options: OpenOptions = {},
): Promise<T> {
  io.signal.throwIfAborted()
  const store = await open(url, options)
  try {
    return await unlessAborted(io.signal, use(store))
  } finally {
    await store.close()
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

/** `perdure init`: makes a log, and with `--keys` its keys. */
import { Option, type Command } from 'commander'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keysBeside } from '../../open.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { describeKeys, describeNewKeys } from '../keys-status.js'
import { folderOf, keysOf, storeUrl, takesLog, withStore, type StoreOptions } from '../store-option.js'
import { grouped, printable } from '../text.js'

const HELP = `
--keys makes a key store beside the log, in a folder of its name with .keys after it, or
where it says. From then on the data of every event is sealed: on the disk it is
ciphertext, and perdure shred makes a person unreadable for good. A log that has events
stays as it was begun: sealed from its first event on, or never.

The master key is made in the file master of that folder; or it comes from the
environment: PERDURE_MASTER_KEY, 32 random bytes as base64.

Examples:
  perdure init --store file:./orders
  perdure init --store file:./patients --keys`

export function addInit(program: Command, io: Io): void {
  takesLog(program.command('init'))
    .description('make a log (a folder that is not there yet, or an empty one)')
    .addOption(
      new Option('--keys [url]', 'with keys: file:<folder>; else beside it, in <folder>.keys').env('PERDURE_KEYS'),
    )
    .addHelpText('after', HELP)
    .action(async (options: StoreOptions) => init(options, io))
}

async function init(options: StoreOptions, io: Io): Promise<void> {
  const url = storeUrl(options)
  const folder = folderOf(url)
  const wasThere = isIn(folder, 'head')
  const keys = keysFor(options, folder)
  const hadKeys = isIn(keys?.slice('file:'.length), 'records')
  await withStore(
    io,
    { ...options, keys: keys ?? '' },
    async (store) => {
      const head = await store.head()
      const { log } = store.report()
      const status = await store.keys.status()
      if (options.json) return io.out.json({ store: url, log, head, made: !wasThere, ...(status && { keys: status }) })
      const text = wasThere
        ? `There is a log in ${printable(url)} already, with head ${grouped(head)}: it is left as it is.`
        : `Made a log in ${printable(url)}. Its id is ${log}.`
      await io.out.line(text)
      if (status !== undefined) await io.out.lines(hadKeys ? describeKeys(status) : describeNewKeys(status))
    },
    { create: true },
  )
}

function isIn(folder: string | undefined, name: string): boolean {
  return folder !== undefined && existsSync(join(folder, name))
}

/** @throws CommandError `usage` for keys beside a log that has no folder */
function keysFor(options: StoreOptions, folder: string | undefined): string | undefined {
  if (options.keys !== true) return keysOf(options).keys
  if (folder !== undefined) return keysBeside(folder)
  const hint = 'Give --keys file:<folder>.'
  throw new CommandError('usage', 'a log in memory has no folder beside which keys could be', { hint })
}

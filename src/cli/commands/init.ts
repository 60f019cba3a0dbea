/** `perdure init`: makes a log. */
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Io } from '../io.js'
import { folderOf, storeUrl, takesStore, withStore, type StoreOptions } from '../store-option.js'
import { grouped, printable } from '../text.js'

export function addInit(program: Command, io: Io): void {
  takesStore(program.command('init'))
    .description('make a log (a folder that is not there yet, or an empty one)')
    .addHelpText('after', '\nExample:\n  perdure init --store file:./orders')
    .action(async (options: StoreOptions) => init(options, io))
}

async function init(options: StoreOptions, io: Io): Promise<void> {
  const url = storeUrl(options)
  const folder = folderOf(url)
  const wasThere = folder !== undefined && existsSync(join(folder, 'head'))
  await withStore(
    io,
    options,
    async (store) => {
      const head = await store.head()
      const { log } = store.report()
      if (options.json) return io.out.json({ store: url, log, head, made: !wasThere })
      const text = wasThere
        ? `There is a log in ${printable(url)} already, with head ${grouped(head)}: nothing was changed.`
        : `Made a log in ${printable(url)}. Its id is ${log}.`
      await io.out.line(text)
    },
    { create: true },
  )
}

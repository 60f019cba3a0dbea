/** `perdure read`: events, in the order of the log. */
import type { Command } from 'commander'
import { describeEvent } from '../event-line.js'
import type { Io } from '../io.js'
import { queryOf, takesQuery, type QueryOptions } from '../selection-options.js'
import { observesStore, withObserver, type StoreOptions } from '../store-option.js'

const EXAMPLES = `
Examples:
  perdure read --stream order-1
  perdure read --type placed --type shipped --tag customer:c1 --json
  perdure read --backwards --limit 10`

export function addRead(program: Command, io: Io): void {
  takesQuery(observesStore(program.command('read')))
    .description('show events, oldest first')
    .option('--raw', 'as they were recorded, before upcasting')
    .addHelpText('after', EXAMPLES)
    .action(async (options: StoreOptions & QueryOptions) => read(options, io))
}

async function read(options: StoreOptions & QueryOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    for await (const event of log.read(queryOf(options))) {
      if (options.json) await io.out.json(event)
      else await io.out.line(describeEvent(event, io.columns))
    }
  })
}

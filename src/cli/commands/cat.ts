/** `perdure cat`: the stored lines, byte for byte. */
import type { Command } from 'commander'
import type { Io } from '../io.js'
import { queryOf, takesQuery, type QueryOptions } from '../selection-options.js'
import { observesStore, withObserver, type StoreOptions } from '../store-option.js'

const EXAMPLES = `
Examples:
  perdure cat | jq .type
  perdure cat --stream order-1 > order-1.ndjson`

export function addCat(program: Command, io: Io): void {
  takesQuery(observesStore(program.command('cat')))
    .description('print the stored lines as they stand (always JSON Lines)')
    .addHelpText('after', EXAMPLES)
    .action(async (options: StoreOptions & QueryOptions) => cat(options, io))
}

async function cat(options: StoreOptions & QueryOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    for await (const line of log.lines(queryOf(options))) await io.out.jsonText(line)
  })
}

/** `perdure cat`: the stored lines, byte for byte, but for what is sealed and can be read. */
import type { Command } from 'commander'
import type { Query, RecordedEvent } from '../../events.js'
import { encodeJson } from '../../json.js'
import type { Observer } from '../../observer.js'
import type { Io } from '../io.js'
import { queryOf, takesQuery, type QueryOptions } from '../selection-options.js'
import { observesStore, withLines, withObserver, type StoreOptions } from '../store-option.js'

interface CatOptions extends StoreOptions, QueryOptions {
  readonly sealed?: boolean
}

const HELP = `
A line that is not sealed is printed as it is stored. Where one is sealed, "data" stands
in the place of "sealed", as its keys show it, with "unreadable" if they do not.
--sealed prints what is stored, byte for byte, and needs no keys: it is what copies,
comparisons and roots are about.

Examples:
  perdure cat | jq .type
  perdure cat --sealed --stream order-1 > order-1.ndjson`

export function addCat(program: Command, io: Io): void {
  takesQuery(observesStore(program.command('cat')))
    .description('print the stored lines as they stand (always JSON Lines)')
    .option('--sealed', 'exactly as they are stored, also what is sealed')
    .addHelpText('after', HELP)
    .action(async (options: CatOptions) => cat(options, io))
}

async function cat(options: CatOptions, io: Io): Promise<void> {
  const query = queryOf(options)
  if (options.sealed === true) {
    return await withLines(io, options, async (log) => {
      for await (const line of log.lines(query)) await io.out.jsonText(line)
    })
  }
  await withObserver(io, options, async (log) => {
    for await (const line of readableLines(log, query)) await io.out.jsonText(line)
  })
}

/** Lines and events of one query come in one order. */
async function* readableLines(log: Observer, query: Query): AsyncGenerator<string> {
  // So that both end at the same place.
  const upTo = Math.min(query.upTo ?? Infinity, await log.head())
  const events = log.read({ ...query, upTo, raw: true })[Symbol.asyncIterator]()
  for await (const line of log.lines({ ...query, upTo })) {
    const event = await events.next()
    yield event.done === true || !line.includes(',"sealed":') ? line : unsealed(line, event.value)
  }
}

function unsealed(line: string, { data, unreadable }: RecordedEvent): string {
  const { sealed, ...members } = JSON.parse(line) as Record<string, unknown>
  // Data may have a member of this name.
  if (sealed === undefined) return line
  return encodeJson({ ...members, data, ...(unreadable !== undefined && { unreadable }) })
}

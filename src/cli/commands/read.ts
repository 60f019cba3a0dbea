/** `perdure read`: events, in the order of the log. */
import type { Command } from 'commander'
import type { RecordedEvent } from '../../events.js'
import { encodeJson } from '../../json.js'
import type { Io } from '../io.js'
import { queryOf, takesQuery, type QueryOptions } from '../selection-options.js'
import { takesStore, withObserver, type StoreOptions } from '../store-option.js'
import { padded, paddedLeft, printable, shortened } from '../text.js'

const EXAMPLES = `
Examples:
  perdure read --stream order-1
  perdure read --type placed --type shipped --tag customer:c1 --json
  perdure read --backwards --limit 10`

export function addRead(program: Command, io: Io): void {
  takesQuery(takesStore(program.command('read')))
    .description('show events, oldest first')
    .option('--raw', 'as they were recorded, before upcasting')
    .addHelpText('after', EXAMPLES)
    .action(async (options: StoreOptions & QueryOptions) => read(options, io))
}

async function read(options: StoreOptions & QueryOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    for await (const event of log.read(queryOf(options))) {
      if (options.json) await io.out.json(event)
      else await io.out.line(describe(event, io.columns))
    }
  })
}

function describe(event: RecordedEvent, columns: number | undefined): string {
  const time = event.time.slice(0, 19).replace('T', ' ')
  const place = padded(printable(`${event.stream}@${event.revision}`), 24)
  const tags = event.tags.length === 0 ? '' : `  [${printable(event.tags.join(' '))}]`
  const what = `${padded(printable(event.type), 16)}  ${printable(encodeJson(event.data))}${tags}`
  const line = `${paddedLeft(String(event.position), 6)}  ${time}  ${place}  ${what}`
  return columns === undefined ? line : shortened(line, columns)
}

/** `perdure follow`: events as they are recorded, also by another process, until it is told to stop. */
import type { Command } from 'commander'
import { setImmediate } from 'node:timers/promises'
import type { RecordedEvent } from '../../events.js'
import type { FollowQuery } from '../../index.js'
import type { Observer } from '../../observer.js'
import { describeEvent } from '../event-line.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { selectionOf, takesSelection, type SelectionOptions } from '../selection-options.js'
import { folderOf, observesStore, storeUrl, withObserver, type StoreOptions } from '../store-option.js'
import { parsePositionOrHead } from '../values.js'

interface FollowOptions extends StoreOptions, SelectionOptions {
  readonly after?: number | 'head'
  readonly raw?: boolean
}

const HELP = `
First what is recorded already, then each event once it is durable, with no gap and no
repeat between the two. It changes nothing, and hinders nobody who writes. It ends with
Ctrl-C; the position of the last line is the right --after to go on from.

Examples:
  perdure follow --after head
  perdure follow --prefix order- --json | jq .type`

export function addFollow(program: Command, io: Io): void {
  takesSelection(observesStore(program.command('follow')))
    .description('show events as they are recorded, until Ctrl-C')
    .option('--after <position|head>', 'only after this position; head: only what is new', parsePositionOrHead)
    .option('--raw', 'as they were recorded, before upcasting')
    .addHelpText('after', HELP)
    .action(async (options: FollowOptions) => follow(options, io))
}

async function follow(options: FollowOptions, io: Io): Promise<void> {
  const url = storeUrl(options)
  if (folderOf(url) === undefined) {
    const hint = 'Give --store file:<folder>, in which another process records.'
    throw new CommandError('usage', 'a log in memory is new with this command: nobody records in it', { hint })
  }
  await withObserver(io, options, async (log) => {
    await printAsTheyCome(log.follow(await queryOf(options, log), { signal: io.signal }), options, io)
  })
}

async function queryOf(options: FollowOptions, log: Observer): Promise<FollowQuery> {
  const { after, raw } = options
  return {
    ...selectionOf(options),
    ...(after !== undefined && { after: after === 'head' ? await log.head() : after }),
    ...(raw === true && { raw }),
  }
}

/** What has come is shown before waiting for more; a long history is written in large pieces even so. */
async function printAsTheyCome(followed: AsyncIterable<RecordedEvent>, { json }: FollowOptions, io: Io): Promise<void> {
  const events = followed[Symbol.asyncIterator]()
  for (;;) {
    const next = events.next()
    const isLate = await Promise.race([next.then(() => false), setImmediate(true)])
    if (isLate) await io.out.flush()
    const result = await next
    if (result.done === true) return
    if (json) await io.out.json(result.value)
    else await io.out.line(describeEvent(result.value, io.columns))
  }
}

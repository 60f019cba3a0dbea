/** `perdure subscription`: how far the durable consumers of a log have come. */
import type { Command } from 'commander'
import { openFileObserver } from '../../backends/file/observer.js'
import type { RecordedEvent } from '../../events.js'
import { listSubscriptions, type InvalidSubscription, type SavedSubscription } from '../../subscriptions/listing.js'
import type { Parked } from '../../subscriptions/subscription.js'
import { EXIT } from '../exit-codes.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { folderOf, observesLines, storeUrl, withLines, type StoreOptions } from '../store-option.js'
import { grouped, padded, paddedLeft, plural, printable, shortened } from '../text.js'

type Listed = SavedSubscription | InvalidSubscription

const GROUP_HELP = `
What is shown is what was last saved: a consumer that is running may be a second, or a
thousand events, further. Events are replayed by the program that handles them, with
replay(position): the command line does not have its code.

Examples:
  perdure subscription list
  perdure subscription parked mailer`

export function addSubscription(program: Command, io: Io): void {
  const group = program
    .command('subscription')
    .description('how far durable consumers have come')
    .addHelpText('after', GROUP_HELP)
  addList(group, io)
  addParked(group, io)
}

const LIST_HELP = `
Behind: how many events of the log come after the position. Which of them are selected
shows when they are read; what is not selected is passed over.

Exit code 1: the checkpoint of one of them is invalid. The others are listed all the same.

Example:
  perdure subscription list --json`

function addList(group: Command, io: Io): void {
  observesLines(group.command('list'))
    .description('list them with their positions, and how far behind they are')
    .addHelpText('after', LIST_HELP)
    .action(async (options: StoreOptions) => list(options, io))
}

async function list(options: StoreOptions, io: Io): Promise<void> {
  await withLines(io, options, async (log) => {
    const subscriptions = await saved(options)
    // Asked for afterwards, so that nobody seems to be ahead of the log.
    const head = await log.head()
    for (const subscription of subscriptions) {
      if ('invalid' in subscription) {
        await listInvalid(subscription, options, io)
        continue
      }
      const { name, position, skipped, parked, time, query } = subscription
      const behind = head - position
      const about = { skipped, parked: parked.length, ...(time && { time }), ...(query !== undefined && { query }) }
      if (options.json) await io.out.json({ name, position, behind, ...about })
      else await io.out.line(describe(subscription, behind))
    }
  })
}

async function listInvalid({ name, invalid }: InvalidSubscription, options: StoreOptions, io: Io): Promise<void> {
  const { code, message, hint, facts } = invalid
  io.exit = EXIT.failed
  if (options.json) await io.out.json({ name, invalid: { code, message, hint, facts } })
  else await io.out.line(`${padded(printable(name), 24)}  invalid: ${printable(message)}`)
}

function describe({ name, position, skipped, parked, time }: SavedSubscription, behind: number): string {
  const lag = behind === 0 ? 'nothing new' : `${grouped(behind)} behind`
  const aside = [
    ...(parked.length > 0 ? [`${grouped(parked.length)} parked`] : []),
    ...(skipped > 0 ? [`${grouped(skipped)} skipped`] : []),
    ...(time === undefined ? [] : [`saved ${printable(time.slice(0, 19).replace('T', ' '))}`]),
  ]
  return `${padded(printable(name), 24)}  at ${paddedLeft(grouped(position), 9)}, ${[lag, ...aside].join(', ')}`
}

function addParked(group: Command, io: Io): void {
  observesLines(group.command('parked'))
    .description('list the events that one of them could not handle and has put aside')
    .argument('<name>', 'the subscription')
    .addHelpText('after', '\nExample:\n  perdure subscription parked mailer --json')
    .action(async (name: string, options: StoreOptions) => listParked(name, options, io))
}

async function listParked(name: string, options: StoreOptions, io: Io): Promise<void> {
  await withLines(io, options, async (log) => {
    const subscriptions = await saved(options)
    const subscription = subscriptions.find((one) => one.name === name)
    if (subscription === undefined) throw unknownName(name, subscriptions)
    if ('invalid' in subscription) throw subscription.invalid
    for (const parked of subscription.parked) {
      const event = await log.event(parked.position)
      const { stream, type } = event ?? {}
      if (options.json) await io.out.json({ ...parked, ...(event && { stream, type }) })
      else await io.out.line(shortened(describeParked(parked, event), io.columns ?? Infinity))
    }
    if (subscription.parked.length === 0 && !options.json) await io.out.line(`${printable(name)} has parked nothing.`)
  })
}

function describeParked({ position, error, attempts, time }: Parked, event: RecordedEvent | undefined): string {
  const what = event === undefined ? '' : `${printable(`${event.stream}@${event.revision}  ${event.type}`)}  `
  const when = `${time.slice(0, 19).replace('T', ' ')}, ${plural(attempts, 'attempt')}`
  return `${paddedLeft(grouped(position), 9)}  ${what}${printable(when)}: ${printable(error)}`
}

/** One in memory is new with each command: nobody has subscribed to it. */
async function saved(options: StoreOptions): Promise<readonly Listed[]> {
  const folder = folderOf(storeUrl(options))
  if (folder === undefined) return []
  const backend = await openFileObserver({ folder })
  try {
    const found: Listed[] = []
    for await (const subscription of listSubscriptions(backend.kv)) found.push(subscription)
    return found
  } finally {
    await backend.close()
  }
}

function unknownName(name: string, subscriptions: readonly Listed[]): CommandError {
  const names = subscriptions.map((one) => one.name)
  const hint = names.length === 0 ? 'Nobody has subscribed to this log.' : `There are: ${names.join(', ')}.`
  const message = `there is no subscription ${JSON.stringify(name)}`
  return new CommandError('not-found', message, { hint, facts: { name } })
}

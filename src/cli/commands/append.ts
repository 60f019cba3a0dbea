/** `perdure append`: records one event. */
import type { Command } from 'commander'
import type { Expect, Meta, NewEvent } from '../../events.js'
import { isPerdureError, must, PerdureError } from '../../index.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { takesStore, withWriter, type StoreOptions } from '../store-option.js'
import { grouped, printable } from '../text.js'
import { collectTags, parseExpect, parseName, parsePositive, parseTime, readJsonArgument } from '../values.js'

interface AppendOptions extends StoreOptions {
  readonly type?: string
  readonly data: string
  readonly tag?: readonly string[]
  readonly id?: string
  readonly subject?: string
  readonly expect: Expect
  readonly occurred?: string
  readonly meta?: string
  readonly version?: number
}

const EXAMPLES = `
Examples:
  perdure append order-1 --type placed --data '{"item":"tea","count":2}' --tag customer:c1
  perdure append order-1 --type shipped --expect 1     # exit code 3 if order-1 has moved on
  perdure append order-1 --type noted --data @note.json --id note-7   # again: no change`

export function addAppend(program: Command, io: Io): void {
  takesStore(program.command('append'))
    .description('record an event on a stream; durable once it returns')
    .argument('<stream>', 'the stream: the thing that the event is about', parseName)
    // Not a required option of the parser: it would say so before it says that another option is misspelt.
    .option('--type <type>', 'what happened (has to be given)', parseName)
    .option('--data <json>', 'what is to be said about it: JSON, @file, or - for standard input', '{}')
    .option('--tag <key:value>', 'a tag to be found by; may be given again', collectTags)
    .option('--id <id>', 'an id of your own, which makes a retry harmless', parseName)
    .option('--subject <subject>', 'whom the data is about: in a sealed log, whose key seals it', parseName)
    .option('--expect <what>', 'any, new, exists, or the revision the stream must be at', parseExpect, 'any')
    .option('--occurred <time>', 'when it happened (RFC 3339 with an offset)', parseTime)
    .option('--meta <json>', 'about the recording: JSON, @file or -')
    .option('--version <n>', "the schema version of the event's type", parsePositive)
    .addHelpText('after', EXAMPLES)
    .action(async (stream: string, options: AppendOptions) => append(stream, options, io))
}

async function append(stream: string, options: AppendOptions, io: Io): Promise<void> {
  const event = await eventOf(options, io)
  await withWriter(io, options, async (store) => {
    const appended = must(await store.append(stream, event, { expect: options.expect }).catch(inWordsOfOneEvent))
    if (options.json) return io.out.json(appended)
    const at = `position ${grouped(appended.first)}`
    const text = appended.duplicate
      ? `Recorded before, at ${at}: the same id with the same content. Nothing was written.`
      : `Recorded at ${at}. ${printable(stream)} is at revision ${grouped(appended.revision)}; the id is ${printable(appended.ids[0] ?? '')}.`
    await io.out.line(text)
  })
}

/** The library speaks of the events of a call by their numbers; here there is one, and it was typed. */
function inWordsOfOneEvent(error: unknown): never {
  if (!isPerdureError(error) || error.code !== 'event-invalid') throw error
  const { pointer } = error.facts
  const message = error.message.replace(
    pointer === '' ? 'event 0' : `${pointer} of event 0`,
    () => pointer || 'the event',
  )
  const { hint = '', cause } = error
  const ownHint = hint.startsWith('Correct the event') ? 'See perdure append --help.' : hint
  throw new PerdureError('event-invalid', message, error.facts, { cause, hint: ownHint, written: 'no' })
}

async function eventOf(options: AppendOptions, io: Io): Promise<NewEvent> {
  const { type, tag, id, subject, occurred, meta, version } = options
  if (type === undefined) {
    const hint = 'Say what happened: --type <type>. See perdure append --help.'
    throw new CommandError('usage', "required option '--type <type>' not specified", { hint, written: 'no' })
  }
  return {
    type,
    data: await readJsonArgument(options.data, '/data', io.input),
    ...(id !== undefined && { id }),
    ...(version !== undefined && { version }),
    ...(occurred !== undefined && { occurred }),
    ...(tag !== undefined && { tags: tag }),
    ...(subject !== undefined && { subject }),
    // The store checks that it is an object.
    ...(meta !== undefined && { meta: (await readJsonArgument(meta, '/meta', io.input)) as Meta }),
  }
}

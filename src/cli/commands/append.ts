/** `perdure append`: records one event. */
import type { Command } from 'commander'
import type { Expect, Meta, NewEvent } from '../../events.js'
import { must } from '../../index.js'
import type { Io } from '../io.js'
import { storeUrl, takesStore, withStore, type StoreOptions } from '../store-option.js'
import { grouped, printable } from '../text.js'
import { collect, parseExpect, parsePositive, readJsonArgument } from '../values.js'

interface AppendOptions extends StoreOptions {
  readonly type: string
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
    .argument('<stream>', 'the stream: the thing that the event is about')
    .requiredOption('--type <type>', 'what happened')
    .option('--data <json>', 'what is to be said about it: JSON, @file, or - for standard input', '{}')
    .option('--tag <key:value>', 'a tag to be found by; may be given again', collect)
    .option('--id <id>', 'an id of your own, which makes a retry harmless')
    .option('--subject <subject>', 'the person or thing whose key seals the data')
    .option('--expect <what>', 'any, new, exists, or the revision the stream must be at', parseExpect, 'any')
    .option('--occurred <time>', 'when it happened (RFC 3339 with an offset)')
    .option('--meta <json>', 'about the recording: JSON, @file or -')
    .option('--version <n>', "the schema version of the event's type", parsePositive)
    .addHelpText('after', EXAMPLES)
    .action(async (stream: string, options: AppendOptions) => append(stream, options, io))
}

async function append(stream: string, options: AppendOptions, io: Io): Promise<void> {
  const event = await eventOf(options, io)
  await withStore(io, storeUrl(options), async (store) => {
    const appended = must(await store.append(stream, event, { expect: options.expect }))
    if (options.json) return io.out.json(appended)
    const at = `position ${grouped(appended.first)}`
    const text = appended.duplicate
      ? `Recorded before, at ${at}: the same id with the same content. Nothing was written.`
      : `Recorded at ${at}. ${printable(stream)} is at revision ${grouped(appended.revision)}; the id is ${printable(appended.ids[0] ?? '')}.`
    await io.out.line(text)
  })
}

async function eventOf(options: AppendOptions, io: Io): Promise<NewEvent> {
  const { type, tag, id, subject, occurred, meta, version } = options
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

/** `perdure import csv`, `ndjson` and `cloudevents`: their options, and what they mean. */
import { InvalidArgumentError, type Command } from 'commander'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { readCloudEvents } from './cloudevents.js'
import { readCsvEvents } from './csv.js'
import type { Mapping } from './mapping.js'
import { readNdjsonEvents } from './ndjson.js'
import { runImport, takesFile, takesMapping, type FileImportOptions, type MappedImportOptions } from './running.js'
import type { Template } from './template.js'

interface CsvImportOptions extends MappedImportOptions {
  readonly data?: readonly string[]
  readonly omit?: readonly string[]
  readonly list?: readonly string[]
  readonly number?: readonly string[]
  readonly delimiter: string
}

const AGAIN = `
In a sealed log, --pseudonym customer=email gives each customer a random name: {email} is
that name in every template but --id, and the subject is customer:<name>. The data keeps
the address, sealed.

Batches of up to 1,000 events are recorded whole. Ids are derived from the name of the
source, so that importing again, also after a stop in the middle, adds only what is new.`

const CSV_HELP = `
A template is text with columns in braces: 'order-{order id}'.
${AGAIN}

Example:
  perdure import csv orders.csv --type '{activity}' --stream 'order-{order id}' \\
    --time '{date} {time}' --time-zone +01:00 --tag 'item:{items}' --list items --dry-run`

const NDJSON_HELP = `
Each line is an event, as perdure read --json prints it: {"stream":…,"type":…,"data":…}.
With --type and --stream, each line is an object of any form, which becomes the data;
{name} is a member of it, {/a/b} a JSON Pointer into it.
${AGAIN}

Example:
  perdure import ndjson log.jsonl --type '{kind}' --stream 'user-{/user/id}' --time '{at}'`

const CLOUDEVENTS_HELP = `
One CloudEvent 1.0 in JSON, a batch of them ([…]), or one after another. Without --stream,
the stream is the source, with # and the subject if there is one.
${AGAIN}

Example:
  perdure import cloudevents events.json --stream '{subject}' --tag 'order:{/data/order}'`

export function addFileImports(group: Command, io: Io): void {
  takesMapping(group.command('csv'))
    .description('the rows of a CSV file')
    .option('--data <column>', 'a column of the data; may be given again (default: all)', collectColumns)
    .option('--omit <column>', 'a column that is left out of the data; may be given again', collectColumns)
    .option('--list <column>', 'a column of lists, ["a","b"] or [\'a\',\'b\']; may be given again', collectColumns)
    .option('--number <column>', 'a column of numbers; may be given again', collectColumns)
    .option('--delimiter <character>', 'what stands between columns (\\t: a tab)', parseDelimiter, ',')
    .addHelpText('after', CSV_HELP)
    .action(async (path: string, options: CsvImportOptions) => importCsv(path, options, io))
  takesMapping(group.command('ndjson'))
    .description('events or objects, one on each line')
    .addHelpText('after', NDJSON_HELP)
    .action(async (path: string, options: MappedImportOptions) => importNdjson(path, options, io))
  takesFile(group.command('cloudevents'))
    .description('CloudEvents 1.0 in JSON')
    .addHelpText('after', CLOUDEVENTS_HELP)
    .action(async (path: string, options: FileImportOptions) => {
      const { stream: streams = [], tag: tags = [], pseudonym: pseudonyms = [] } = options
      await runImport(path, options, io, (source) => readCloudEvents(source, { streams, tags, pseudonyms }))
    })
}

async function importCsv(path: string, options: CsvImportOptions, io: Io): Promise<void> {
  const { data, omit = [], list: lists = [], number: numbers = [], delimiter } = options
  const both = lists.find((column) => numbers.includes(column))
  if (both !== undefined) throw new CommandError('usage', `${both} is a column of lists or of numbers, not of both`)
  const mapping = mappingOf(options, 'the rows of a CSV file')
  await runImport(path, options, io, (source) =>
    readCsvEvents(source, { mapping, delimiter, data, omit, lists, numbers }),
  )
}

async function importNdjson(path: string, options: MappedImportOptions, io: Io): Promise<void> {
  const { type, stream, tag, subject, pseudonym, time, id } = options
  const isMapped = [type, stream, tag, subject, pseudonym, time, id].some((option) => option !== undefined)
  const mapping = isMapped ? mappingOf(options, 'objects that are not events') : undefined
  await runImport(path, options, io, (source) => readNdjsonEvents(source, mapping))
}

/** @throws CommandError `usage` without a type or a stream */
function mappingOf(options: MappedImportOptions, what: string): Mapping {
  const { type, stream: streams = [], tag: tags = [], subject, pseudonym: pseudonyms = [] } = options
  const { time, timeFormat, timeZone, id } = options
  return {
    type: required(type, '--type', what),
    streams: [required(streams[0], '--stream', what), ...streams.slice(1)],
    tags,
    subject,
    pseudonyms,
    time,
    times: { format: timeFormat, offset: timeZone },
    id,
  }
}

function required(template: Template | undefined, option: string, what: string): Template {
  if (template !== undefined) return template
  const hint = "Give text, or a column in braces: --type '{activity}' --stream 'order-{order id}'."
  throw new CommandError('usage', `${what} need ${option}`, { hint })
}

function parseDelimiter(text: string): string {
  const delimiter = text === '\\t' ? '\t' : text
  if (!/^[^"\r\n]$/.test(delimiter)) throw new InvalidArgumentError('It is one character, not a quote or a line break.')
  return delimiter
}

function collectColumns(text: string, before: readonly string[] = []): string[] {
  return [...before, text]
}

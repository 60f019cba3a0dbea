/** What every import from a file does around its own reading: preview or record, progress, and the line at the end. */
import { Option, type Command } from 'commander'
import { PerdureError } from '../../errors.js'
import { open } from '../../index.js'
import { Subjects } from '../../privacy/subjects.js'
import type { Store } from '../../store.js'
import { progressOf, type Io } from '../io.js'
import { takesStore, withStore, type StoreOptions } from '../store-option.js'
import { plural, printable } from '../text.js'
import { importEvents } from './importing.js'
import { notesOf } from './notes.js'
import type { Incoming } from './mapping.js'
import { parsePseudonym, type PseudonymColumn } from './pseudonyms.js'
import { openSource, type Source } from './source.js'
import { collectTemplates, parseTagTemplate, parseTemplate, type Template } from './template.js'
import { parseOffset, TIME_FORMATS, type TimeFormat } from './times.js'

/** Options of every import from a file. */
export interface FileImportOptions extends StoreOptions {
  readonly name?: string
  readonly dryRun?: boolean
  readonly stream?: readonly Template[]
  readonly tag?: readonly Template[]
  readonly pseudonym?: readonly PseudonymColumn[]
}

export interface MappedImportOptions extends FileImportOptions {
  readonly type?: Template
  readonly subject?: Template
  readonly time?: Template
  readonly timeFormat: TimeFormat
  readonly timeZone?: string
  readonly id?: Template
}

export function takesFile(command: Command): Command {
  return takesStore(command)
    .argument('<path>', 'the file, or - for standard input')
    .option('--stream <template>', 'the stream; given again, the first that is not empty', collectTemplates)
    .option('--tag <key:template>', 'a tag, one for each value of a list; may be given again', parseTagTemplate)
    .option(
      '--pseudonym <kind=column>',
      'a column that names people: templates get a random name; may be given again',
      parsePseudonym,
    )
    .option('--name <name>', 'the name of the source, from which ids are derived (default: that of the file)')
    .option('--dry-run', 'show the first 3 events and record nothing')
}

export function takesMapping(command: Command): Command {
  return takesFile(command)
    .option('--type <template>', 'the type of each event', parseTemplate)
    .option('--subject <template>', 'whose key seals the data (default: the first --pseudonym)', parseTemplate)
    .option('--time <template>', 'when it happened', parseTemplate)
    .addOption(new Option('--time-format <format>', 'how times are written').choices(TIME_FORMATS).default('iso'))
    .option('--time-zone <offset>', 'the offset of times that name none: Z, +01:00', parseOffset)
    .option('--id <template>', 'what identifies a record (default: its row and its content)', parseTemplate)
}

type Read = (source: Source) => AsyncIterable<Incoming>

export async function runImport(path: string, options: FileImportOptions, io: Io, read: Read): Promise<void> {
  const source = await openSource(path, options.name, io)
  if (options.dryRun === true) return await preview(source, options, io, read)
  await withStore(io, options, async (store) => {
    const progress = progressOf(io, options)
    progress.stage(`importing ${source.name}`)
    const onBatch = (): void => {
      if (source.sizeBytes !== undefined) progress.at(source.readBytes(), source.sizeBytes)
    }
    const counts = await importEvents(store, await incomingOf(store, source, options, read), {
      signal: io.signal,
      onBatch,
    })
    progress.end()
    const { events, newEvents, known } = counts
    const notes = notesOf(counts, source)
    if (options.json === true) {
      const head = await store.head()
      return await io.out.json({ events, newEvents, known, head, ...(notes.length > 0 && { notes }) })
    }
    for (const text of notes) io.errors.write(`perdure: ${printable(text)}\n`)
    const before = known === 0 ? '' : ` (${plural(known, 'event')} recorded before)`
    await io.out.line(`${plural(events, 'event')}: ${plural(newEvents, 'new event')}${before}.`)
  })
}

/** @throws PerdureError `unsupported` if the log keeps no pseudonyms */
async function incomingOf(
  store: Store,
  source: Source,
  { pseudonym }: FileImportOptions,
  read: Read,
): Promise<AsyncIterable<Incoming>> {
  const digest = await Subjects.digest(store.subjects)
  if (digest !== undefined || pseudonym === undefined) return read({ ...source, digest })
  throw new PerdureError(
    'unsupported',
    'the log is not sealed, so it keeps no pseudonyms',
    { feature: 'subjects' },
    { hint: 'Begin a new log with keys (perdure init --keys) and import into that.', written: 'no' },
  )
}

const PREVIEW_LENGTH = 3

/** Through a log in memory, so that what the real one would refuse is refused here; its names and ids are its own. */
async function preview(source: Source, options: FileImportOptions, io: Io, read: Read): Promise<void> {
  const { json, pseudonym } = options
  const store = await open('memory:', pseudonym === undefined ? {} : { keys: 'memory:' })
  try {
    const incoming = await incomingOf(store, source, options, read)
    await importEvents(store, firstOf(incoming), { signal: io.signal, onBatch: () => undefined })
    for await (const { stream, id, type, version, occurred, tags, meta, subject, data } of store.read()) {
      const event = { stream, id, type, version, occurred, tags, meta, subject, data }
      if (json === true) await io.out.jsonText(JSON.stringify(event))
      else await io.out.lines(JSON.stringify(event, null, 2).split('\n').map(printable))
    }
    if (json !== true) await io.out.line('Nothing was recorded: this was a dry run.')
  } finally {
    await store.close()
  }
}

async function* firstOf(incoming: AsyncIterable<Incoming>): AsyncGenerator<Incoming> {
  let count = 0
  for await (const item of incoming) {
    yield item
    if (++count === PREVIEW_LENGTH) return
  }
}

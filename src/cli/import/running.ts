/** What every import from a file does around its own reading: preview or record, progress, and the line at the end. */
import { Option, type Command } from 'commander'
import { open } from '../../index.js'
import { progressOf, type Io } from '../io.js'
import { takesStore, withStore, type StoreOptions } from '../store-option.js'
import { plural, printable } from '../text.js'
import { importEvents } from './importing.js'
import { notesOf } from './notes.js'
import type { Incoming } from './mapping.js'
import { openSource, type Source } from './source.js'
import { collectTemplates, parseTagTemplate, parseTemplate, type Template } from './template.js'
import { parseOffset, TIME_FORMATS, type TimeFormat } from './times.js'

/** Options of every import from a file. */
export interface FileImportOptions extends StoreOptions {
  readonly name?: string
  readonly dryRun?: boolean
  readonly stream?: readonly Template[]
  readonly tag?: readonly Template[]
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
    .option('--name <name>', 'the name of the source, from which ids are derived (default: that of the file)')
    .option('--dry-run', 'show the first 3 events and record nothing')
}

export function takesMapping(command: Command): Command {
  return takesFile(command)
    .option('--type <template>', 'the type of each event', parseTemplate)
    .option('--subject <template>', 'the person or thing whose key seals the data', parseTemplate)
    .option('--time <template>', 'when it happened', parseTemplate)
    .addOption(new Option('--time-format <format>', 'how times are written').choices(TIME_FORMATS).default('iso'))
    .option('--time-zone <offset>', 'the offset of times that name none: Z, +01:00', parseOffset)
    .option('--id <template>', 'what identifies a record (default: its row and its content)', parseTemplate)
}

type Read = (source: Source) => AsyncIterable<Incoming>

export async function runImport(path: string, options: FileImportOptions, io: Io, read: Read): Promise<void> {
  const source = await openSource(path, options.name, io)
  if (options.dryRun === true) return await preview(read(source), options, io)
  await withStore(io, options, async (store) => {
    const progress = progressOf(io, options)
    progress.stage(`importing ${source.name}`)
    const onBatch = (): void => {
      if (source.sizeBytes !== undefined) progress.at(source.readBytes(), source.sizeBytes)
    }
    const isSecret = (await store.keys.status()) !== undefined
    const counts = await importEvents(store, read({ ...source, isSecret }), { signal: io.signal, onBatch })
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

const PREVIEW_LENGTH = 3

/** Through a log in memory, so that what the real one would refuse is refused here. */
async function preview(incoming: AsyncIterable<Incoming>, { json }: FileImportOptions, io: Io): Promise<void> {
  const store = await open('memory:')
  try {
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

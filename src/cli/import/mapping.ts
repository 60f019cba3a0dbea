/** From a record of a file to an event, by the templates that the options give. */
import type { NewEvent } from '../../events.js'
import type { Json } from '../../json.js'
import { derivedId } from './derived-id.js'
import { importInvalid, type Place } from './invalid.js'
import { subjectTemplate, withStandIns, type NameOf, type PseudonymColumn, type Unnamed } from './pseudonyms.js'
import type { Source } from './source.js'
import { columnsOf, expand, type Lookup, type Template } from './template.js'
import { toOccurred, type TimeOptions } from './times.js'

export interface Mapping {
  readonly type: Template
  /** The first that comes to something is used. */
  readonly streams: readonly Template[]
  readonly tags: readonly Template[]
  /** Where it comes to nothing, the first pseudonym is the subject. */
  readonly subject: Template | undefined
  readonly pseudonyms: readonly PseudonymColumn[]
  readonly time: Template | undefined
  readonly times: TimeOptions
  /** What of a record identifies it; left out: its row and its content. */
  readonly id: Template | undefined
}

/** What an id is derived from: the name of the source with the row, or with `--id`; or what the record itself says. */
export type DerivedFrom = 'row' | 'id' | 'content'

export interface Named {
  readonly stream: string
  readonly event: NewEvent & { readonly id: string }
}

/** One event to be imported; with stand-ins for random names where it is still unnamed. */
export interface Incoming extends Named {
  readonly place: Place
  readonly unnamed?: Unnamed
  readonly derivedFrom: DerivedFrom
  /** About as large as it is in the file. */
  readonly sizeBytes: number
}

/** A record, read but not yet an event. */
export interface FileRecord {
  readonly place: Place
  readonly lookup: Lookup
  /** The same with names in the columns of pseudonyms. */
  readonly namedLookup: (nameOf: NameOf) => Lookup
  readonly data: Json
  /** What tells it from every other record of its source, as text. */
  readonly identity: readonly (string | number)[]
  readonly sizeBytes: number
}

/** The columns that a mapping uses, each with the option that does. */
export function columnsUsed({ type, streams, tags, subject, pseudonyms, time, id }: Mapping): Map<string, string> {
  const options: [string, readonly (Template | undefined)[]][] = [
    ['--type', [type]],
    ['--stream', streams],
    ['--tag', tags],
    ['--subject', [subject]],
    ['--pseudonym', pseudonyms.map(subjectTemplate)],
    ['--time', [time]],
    ['--id', [id]],
  ]
  return new Map(
    options.flatMap(([option, templates]) =>
      templates.flatMap((template) =>
        template === undefined ? [] : columnsOf(template).map((column) => [column, option] as const),
      ),
    ),
  )
}

/** @throws PerdureError `import-invalid` */
export function toIncoming(record: FileRecord, mapping: Mapping, { name, digest }: Source): Incoming {
  const { place, lookup, identity, sizeBytes } = record
  const derivedFrom = mapping.id === undefined ? 'row' : 'id'
  // By what the file says: a record is known before anybody is named.
  const own = mapping.id === undefined ? identity : ['id', exactlyOne(mapping.id, lookup, place, '--id')]
  const id = derivedId([name, ...own], digest)
  const event = withStandIns((nameOf) => toNamed({ ...record, lookup: record.namedLookup(nameOf) }, mapping, id))
  return { ...event, place, derivedFrom, sizeBytes }
}

function toNamed(record: FileRecord, mapping: Mapping, id: string): Named {
  const { place, lookup, data } = record
  const { tags, time } = mapping
  const allTags = [...new Set(tags.flatMap((template) => expand(template, lookup)))]
  const subject = subjectOf(record, mapping)
  const timeText = time === undefined ? undefined : atMostOne(time, lookup, place, '--time')
  return {
    stream: streamOf(record, mapping),
    event: {
      id,
      type: exactlyOne(mapping.type, lookup, place, '--type'),
      data,
      ...(timeText !== undefined && { occurred: occurredOf(timeText, mapping, place) }),
      ...(allTags.length > 0 && { tags: allTags }),
      ...(subject !== undefined && { subject }),
    },
  }
}

function subjectOf({ place, lookup }: FileRecord, { subject, pseudonyms }: Mapping): string | undefined {
  const given = subject === undefined ? undefined : atMostOne(subject, lookup, place, '--subject')
  return given ?? pseudonymIn(pseudonyms, lookup, place)
}

/** The first that there is. @throws PerdureError `import-invalid` */
export function pseudonymIn(pseudonyms: readonly PseudonymColumn[], lookup: Lookup, place: Place): string | undefined {
  for (const pseudonym of pseudonyms) {
    const [subject, ...others] = expand(subjectTemplate(pseudonym), lookup)
    if (others.length > 0) {
      const hint = 'An event has one subject: give first a --pseudonym whose column has one value.'
      throw importInvalid(place, 'names several people as subjects', { hint, column: pseudonym.column })
    }
    if (subject !== undefined) return subject
  }
  return undefined
}

function streamOf({ place, lookup }: FileRecord, { streams }: Mapping): string {
  for (const template of streams) {
    const [stream] = expand(template, lookup)
    if (stream !== undefined) return stream
  }
  const hint = 'Give --stream again with another column: the first that is not empty is used.'
  throw importInvalid(place, `no stream: ${describeEmpty(streams)}`, { hint })
}

function exactlyOne(template: Template, lookup: Lookup, place: Place, option: string): string {
  const value = atMostOne(template, lookup, place, option)
  if (value !== undefined) return value
  throw importInvalid(place, `no ${option.slice(2)}: ${describeEmpty([template])}`, {
    hint: `Fill it in, or use another column for ${option}.`,
    ...firstColumn(template),
  })
}

function atMostOne(template: Template, lookup: Lookup, place: Place, option: string): string | undefined {
  const values = expand(template, lookup)
  if (values.length <= 1) return values[0]
  const hint = `An event has one ${option.slice(2)}. Several values are what --tag takes.`
  throw importInvalid(place, `has several values for ${option}`, { hint, ...firstColumn(template) })
}

function occurredOf(text: string, { times, time }: Mapping, place: Place): string {
  const answer = toOccurred(text, times)
  if ('time' in answer) return answer.time
  const hint =
    times.format === 'iso'
      ? 'A time is 2024-05-01T12:00:00+02:00, also with a blank for the T; --time-zone names the offset of times without one.'
      : 'Say with --time-format what the times are.'
  throw importInvalid(place, answer.problem, { hint, ...(time && firstColumn(time)) })
}

function firstColumn(template: Template): { readonly column?: string } {
  const [column] = columnsOf(template)
  return column === undefined ? {} : { column }
}

function describeEmpty(templates: readonly Template[]): string {
  return `${templates.map(({ text }) => JSON.stringify(text)).join(', ')} ${templates.length === 1 ? 'is' : 'are'} empty here`
}

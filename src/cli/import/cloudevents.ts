/** From CloudEvents 1.0 in JSON (one, a batch, or one after another) to events. docs/importing.md has the mapping. */
import type { Meta } from '../../events.js'
import type { Json } from '../../json.js'
import { derivedId } from './derived-id.js'
import { importInvalid, type Place } from './invalid.js'
import { lookupIn, parseObject, renamed, type JsonObject } from './json-record.js'
import { readJsonObjects } from './json-values.js'
import { pseudonymIn, type Incoming, type Named } from './mapping.js'
import { withStandIns, type PseudonymColumn } from './pseudonyms.js'
import type { Source } from './source.js'
import { expand, type Template } from './template.js'
import { toOccurred } from './times.js'

export interface CloudEventsMapping {
  /** The first that comes to something is used; without any: the source, with the subject if there is one. */
  readonly streams: readonly Template[]
  readonly tags: readonly Template[]
  /** The first that there is also becomes the subject. */
  readonly pseudonyms: readonly PseudonymColumn[]
}

type Attributes = Readonly<Record<string, string | number | boolean>>

const REQUIRED = ['specversion', 'id', 'source', 'type'] as const
/** Texts that may be left out. */
const OPTIONAL = ['subject', 'time', 'datacontenttype', 'dataschema'] as const
const DATA: ReadonlySet<string> = new Set(['data', 'data_base64'])
/** Attributes that have a place of their own in an event. */
const PLACED: ReadonlySet<string> = new Set(['type', 'time', 'specversion'])

const SPECIFICATION = 'See https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md.'

/** @throws PerdureError `import-invalid` */
export async function* readCloudEvents(source: Source, mapping: CloudEventsMapping): AsyncGenerator<Incoming> {
  let row = 0
  for await (const { line, text, sizeBytes } of readJsonObjects(source.chunks, source.path)) {
    row++
    const place = { path: source.path, row, line }
    const event = toEvent(parseObject(text, place), place, mapping, source)
    yield { ...event, place, derivedFrom: 'content', sizeBytes }
  }
}

function toEvent(object: JsonObject, place: Place, mapping: CloudEventsMapping, { digest }: Source): Named {
  const attributes = attributesOf(object)
  for (const [name, value] of Object.entries(attributes)) checkAttribute(name, value, place)
  checkRequired(attributes, place)
  const { id: ownId = '', source = '', time } = attributes as Readonly<Record<string, string | undefined>>
  const id = derivedId(['cloudevents', source, ownId], digest)
  const data = dataOf(object, place)
  const occurred = time === undefined ? undefined : occurredOf(time, place)
  return withStandIns((nameOf) => {
    const named = renamed(object, mapping.pseudonyms, { nameOf, place })
    const { stream, event } = toNamed(named, place, mapping)
    return { stream, event: { id, data, ...(occurred !== undefined && { occurred }), ...event } }
  })
}

/** What is recorded in the clear. */
function toNamed(
  object: JsonObject,
  place: Place,
  { streams, tags, pseudonyms }: CloudEventsMapping,
): { readonly stream: string; readonly event: Pick<Named['event'], 'type' | 'tags' | 'subject' | 'meta'> } {
  const attributes = attributesOf(object) as Attributes
  const lookup = lookupIn(object, place)
  const allTags = [...new Set(tags.flatMap((template) => expand(template, lookup)))]
  const subject = pseudonymIn(pseudonyms, lookup, place)
  return {
    stream: streamOf(attributes, lookup, streams),
    event: {
      type: String(attributes['type']),
      ...(allTags.length > 0 && { tags: allTags }),
      ...(subject !== undefined && { subject }),
      meta: metaOf(attributes),
    },
  }
}

/** Null is the same as nothing (JSON format, section 2.2). */
function attributesOf(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name, value]) => value !== null && !DATA.has(name)))
}

function checkAttribute(name: string, value: Json, place: Place): void {
  const pointer = `/${name}`
  if (!/^[a-z0-9]{1,100}$/.test(name)) {
    const hint = `An attribute has a name of lower-case letters and digits. ${SPECIFICATION}`
    throw importInvalid(place, `the attribute ${JSON.stringify(name.slice(0, 100))} has no such name`, {
      pointer,
      hint,
    })
  }
  const isText = ([...REQUIRED, ...OPTIONAL] as string[]).includes(name)
  const isRight = isText
    ? typeof value === 'string' && value !== ''
    : typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && isInteger32(value))
  if (isRight) return
  const expected = isText ? 'a text that is not empty' : 'a text, a boolean or an integer of 32 bits'
  throw importInvalid(place, `the attribute ${name} is not ${expected}`, { pointer, hint: SPECIFICATION })
}

function isInteger32(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) <= 2 ** 31
}

function checkRequired(known: Readonly<Record<string, unknown>>, place: Place): void {
  for (const name of REQUIRED) {
    if (Object.hasOwn(known, name)) continue
    const hint = `A CloudEvent has ${REQUIRED.join(', ')}. ${SPECIFICATION}`
    throw importInvalid(place, `the required attribute ${name} is missing`, { pointer: `/${name}`, hint })
  }
  if (known['specversion'] === '1.0') return
  const hint = 'This version of Perdure reads CloudEvents 1.0.'
  throw importInvalid(place, 'the attribute specversion is not 1.0', { pointer: '/specversion', hint })
}

/** JSON and texts as they are; bytes as `{ base64 }`, since JSON has no word for them; null if there are none. */
function dataOf(object: JsonObject, place: Place): Json {
  const { data, data_base64: base64 } = object
  if (base64 === undefined || base64 === null) return data ?? null
  const pointer = '/data_base64'
  if (data !== undefined && data !== null) {
    throw importInvalid(place, 'has data and data_base64', { pointer, hint: 'A CloudEvent has one of them.' })
  }
  // RFC 4648 section 4, as the JSON format demands: other alphabets are other bytes.
  const isRight = typeof base64 === 'string' && Buffer.from(base64, 'base64').toString('base64') === base64
  if (isRight) return { base64 }
  throw importInvalid(place, 'data_base64 is not base64', { pointer, hint: 'With + and / and padding (RFC 4648).' })
}

function occurredOf(time: string, place: Place): string {
  const answer = toOccurred(time, { format: 'iso', offset: undefined })
  if ('time' in answer) return answer.time
  throw importInvalid(place, `the attribute time ${answer.problem}`, { pointer: '/time', hint: SPECIFICATION })
}

/** Every attribute without a place of its own, extensions too; those that mean the same here also under our names. */
function metaOf(known: Attributes): Meta {
  const { correlationid, causationid } = known
  return {
    ...(isName(correlationid) && { correlation: correlationid }),
    ...(isName(causationid) && { causation: causationid }),
    cloudevents: Object.fromEntries(Object.entries(known).filter(([name]) => !PLACED.has(name))),
  }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** A subject says something only together with its source. */
function streamOf(
  { source = '', subject }: Attributes,
  lookup: ReturnType<typeof lookupIn>,
  streams: readonly Template[],
): string {
  for (const template of streams) {
    const [stream] = expand(template, lookup)
    if (stream !== undefined) return stream
  }
  return subject === undefined ? String(source) : `${source}#${subject}`
}

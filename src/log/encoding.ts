/** From a caller's event to an encoded one: the border where everything is checked, once. */
import type { EncodedEvent } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import {
  COMMIT_LENGTH_MAX_EVENTS,
  COMMIT_SIZE_MAX_BYTES,
  DATA_SIZE_MAX_BYTES,
  META_SIZE_MAX_BYTES,
  TAGS_LENGTH_MAX,
  type Actor,
  type NewEvent,
} from '../events.js'
import { encodeJson, NotJson, pointerPart, type Json } from '../json.js'
import { checkName, checkTag, checkTime } from './names.js'
import type { ActorOf, PreparedEvent } from './ports.js'

const MEMBERS: ReadonlySet<string> = new Set([
  'id',
  'type',
  'version',
  'data',
  'occurred',
  'tags',
  'meta',
  'subject',
  'subjects',
])

/** A checked event with its texts. Nothing in it is the caller's own object, which may change while the append waits. */
export interface EncodedContent {
  readonly id: string
  /** The caller chose the id. */
  readonly chosen: boolean
  readonly stream: string
  readonly type: string
  readonly version: number
  readonly tags: readonly string[]
  readonly occurred: string | undefined
  readonly subject: string | undefined
  readonly subjects: Readonly<Record<string, string>> | undefined
  readonly dataJson: string
  /** Everything of the line between the time and `data`. */
  readonly middle: string
}

const NO_TAGS: readonly string[] = Object.freeze([])

/** What the encoder needs to know beside the event. */
export interface EncodingContext {
  /** An id for an event that has none. */
  readonly newId: () => string
  /** The declared version of a type and a check of its data; throws `event-invalid`. */
  readonly declared: (event: NewEvent, index: number) => number
  /** The subject of an event that names none; throws `subject-missing`, `subject-ambiguous`. */
  readonly subjectOf: (type: string, tags: readonly string[], index: number) => string | undefined
  /** See `Ports`. */
  readonly actorOf: ActorOf | undefined
  /** Perdure's own: may use `$` names and set `refers`. */
  readonly own: boolean
}

type Refers = PreparedEvent['refers']

/**
 * `index` is that of the event in the call, for errors.
 *
 * @throws PerdureError `event-invalid` with the index and the pointer of what is wrong; nothing was written
 */
export function encodeContent(
  event: NewEvent,
  stream: string,
  index: number,
  { newId, declared, subjectOf, actorOf, own }: EncodingContext,
): EncodedContent {
  if (typeof event !== 'object' || event === null) throw invalidEvent(index, '', 'is not an object')
  for (const key in event) {
    if (!MEMBERS.has(key) && !(own && key === 'refers')) {
      throw invalidEvent(
        index,
        pointerPart(key),
        'is not a member of an event',
        `There are ${[...MEMBERS].join(', ')}.`,
      )
    }
  }
  const { id, type, occurred, tags, subject: named } = event
  // Looked at once: a getter could show another subject to the seal than to the line.
  const subjects = isObject(event.subjects) ? { ...event.subjects } : event.subjects
  checkText(type, index, '/type')
  if (!own && type.startsWith('$')) throw invalidEvent(index, '/type', 'begins with $, which is reserved for Perdure')
  if (id !== undefined) checkText(id, index, '/id')
  if (occurred !== undefined) checkOccurred(occurred, index)
  const tagsJson = tags === undefined || tags.length === 0 ? '' : encodeTags(tags, index)
  const isUnsaid = named === undefined && subjects === undefined && !own
  const subject = isUnsaid ? subjectOf(type, tags ?? NO_TAGS, index) : named
  const dataJson = encodePart(event.data, index, '/data')
  checkSize(dataJson, DATA_SIZE_MAX_BYTES, index, '/data')
  const meta = actorOf === undefined || own ? event.meta : withActor(event.meta, index, actorOf)
  const middle =
    (occurred === undefined ? '' : `,"occurred":"${occurred}"`) +
    tagsJson +
    (subject === undefined ? '' : encodeSubject(subject, subjects, index)) +
    (subjects === undefined ? '' : encodeSubjects(subjects, dataJson, index)) +
    (own ? encodeRefers(event as { refers?: Refers }) : '') +
    (meta === undefined ? '' : encodeMeta(meta, index))
  return {
    id: id ?? newId(),
    chosen: id !== undefined,
    stream,
    type,
    version: declared(event, index),
    tags: tags === undefined || tags.length === 0 ? NO_TAGS : [...tags],
    occurred,
    subject,
    subjects,
    dataJson,
    middle,
  }
}

/** The event as the ports see it. */
export function toPrepared(content: EncodedContent): PreparedEvent {
  const { id, stream, type, version, tags, occurred, dataJson, middle } = content
  // What `middle` holds besides: subject, subjects, refers, meta.
  const others = JSON.parse(`{${middle.slice(1)}}`) as Pick<PreparedEvent, 'subject' | 'subjects' | 'refers' | 'meta'>
  return {
    ...others,
    id,
    stream,
    type,
    version,
    tags,
    ...(occurred === undefined ? {} : { occurred }),
    data: JSON.parse(dataJson) as Json,
  }
}

/** The encoded form; with `sealed` in the place of the data, where that is sealed. */
export function encodeEvent(content: EncodedContent, sealed?: string): EncodedEvent {
  const { id, chosen, type, version, tags, middle, dataJson } = content
  const data = sealed === undefined ? `,"data":${dataJson}` : `,"sealed":${sealed}`
  return {
    id,
    chosen,
    type,
    tags,
    front: `,"id":${encodeJson(id)},"type":${encodeJson(type)}` + (version === 1 ? '' : `,"version":${version}`),
    back: `${middle}${data}}`,
  }
}

/** Refuses a commit that is too large as a whole. */
export function checkCommitSize(contents: readonly EncodedContent[]): void {
  if (contents.length > COMMIT_LENGTH_MAX_EVENTS) {
    throw invalidEvent(
      COMMIT_LENGTH_MAX_EVENTS,
      '',
      `is one too many: a commit holds at most ${COMMIT_LENGTH_MAX_EVENTS} events`,
    )
  }
  let characters = 0
  for (const { middle, dataJson } of contents) characters += middle.length + dataJson.length
  // UTF-8 takes at most three bytes for what UTF-16 counts as one: mostly the exact count is not needed.
  if (characters * 3 <= COMMIT_SIZE_MAX_BYTES) return
  let bytes = 0
  contents.forEach((content, index) => {
    bytes += Buffer.byteLength(content.middle) + Buffer.byteLength(content.dataJson)
    if (bytes > COMMIT_SIZE_MAX_BYTES) {
      throw invalidEvent(index, '', `takes the commit over ${COMMIT_SIZE_MAX_BYTES} bytes`)
    }
  })
}

/** @throws PerdureError `event-invalid`, index 0, pointer `/stream` */
export function checkStream(stream: unknown, index: number, own: boolean): asserts stream is string {
  checkText(stream, index, '/stream')
  if (!own && stream.startsWith('$'))
    throw invalidEvent(index, '/stream', 'begins with $, which is reserved for Perdure')
}

function checkText(text: unknown, index: number, pointer: string): asserts text is string {
  const problem = typeof text === 'string' ? checkName(text) : 'is not a string'
  if (problem !== undefined) throw invalidEvent(index, pointer, problem)
}

function checkOccurred(occurred: unknown, index: number): void {
  const problem = typeof occurred === 'string' ? checkTime(occurred) : 'is not a string'
  if (problem !== undefined) throw invalidEvent(index, '/occurred', problem)
}

function encodeTags(tags: readonly string[], index: number): string {
  if (!Array.isArray(tags)) throw invalidEvent(index, '/tags', 'is not a list')
  if (tags.length > TAGS_LENGTH_MAX) throw invalidEvent(index, '/tags', `has more than ${TAGS_LENGTH_MAX} members`)
  for (let i = 0; i < tags.length; i++) {
    const tag: unknown = tags[i]
    const problem = typeof tag === 'string' ? checkTag(tag) : 'is not a string'
    if (problem !== undefined) throw invalidEvent(index, `/tags/${i}`, problem)
  }
  return `,"tags":${encodePart(tags, index, '/tags')}`
}

function encodeMeta(meta: unknown, index: number): string {
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta))
    throw invalidEvent(index, '/meta', 'is not an object')
  const { actor, correlation, causation } = meta as { actor?: unknown; correlation?: unknown; causation?: unknown }
  if (actor !== undefined) checkActor(actor, index)
  if (correlation !== undefined) checkText(correlation, index, '/meta/correlation')
  if (causation !== undefined) checkText(causation, index, '/meta/causation')
  const json = encodePart(meta, index, '/meta')
  checkSize(json, META_SIZE_MAX_BYTES, index, '/meta')
  return json === '{}' ? '' : `,"meta":${json}`
}

/** What is looked at is a copy, and the copy is what is recorded. */
function withActor(meta: unknown, index: number, actorOf: ActorOf): unknown {
  const copy: unknown = meta === undefined ? {} : JSON.parse(encodePart(meta, index, '/meta'))
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) return copy
  const { actor } = copy as { actor?: unknown }
  if (actor !== undefined) checkActor(actor, index)
  return { ...copy, actor: actorOf(actor, index) }
}

const ACTOR_KINDS: readonly unknown[] = ['human', 'agent', 'system']

function checkActor(actor: unknown, index: number): asserts actor is Actor {
  if (typeof actor !== 'object' || actor === null) throw invalidEvent(index, '/meta/actor', 'is not an object')
  const { kind, id } = actor as { kind?: unknown; id?: unknown }
  if (!ACTOR_KINDS.includes(kind)) throw invalidEvent(index, '/meta/actor/kind', 'is not human, agent or system')
  checkText(id, index, '/meta/actor/id')
}

/** A caller without types may hand in anything. */
function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function encodeSubject(subject: unknown, subjects: unknown, index: number): string {
  if (subjects !== undefined) throw invalidEvent(index, '/subjects', 'stands beside subject; an event has one of them')
  checkText(subject, index, '/subject')
  return `,"subject":${encodeJson(subject)}`
}

function encodeSubjects(subjects: Readonly<Record<string, string>>, dataJson: string, index: number): string {
  if (!isObject(subjects)) throw invalidEvent(index, '/subjects', 'is not an object')
  const data = JSON.parse(dataJson) as Json
  if (Object.keys(subjects).length > TAGS_LENGTH_MAX) {
    throw invalidEvent(index, '/subjects', `has more than ${TAGS_LENGTH_MAX} members`)
  }
  for (const [pointer, name] of Object.entries(subjects)) {
    checkText(name, index, '/subjects' + pointerPart(pointer))
    if (!pointsInto(data, pointer)) {
      throw invalidEvent(index, '/subjects' + pointerPart(pointer), 'is not the JSON Pointer of a part of data')
    }
  }
  return Object.keys(subjects).length === 0 ? '' : `,"subjects":${encodePart(subjects, index, '/subjects')}`
}

function pointsInto(data: Json, pointer: string): boolean {
  if (pointer === '') return true
  if (!pointer.startsWith('/')) return false
  let here: Json | undefined = data
  for (const part of pointer.slice(1).split('/')) {
    if (/~(?![01])/.test(part) || typeof here !== 'object' || here === null) return false
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (Array.isArray(here) && !/^(0|[1-9]\d*)$/.test(key)) return false
    if (!Object.hasOwn(here, key)) return false
    here = (here as Readonly<Record<string, Json>>)[key]
  }
  return true
}

function encodeRefers({ refers }: { readonly refers?: Refers }): string {
  return refers === undefined ? '' : `,"refers":${encodeJson(refers)}`
}

function encodePart(value: unknown, index: number, pointer: string): string {
  try {
    return encodeJson(value)
  } catch (error) {
    if (error instanceof NotJson) throw invalidEvent(index, pointer + error.pointer, error.problem)
    throw error
  }
}

function checkSize(json: string, limit: number, index: number, pointer: string): void {
  if (json.length * 3 > limit && Buffer.byteLength(json) > limit) {
    throw invalidEvent(index, pointer, `is larger than ${limit} bytes`, 'Keep large objects outside, by reference.')
  }
}

export function invalidEvent(
  index: number,
  pointer: string,
  problem: string,
  hint?: string,
): PerdureError<'event-invalid'> {
  const what = pointer === '' ? `event ${index}` : `${pointer} of event ${index}`
  return new PerdureError(
    'event-invalid',
    `${what} ${problem}`,
    { index, pointer },
    {
      hint: hint ?? 'Correct the event; docs/format.md says what an event may hold.',
      written: 'no',
    },
  )
}

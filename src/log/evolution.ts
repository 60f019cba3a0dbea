/** Declared event types: the check of new data, and the upcast of old data. The reader is the only one to upcast. */
import { PerdureError } from '../errors.js'
import type { NewEvent, RecordedEvent } from '../events.js'
import { deepFreeze, encodeJson, type Json } from '../json.js'
import { createDataCheck, messageOf, type DataCheck, type StandardSchema } from './data-check.js'
import { invalidEvent } from './encoding.js'
import type { JSONSchema } from './json-schema.js'
import { checkName } from './names.js'
import { isUnreadable } from './readable.js'
import type { RecordedEventOf } from './typed-events.js'

export type { StandardSchema } from './data-check.js'

export interface EventDeclaration {
  /** Of the data as it is written today: 1, 2, 3… */
  readonly version: number
  readonly schema?: JSONSchema | StandardSchema
  /** The entity class whose key seals the data. */
  readonly class?: string
  /** JSON Pointers into the data where references to blobs stand. */
  readonly blobs?: readonly string[]
  /** From each older version to the next: pure functions of the data. */
  readonly upcast?: { readonly [from: number]: Upcast }
}

/** A method's type, so that a function may say in its own words what data of that version looked like. */
type Upcast = { upcast(data: Json): Json }['upcast']

export type EventDeclarations = Readonly<Record<string, EventDeclaration>>

/** A misspelt `schema` would be a schema that is never checked. */
type NothingElse<Declarations> = {
  readonly [Type in keyof Declarations]: {
    readonly [Member in Exclude<keyof Declarations[Type], keyof EventDeclaration>]: never
  }
}

/** Declared event types, ready to use with `open(…, { events })`. */
export interface Events<Declarations extends EventDeclarations = EventDeclarations> {
  readonly declarations: Declarations
  /**
   * The version that new data of an event is of.
   *
   * @throws PerdureError `event-invalid` if the version is not the declared one, or the data does not fit the schema
   */
  readonly check: (event: NewEvent, index: number) => number
  /** The event with its data in the declared version. @throws PerdureError `version-newer`, `upcast-failed` */
  readonly upcast: (event: RecordedEvent) => RecordedEvent
}

/** What {@link defineEvents} gives: with what only makes sense for types that are known. */
export interface DefinedEvents<Declarations extends EventDeclarations> extends Events<Declarations> {
  /** The declared types, for a query that selects all of them and nothing else. */
  readonly types: readonly (keyof Declarations & string)[]
  /**
   * Whether an event is of this declared type, in the declared version (an older one is read with `raw`), and readable;
   * tells the compiler so.
   */
  is<Type extends keyof Declarations & string>(
    event: RecordedEvent,
    type: Type,
  ): event is RecordedEventOf<Events<Declarations>, Type>
}

/**
 * Declares event types. Types that are not declared pass unchecked, at version 1 unless they say otherwise.
 *
 * @throws PerdureError `options-invalid` if a declaration cannot work: a bad version, a schema that does not compile, a
 * version without the upcast that leads on from it
 */
export function defineEvents<const Declarations extends EventDeclarations>(
  declarations: Declarations & NothingElse<Declarations>,
): DefinedEvents<Declarations> {
  if (!isRecord(declarations)) throw invalidDeclarations()
  const checks = new Map<string, DataCheck>()
  for (const [type, declaration] of Object.entries(declarations)) {
    checkDeclaration(type, declaration)
    if (declaration.schema !== undefined) checks.set(type, checkOf(type, declaration.schema))
  }
  const declared = new Map<string, EventDeclaration>(Object.entries(declarations))
  return Object.freeze({
    declarations,
    types: Object.freeze([...declared.keys()]),
    is: ((event, type) => isCurrent(event, type, declared.get(type))) as DefinedEvents<Declarations>['is'],
    check: (event: NewEvent, index: number) =>
      checkEvent(event, index, declared.get(event.type), checks.get(event.type)),
    upcast: (event: RecordedEvent) => {
      if (declared.size === 0) return event
      const declaration = declared.get(event.type)
      return declaration === undefined || declaration.version === event.version ? event : upcast(event, declaration)
    },
  })
}

function isCurrent(event: RecordedEvent, type: string, declaration: EventDeclaration | undefined): boolean {
  return event.type === type && event.version === declaration?.version && !isUnreadable(event)
}

/** For a store that was opened without declarations. */
export const NO_EVENTS: Events = defineEvents({})

/** A caller without types may hand in anything. */
function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkDeclaration(type: string, declaration: EventDeclaration): void {
  if (!isRecord(declaration)) throw invalidDeclaration(type, 'its declaration is not an object such as { version: 1 }')
  const { version, upcast: steps = {}, schema: _schema, class: _class, blobs: _blobs, ...others } = declaration
  const problem = checkName(type)
  if (problem !== undefined) throw invalidDeclaration(type, `the type ${problem}`)
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalidDeclaration(type, `${other} is not a member of a declaration`)
  if (!isVersion(version)) throw invalidDeclaration(type, 'version is not a whole number of at least 1')
  if (!isRecord(steps)) throw invalidDeclaration(type, 'upcast is not an object of functions by version')
  for (let from = 1; from < version; from++) {
    if (typeof steps[from] !== 'function') {
      throw invalidDeclaration(type, `is at version ${version}, but upcast has no function for version ${from}`)
    }
  }
}

function checkEvent(
  event: NewEvent,
  index: number,
  declaration: EventDeclaration | undefined,
  check: DataCheck | undefined,
): number {
  const { type, version, data } = event
  if (version !== undefined && !isVersion(version)) {
    throw invalidEvent(index, '/version', 'is not a whole number of at least 1')
  }
  if (declaration === undefined) return version ?? 1
  const { version: current } = declaration
  if (version !== undefined && version > current) {
    throw invalidEvent(index, '/version', `is ${version}, newer than the ${current} at which ${type} is declared`)
  }
  // Data of an older version must fit today's schema once it has been brought up to date.
  check?.(version === undefined ? data : upcastNew(event, version, declaration, index), index)
  return version ?? current
}

function upcastNew({ type, data }: NewEvent, version: number, declaration: EventDeclaration, index: number): Json {
  try {
    return upcastData(data, version, declaration)
  } catch (error) {
    throw invalidEvent(index, '/data', `cannot be upcast from version ${version} of ${type}: ${messageOf(error)}`)
  }
}

function upcastData(data: Json, from: number, { version, upcast: steps = {} }: EventDeclaration): Json {
  let current = data
  for (let at = from; at < version; at++) current = (steps[at] as (data: Json) => Json)(current)
  return current
}

function isVersion(version: unknown): boolean {
  return typeof version === 'number' && Number.isSafeInteger(version) && version >= 1
}

function upcast(event: RecordedEvent, declaration: EventDeclaration): RecordedEvent {
  const { version: current } = declaration
  const { type, position, version } = event
  if (version > current) {
    throw new PerdureError(
      'version-newer',
      `position ${position} is a ${type} of version ${version}, newer than the declared ${current}`,
      { type, version, declared: current, position },
      { hint: 'Use the newer declaration of this event type, or read with { raw: true }.' },
    )
  }
  // Nothing readable is left of a shredded event: there is nothing to bring up to date.
  if (isUnreadable(event)) return Object.freeze({ ...event, version: current })
  try {
    const data = upcastData(event.data, version, declaration)
    encodeJson(data)
    return Object.freeze({ ...event, version: current, data: deepFreeze(data) })
  } catch (cause) {
    throw new PerdureError(
      'upcast-failed',
      `the upcast of ${type} from version ${version} failed at position ${position}: ${messageOf(cause)}`,
      { type, version, position },
      { cause, hint: 'Correct the upcast function: it meets every event ever recorded. The event itself is unharmed.' },
    )
  }
}

function checkOf(type: string, schema: JSONSchema | StandardSchema): DataCheck {
  try {
    return createDataCheck(schema)
  } catch (cause) {
    throw invalidDeclaration(type, `the schema does not compile: ${messageOf(cause)}`, cause)
  }
}

function invalidDeclarations(): PerdureError<'options-invalid'> {
  const hint = 'Give defineEvents an object of declarations by type, for example { ordered: { version: 1 } }.'
  return new PerdureError('options-invalid', 'the declarations are not an object', { option: 'events' }, { hint })
}

function invalidDeclaration(type: string, problem: string, cause?: unknown): PerdureError<'options-invalid'> {
  return new PerdureError(
    'options-invalid',
    `event type ${JSON.stringify(type)}: ${problem}`,
    { option: `events/${type}` },
    {
      cause,
      hint: 'Correct the declaration given to defineEvents.',
    },
  )
}

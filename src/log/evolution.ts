/** Declared event types: the check of new data, and the upcast of old data. The reader is the only one to upcast. */
import { PerdureError } from '../errors.js'
import type { NewEvent, RecordedEvent } from '../events.js'
import { deepFreeze, encodeJson, NotJson, type Json } from '../json.js'
import { invalidEvent } from './encoding.js'
import { compileSchema, type JSONSchema, type Misfit } from './json-schema.js'
import { checkName } from './names.js'

/** https://standardschema.dev, version 1: what zod, valibot, arktype and others implement. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => StandardResult | Promise<StandardResult>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

type StandardResult =
  { readonly value: unknown; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] }

interface StandardIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export interface EventDeclaration {
  /** Of the data as it is written today: 1, 2, 3… */
  readonly version: number
  readonly schema?: JSONSchema | StandardSchema
  /** The entity class whose key seals the data. */
  readonly class?: string
  /** JSON Pointers into the data where references to blobs stand. */
  readonly blobs?: readonly string[]
  /** From each older version to the next: pure functions of the data. */
  readonly upcast?: { readonly [from: number]: (data: Json) => Json }
}

export type EventDeclarations = Readonly<Record<string, EventDeclaration>>

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

type DataCheck = (data: Json, index: number) => void

/**
 * Declares event types. Types that are not declared pass unchecked, at version 1 unless they say otherwise.
 *
 * @throws PerdureError `options-invalid` if a declaration cannot work: a bad version, a schema that does not compile, a
 * version without the upcast that leads on from it
 */
export function defineEvents<const Declarations extends EventDeclarations>(
  declarations: Declarations,
): Events<Declarations> {
  const checks = new Map<string, DataCheck>()
  for (const [type, declaration] of Object.entries(declarations)) {
    checkDeclaration(type, declaration)
    if (declaration.schema !== undefined) checks.set(type, createCheck(type, declaration.schema))
  }
  const declared = new Map<string, EventDeclaration>(Object.entries(declarations))
  return Object.freeze({
    declarations,
    check: (event: NewEvent, index: number) =>
      checkEvent(event, index, declared.get(event.type), checks.get(event.type)),
    upcast: (event: RecordedEvent) => {
      if (declared.size === 0) return event
      const declaration = declared.get(event.type)
      return declaration === undefined || declaration.version === event.version ? event : upcast(event, declaration)
    },
  })
}

/** For a store that was opened without declarations. */
export const NO_EVENTS: Events = defineEvents({})

function checkDeclaration(type: string, { version, upcast: steps = {} }: EventDeclaration): void {
  const problem = checkName(type)
  if (problem !== undefined) throw invalidDeclaration(type, `the type ${problem}`)
  if (!isVersion(version)) throw invalidDeclaration(type, 'version is not a whole number of at least 1')
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
  if (event.unreadable?.some(({ path }) => path === '') === true) return Object.freeze({ ...event, version: current })
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

function createCheck(type: string, schema: JSONSchema | StandardSchema): DataCheck {
  return isStandard(schema) ? createStandardCheck(schema) : createSchemaCheck(type, schema)
}

function isStandard(schema: JSONSchema | StandardSchema): schema is StandardSchema {
  return (typeof schema === 'object' || typeof schema === 'function') && '~standard' in schema
}

function createStandardCheck(schema: StandardSchema): DataCheck {
  return (data, index) => {
    const result = schema['~standard'].validate(data)
    if (result instanceof Promise) {
      throw invalidEvent(index, '/data', 'has an asynchronous validator, which a log cannot wait for')
    }
    const issue = result.issues?.[0]
    if (issue === undefined) return
    const steps = (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step))
    throw invalidEvent(index, ['/data', ...steps].join('/'), `does not fit its schema: ${issue.message}`)
  }
}

function createSchemaCheck(type: string, schema: JSONSchema): DataCheck {
  let findMisfit: (data: Json) => Misfit | undefined
  try {
    findMisfit = compileSchema(schema)
  } catch (cause) {
    throw invalidDeclaration(type, `the schema does not compile: ${messageOf(cause)}`, cause)
  }
  return (data, index) => {
    const misfit = findMisfit(data)
    if (misfit !== undefined)
      throw invalidEvent(index, `/data${misfit.pointer}`, `does not fit its schema: it ${misfit.problem}`)
  }
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

function messageOf(error: unknown): string {
  if (error instanceof NotJson) return `it gave a value that is not JSON: ${error.message}`
  return error instanceof Error ? error.message : String(error)
}

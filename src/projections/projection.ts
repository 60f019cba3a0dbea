/** State projections: pure functions from events to a value, folded on demand. */
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import type { NotJson } from '../json.js'
import type { Events } from '../log/evolution.js'
import { checkName } from '../log/names.js'
import type { TypedProjectionDefinition } from './typed-projection.js'

export interface ProjectionDefinition<State> {
  readonly name: string
  readonly version: number | string
  /** Where the fold begins. A value is copied for each fold. */
  readonly initial: State | (() => State)
  /** Pure and synchronous: no clock, no randomness, no I/O. May change `state` in place, never the event. */
  readonly on: Readonly<Record<string, (state: State, event: RecordedEvent) => State>>
  /** Be given inferred events too. Default false. */
  readonly enrichments?: boolean
}

export interface Projection<State> extends ProjectionDefinition<State> {
  readonly enrichments: boolean
}

const defined = new WeakSet<object>()

/** With `events`, handlers are typed by their declarations. @throws PerdureError `options-invalid` */
export function defineProjection<State, E extends Events = Events>(
  definition: TypedProjectionDefinition<State, E>,
): Projection<State> {
  checkParts(definition)
  const { name, version, initial, events, enrichments = false } = definition
  // Each handler is only ever given events of its own type.
  const on = definition.on as ProjectionDefinition<State>['on']
  for (const [type, handler] of Object.entries(on)) {
    if (typeof handler !== 'function') throw invalid('on', `${name} has no function for ${type}`)
    if (events !== undefined && !Object.hasOwn(events.declarations, type)) {
      throw invalid('on', `${name} has a function for ${type}, which its events do not declare`)
    }
  }
  const projection = Object.freeze({ name, version, initial, enrichments, on: Object.freeze({ ...on }) })
  defined.add(projection)
  return projection
}

function checkParts(definition: unknown): void {
  if (typeof definition !== 'object' || definition === null) throw invalid('projection', 'this is no projection')
  const { name, version, on, enrichments } = definition as Partial<Record<string, unknown>>
  const problem = typeof name === 'string' ? checkName(name) : 'is not a text'
  if (problem !== undefined) throw invalid('name', `the name of a projection ${problem}`)
  const of = String(name)
  if (typeof version !== 'string' && !Number.isFinite(version)) throw invalid('version', `${of} has no version`)
  if (!('initial' in definition)) throw invalid('initial', `${of} has no initial state`)
  if (typeof on !== 'object' || on === null) throw invalid('on', `${of} has no handlers`)
  if (enrichments === undefined || typeof enrichments === 'boolean') return
  throw invalid('enrichments', `enrichments of ${of} is neither true nor false`)
}

/** A caller without types may hand in anything. @throws PerdureError `options-invalid` */
export function toProjection<State>(projection: Projection<State>): Projection<State> {
  return defined.has(projection) ? projection : defineProjection(projection)
}

/** A state that a snapshot would lose something of. */
export function stateInvalid(projection: string, { pointer, problem }: NotJson): PerdureError<'state-invalid'> {
  return new PerdureError(
    'state-invalid',
    `the state of ${projection} cannot be saved: ${pointer === '' ? 'it' : pointer} ${problem}`,
    { projection, pointer },
    { written: 'no', hint: 'Keep plain JSON in the state: objects and arrays for maps and sets, text for dates.' },
  )
}

function invalid(option: string, message: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', message, { option }, { hint: 'Correct the projection.' })
}

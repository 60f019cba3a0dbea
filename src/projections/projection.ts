/** State projections: pure functions from events to a value, folded on demand. */
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'

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

/** @throws PerdureError `options-invalid` */
export function defineProjection<State>(definition: ProjectionDefinition<State>): Projection<State> {
  const { name, version, on, enrichments = false } = definition
  if (typeof name !== 'string' || name === '') throw invalid('name', 'a projection has a name')
  if (typeof version !== 'string' && typeof version !== 'number') throw invalid('version', `${name} has no version`)
  for (const [type, handler] of Object.entries(on)) {
    if (typeof handler !== 'function') throw invalid('on', `${name} has no function for ${type}`)
  }
  return Object.freeze({ ...definition, enrichments, on: Object.freeze({ ...on }) })
}

/** A fold under way. */
export class Fold<State> {
  readonly #projection: Projection<State>
  readonly #handlers: ReadonlyMap<string, (state: State, event: RecordedEvent) => State>
  state: State

  constructor(projection: Projection<State>) {
    const { initial, on } = projection
    this.#projection = projection
    this.#handlers = new Map(Object.entries(on))
    this.state = typeof initial === 'function' ? (initial as () => State)() : structuredClone(initial)
  }

  /** In order. Events of types without a handler leave the state as it is. Errors of a handler pass through. */
  applyAll(events: readonly RecordedEvent[]): void {
    const handlers = this.#handlers
    let { state } = this
    for (const event of events) {
      const handler = handlers.get(event.type)
      if (handler !== undefined) state = handler(state, event)
    }
    this.state = state
    if (state instanceof Promise) {
      throw invalid('on', `a handler of ${this.#projection.name} answers with a promise; handlers are synchronous`)
    }
  }
}

function invalid(option: string, message: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', message, { option }, { hint: 'Correct the projection.' })
}

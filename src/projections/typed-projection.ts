/** Handlers of a projection whose event types are declared: types only. */
import type { RecordedEvent } from '../events.js'
import type { Events } from '../log/evolution.js'
import type { RecordedEventOf, TypesOf } from '../log/typed-events.js'

/** By type. With declared events: for those types only, each given its data; else for any, given `Json`. */
export type Handlers<State, E extends Events> = Events extends E
  ? Readonly<Record<string, (state: State, event: RecordedEvent) => State>>
  : { readonly [Type in TypesOf<E>]?: (state: State, event: RecordedEventOf<E, Type>) => State }

/** What `defineProjection` takes. */
export interface TypedProjectionDefinition<State, E extends Events> {
  readonly name: string
  readonly version: number | string
  /** Where the fold begins. A value is copied for each fold. */
  readonly initial: State | (() => State)
  /** What `defineEvents` gave: handlers then know their events' data, and a misspelt type is an error. */
  readonly events?: E
  /** Pure and synchronous: no clock, no randomness, no I/O. May change `state` in place, never the event. */
  readonly on: Handlers<State, E>
  /** Be given inferred events too. Default false. */
  readonly enrichments?: boolean
}

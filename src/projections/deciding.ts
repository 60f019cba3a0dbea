/** Load, decide, append: the everyday way to change something, guarded against whoever does so at the same time. */
import { InvariantError } from '../errors.js'
import type { Appended, NewEvent, Refused, Selection } from '../events.js'
import type { Projection } from './projection.js'
import type { Projector } from './projecting.js'
import type { Conditions } from '../log/conditions.js'

/** A stream; or a stream to append to and the events that the decision rests on. */
export type DecideTarget = string | { readonly stream: string; readonly query: Selection }

export type Decide<State> = (
  state: State,
  at: { readonly revision: number; readonly position: number },
) => readonly NewEvent[] | Promise<readonly NewEvent[]>

export interface DecideOptions {
  /** How often to load and decide again after a conflict. */
  readonly retries?: number
}

export type Append = (
  stream: string,
  events: readonly NewEvent[],
  conditions: Conditions,
) => Promise<Appended | Refused>

export function decide<State>(
  _projector: Projector,
  _append: Append,
  _target: DecideTarget,
  _projection: Projection<State>,
  _decide: Decide<State>,
  _options: DecideOptions,
): Promise<Appended | Refused> {
  throw new InvariantError('not built yet')
}

/** A fold of events under way, from the beginning or from a state that was saved. */
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import type { Projection } from './projection.js'

export class Fold<State> {
  readonly #name: string
  readonly #handlers: ReadonlyMap<string, (state: State, event: RecordedEvent) => State>
  state: State
  /** How many events have been folded. */
  count = 0

  /** @param from a state of one's own to go on from; left out: the beginning */
  constructor(projection: Projection<State>, from?: { readonly state: State }) {
    this.#name = projection.name
    this.#handlers = new Map(Object.entries(projection.on))
    this.state = from === undefined ? initialOf(projection) : from.state
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
    this.count += events.length
    if (state instanceof Promise) throw this.#asynchronous(state)
    // JSON has no such state: somebody has changed the one he was given, and forgotten to give it back.
    if (state === undefined && events.length > 0)
      throw this.#invalid('gives no state; return it, also if it was changed in place')
  }

  #asynchronous(state: Promise<unknown>): PerdureError<'options-invalid'> {
    // It is refused; what comes of it concerns nobody, but would end the process if it failed.
    state.catch(() => undefined)
    return this.#invalid('answers with a promise; handlers are synchronous')
  }

  #invalid(problem: string): PerdureError<'options-invalid'> {
    const message = `a handler of ${this.#name} ${problem}`
    return new PerdureError('options-invalid', message, { option: 'on' }, { hint: 'Correct the projection.' })
  }
}

function initialOf<State>({ initial }: Projection<State>): State {
  return typeof initial === 'function' ? (initial as () => State)() : structuredClone(initial)
}

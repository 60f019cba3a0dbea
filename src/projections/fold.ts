/** A fold of events under way, from the beginning or from a state that was saved. */
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import { isForgotten } from '../log/readable.js'
import type { Projection } from './projection.js'
import type { Mentioned } from './snapshot-text.js'

/** More subjects than these are not named one by one. */
const MENTIONED_LENGTH_MAX = 1000

export class Fold<State> {
  readonly #name: string
  readonly #handlers: ReadonlyMap<string, (state: State, event: RecordedEvent) => State>
  state: State
  /** How many events have been folded. */
  count = 0
  /** How many of them nobody can read any more: their subjects have been forgotten. */
  forgotten = 0
  /** Of whom its events were; undefined: of more than can be named. */
  #mentioned: Set<string> | undefined = new Set()

  /** @param from a state of one's own to go on from; left out: the beginning */
  constructor(
    projection: Projection<State>,
    from?: { readonly state: State; readonly mentions: Mentioned; readonly forgotten: number },
  ) {
    this.#name = projection.name
    this.#handlers = new Map(Object.entries(projection.on))
    this.state = from === undefined ? initialOf(projection) : from.state
    if (from === undefined) return
    this.#mentioned = from.mentions === 'all' ? undefined : new Set(from.mentions)
    this.forgotten = from.forgotten
  }

  get mentions(): Mentioned {
    return this.#mentioned === undefined ? 'all' : [...this.#mentioned]
  }

  /**
   * In order. Events of types without a handler leave the state as it is. Errors of a handler pass through.
   *
   * @throws PerdureError `key-unavailable` at an event that can be read later
   */
  applyAll(events: readonly RecordedEvent[]): void {
    const handlers = this.#handlers
    let { state } = this
    for (const event of events) {
      const handler = handlers.get(event.type)
      if (handler === undefined) continue
      if (isForgotten(event)) this.forgotten++
      else {
        if (event.subject !== undefined || event.subjects !== undefined) this.#mention(event)
        state = handler(state, event)
      }
    }
    this.state = state
    this.count += events.length
    if (state instanceof Promise) throw this.#asynchronous(state)
    // JSON has no such state: somebody has changed the one he was given, and forgotten to give it back.
    if (state === undefined && events.length > 0)
      throw this.#invalid('gives no state; return it, also if it was changed in place')
  }

  #mention({ subject, subjects = {} }: RecordedEvent): void {
    for (const one of subject === undefined ? Object.values(subjects) : [subject]) this.#mentioned?.add(one)
    if ((this.#mentioned?.size ?? 0) > MENTIONED_LENGTH_MAX) this.#mentioned = undefined
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

/** Given these events, a projection becomes this, a decision records that: tests over a real store, in any runner. */
import { open, type Events, type NewEvent, type Projection, type ProjectSelection, type Store } from '../src/index.js'
import type { Decide, DecideOptions, DecideTarget } from '../src/projections/deciding.js'
import type { Checked } from '../src/log/typed-events.js'
import type { TypedDecide } from '../src/typed-store.js'
import { DecisionOutcome, type Decision } from './given-decision.js'
import { ProjectionOutcome, type ProjectionExpectation } from './given-projection.js'
import { manualClock, type ManualClock } from './manual-clock.js'
import { seededRandom } from './seeded-random.js'

/** An event as {@link given} takes it: a `NewEvent`, and its stream. Everything else is filled in, always alike. */
export type GivenEvent<E extends Events = Events, Type extends string = string> = {
  readonly stream: string
} & Checked<E, Type>

export interface GivenOptions<E extends Events = Events> {
  /** Declared types, as for `open`: given events are checked, and brought up to date when they are read. */
  readonly events?: E
}

export interface Given<E extends Events = Events> {
  /** Folds the given events. A `selection` as for `store.project`. */
  project<State>(projection: Projection<State>, selection?: ProjectSelection): ProjectionExpectation<State>
  /** Events that somebody else records while a decision is being made: between its loading and its appending. */
  meanwhile<const Types extends readonly string[]>(events: GivenEvents<E, Types>): Given<E>
  /** Decides on the given events: arguments as for `store.decide`. */
  decide<State, Type extends string>(
    target: DecideTarget,
    projection: Projection<State>,
    toEvents: TypedDecide<E, State, Type>,
    options?: DecideOptions,
  ): Decision<E>
}

export type GivenEvents<E extends Events, Types extends readonly string[]> = {
  readonly [Index in keyof Types]: GivenEvent<E, Types[Index]>
}

type Untyped = NewEvent & { readonly stream: string }

/**
 * A log of these events, each a commit of its own and a second after the one before, beginning at 2026-01-01T00:00:00Z.
 * Nothing runs before an expectation is awaited; each expectation has a store of its own, in memory.
 *
 * Expectations reject with node's `AssertionError`, which every runner shows with its difference. An event that is given
 * and not valid rejects with `event-invalid`.
 */
export function given<const Types extends readonly string[], E extends Events = Events>(
  events: GivenEvents<E, Types>,
  options: GivenOptions<E> = {},
): Given<E> {
  return new GivenLog(events as readonly unknown[] as readonly Untyped[], [], options) as Given<Events>
}

class GivenLog implements Given {
  readonly #events: readonly Untyped[]
  readonly #meanwhile: readonly Untyped[]
  readonly #options: GivenOptions

  constructor(events: readonly Untyped[], meanwhile: readonly Untyped[], options: GivenOptions) {
    this.#events = events
    this.#meanwhile = meanwhile
    this.#options = options
  }

  project<State>(projection: Projection<State>, selection: ProjectSelection = {}): ProjectionExpectation<State> {
    return new ProjectionOutcome(projection.name, () =>
      this.#withStore(async (store) => {
        const { state } = await store.project(projection, selection)
        return { state, again: (await store.project(projection, selection)).state }
      }),
    )
  }

  meanwhile(events: readonly Untyped[]): Given {
    return new GivenLog(this.#events, [...this.#meanwhile, ...events], this.#options)
  }

  decide<State>(
    target: DecideTarget,
    projection: Projection<State>,
    toEvents: Decide<State>,
    options: DecideOptions = {},
  ): Decision {
    return new DecisionOutcome(() =>
      this.#withStore(async (store, clock) => {
        const interrupted = this.#interrupted(toEvents, (events) => appendAll(store, clock, events))
        const answer = await store.decide(target, projection, interrupted, options)
        if (!answer.ok) return { answer, recorded: [] }
        const recorded = []
        // As recorded: what is expected is what was decided, not what later versions make of it.
        const written = { after: answer.first - 1, upTo: answer.last, raw: true }
        if (answer.count > 0) for await (const event of store.read(written)) recorded.push(event)
        return { answer, recorded }
      }),
    )
  }

  /** The first time something is decided, others are quicker. */
  #interrupted<State>(toEvents: Decide<State>, append: (events: readonly Untyped[]) => Promise<void>): Decide<State> {
    let others = this.#meanwhile
    return async (state, at) => {
      const decided = await toEvents(state, at)
      const quicker = others
      others = []
      await append(quicker)
      return decided
    }
  }

  async #withStore<Answer>(use: (store: Store, clock: ManualClock) => Promise<Answer>): Promise<Answer> {
    const clock = manualClock()
    const { events } = this.#options
    const random = seededRandom(1)
    const store = await open('memory:', { clock, random: (length) => random.bytes(length), ...(events && { events }) })
    try {
      await appendAll(store, clock, this.#events)
      return await use(store, clock)
    } finally {
      await store.close()
    }
  }
}

async function appendAll(store: Store, clock: ManualClock, events: readonly Untyped[]): Promise<void> {
  for (const { stream, ...event } of events) {
    await store.append(stream, event)
    clock.advance(1000)
  }
}

/** What may be expected of a decision over given events. */
import { AssertionError } from 'node:assert'
import type { Appended, Events, NewEvent, RecordedEvent, Refused } from '../src/index.js'
import type { Checked } from '../src/log/typed-events.js'
import { assertSame, assertThrown, attempted, described, type Expected } from './assertions.js'

/** The events that a decision is expected to record; with `stream` also where. */
export type ExpectedEvents<E extends Events, Types extends readonly string[]> = {
  readonly [Index in keyof Types]: { readonly stream?: string } & Checked<E, Types[Index]>
}

export interface Decision<E extends Events = Events> {
  /**
   * Exactly these events are recorded, in this order: type, data, tags, subjects and when they occurred. Id, version,
   * meta and stream are compared only where they are expected.
   *
   * @throws AssertionError; what the decision throws passes through
   */
  records<const Types extends readonly string[]>(events: ExpectedEvents<E, Types>): Promise<void>
  /** @throws AssertionError; what the decision throws passes through */
  recordsNothing(): Promise<void>
  /** Others were quicker (`meanwhile`), as often as it was tried. @throws AssertionError */
  isRefused(): Promise<void>
  /** The decision throws something that matches, as for `assert.throws`. @throws AssertionError */
  throws(expected?: Expected): Promise<void>
}

interface Decided {
  readonly answer: Appended | Refused
  readonly recorded: readonly RecordedEvent[]
}

type Untyped = NewEvent & { readonly stream?: string }

export class DecisionOutcome implements Decision {
  readonly #decide: () => Promise<Decided>

  constructor(decide: () => Promise<Decided>) {
    this.#decide = decide
  }

  async records(events: readonly Untyped[]): Promise<void> {
    const { answer, recorded } = await this.#decide()
    if (!answer.ok) throw failed('the decision is refused', answer, events)
    const actual = recorded.map((event, i) => shapeOf(event, events[i]))
    assertSame(actual, events.map(withoutDefaults), 'the decision records other events')
  }

  async recordsNothing(): Promise<void> {
    await this.records([])
  }

  async isRefused(): Promise<void> {
    const { answer, recorded } = await this.#decide()
    if (answer.ok) throw failed('the decision is not refused; it records', recorded.map(shapeOfAll), undefined)
  }

  async throws(expected?: Expected): Promise<void> {
    const attempt = await attempted(this.#decide)
    assertThrown(attempt, expected, ({ answer, recorded }) => {
      if (!answer.ok) return { what: 'the decision throws nothing; it is refused', value: answer }
      return { what: 'the decision throws nothing; it records', value: recorded.map(shapeOfAll) }
    })
  }
}

function failed(what: string, actual: unknown, expected: unknown): AssertionError {
  return new AssertionError({ message: `${what}: ${described(actual)}`, actual, expected, operator: 'decides' })
}

/** What was decided, not what recording it added. */
function shapeOf(event: RecordedEvent, expected: Untyped | undefined): Partial<RecordedEvent> {
  const { type, data, tags, occurred, subject, subjects } = event
  const named = Object.fromEntries(
    (['stream', 'id', 'version', 'meta'] as const)
      .filter((member) => expected?.[member] !== undefined)
      .map((member) => [member, event[member]]),
  )
  return withoutDefaults({
    ...named,
    type,
    data,
    tags,
    ...(occurred !== undefined && { occurred }),
    ...(subject !== undefined && { subject }),
    ...(subjects !== undefined && { subjects }),
  })
}

const shapeOfAll = (event: RecordedEvent): Partial<RecordedEvent> => shapeOf(event, undefined)

function withoutDefaults<Event extends { readonly tags?: readonly string[] }>(event: Event): Omit<Event, 'tags'> {
  const { tags, ...others } = event
  return { ...others, ...(tags !== undefined && tags.length > 0 && { tags: [...tags] }) }
}

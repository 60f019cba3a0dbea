/** What may be expected of a projection over given events. */
import { assertSame, assertThrown, attempted, type Expected } from './assertions.js'

export interface ProjectionExpectation<State> {
  /** The state is deeply and strictly equal to this one, at each of two replays. @throws AssertionError */
  becomes(state: State): Promise<void>
  /** A handler throws something that matches, as for `assert.throws`. @throws AssertionError */
  throws(expected?: Expected): Promise<void>
}

interface Replayed<State> {
  readonly state: State
  /** Of a second replay. */
  readonly again: State
}

export class ProjectionOutcome<State> implements ProjectionExpectation<State> {
  readonly #name: string
  readonly #replay: () => Promise<Replayed<State>>

  constructor(name: string, replay: () => Promise<Replayed<State>>) {
    this.#name = name
    this.#replay = replay
  }

  async becomes(expected: State): Promise<void> {
    const { state, again } = await this.#replay()
    assertSame(state, expected, `${this.#name} becomes another state`)
    const why = 'a handler uses something else than its arguments, such as the time, chance, or a variable outside'
    assertSame(again, state, `${this.#name} becomes another state when the same events are replayed: ${why}`)
  }

  async throws(expected?: Expected): Promise<void> {
    const attempt = await attempted(this.#replay)
    assertThrown(attempt, expected, ({ state }) => ({
      what: `${this.#name} throws nothing; its state is`,
      value: state,
    }))
  }
}

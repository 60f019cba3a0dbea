/** Giving one event to the handler, and what becomes of it: it counts as handled, is put aside, or ends the subscription. */
import type { Claim } from '../backends/protocol.js'
import { assertInvariant, type PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import { isForgotten } from '../log/readable.js'
import type { Reader } from '../log/reader.js'
import { subscriptionLost } from './checkpoint-keeper.js'
import { subscriptionFailed } from './failures.js'
import { ABANDONED, Handling } from './handling.js'
import type { Progress } from './progress.js'
import type { SubscribeRequest } from './request.js'

export interface DeliveryParts {
  readonly reader: Reader
  readonly request: SubscribeRequest
  readonly claim: Claim
  readonly progress: Progress
}

/** What the handler threw. */
export interface Failure {
  readonly error: unknown
}

export class Delivery {
  readonly handling: Handling
  readonly #parts: DeliveryParts
  readonly #progress: Progress

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.#progress = parts.progress
    this.handling = new Handling(parts.request)
  }

  /** @throws PerdureError `subscription-lost` */
  assertHeld(): void {
    const { claim, request } = this.#parts
    if (!claim.isHeld) throw subscriptionLost(request.name, this.#progress.position)
  }

  /**
   * Undefined: it is done with already; most of the time of a quick handler would go into awaiting nothing. `failure`: why
   * the event cannot be read as it should be.
   *
   * @throws PerdureError `subscription-failed`, `subscription-lost`, `key-unavailable`
   */
  deliver(event: RecordedEvent, failure: PerdureError | undefined): Promise<void> | undefined {
    this.assertHeld()
    if (isForgotten(event)) return void this.#progress.skip(event.position, event.id)
    if (failure !== undefined) return void this.#putAside(event, failure)
    let handled
    try {
      handled = this.handling.call(event)
    } catch (error) {
      return void this.#putAside(event, error)
    }
    if (handled === undefined) return void this.#progress.moveTo(event.position, event.id)
    return this.#settle(event, handled)
  }

  /** Gives a parked event to the handler again. What is to be saved is noted. @throws PerdureError `not-parked` */
  async retry(position: number): Promise<Failure | typeof ABANDONED | undefined> {
    this.#progress.parking.assertParked(position)
    const outcome = await this.#handle(position)
    if (outcome === undefined) this.#progress.unpark(position)
    else if (outcome !== ABANDONED) this.#progress.park(position, outcome.error)
    return outcome
  }

  async #settle(event: RecordedEvent, handled: NonNullable<ReturnType<Handling['call']>>): Promise<void> {
    let outcome
    try {
      outcome = await handled
    } catch (error) {
      return this.#putAside(event, error)
    }
    if (outcome !== ABANDONED) this.#progress.moveTo(event.position, event.id)
  }

  #putAside({ position, id }: RecordedEvent, error: unknown): void {
    const { name, onError } = this.#parts.request
    // Everything before it is done with, also what was not selected.
    this.#progress.moveTo(position - 1)
    if (onError === 'stop' || this.#progress.parking.isFull) {
      throw subscriptionFailed(name, position, error, onError === 'park')
    }
    this.#progress.park(position, error, id)
  }

  async #handle(position: number): Promise<Failure | typeof ABANDONED | undefined> {
    const { reader, request } = this.#parts
    const { events, failures } = await reader.scan(
      { ...request.query, matcher: [{}], enrichments: true },
      position - 1,
      position,
    )
    const [event] = events
    assertInvariant(event !== undefined, `the event at ${position}, which was parked, is there`)
    this.assertHeld()
    if (isForgotten(event)) return void this.#progress.skip(position)
    const failure = failures.get(position)
    if (failure !== undefined) return { error: failure }
    try {
      return await this.handling.call(event)
    } catch (error) {
      return { error }
    }
  }
}

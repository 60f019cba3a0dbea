/** Durable, named consumers: each event at least once, in order, by one instance at a time. */
import type { Backend, Claim } from '../backends/protocol.js'
import type { Clock } from '../clock.js'
import { PerdureError, storeClosed } from '../errors.js'
import { createUuid } from '../ids.js'
import type { FollowQuery } from '../log/following.js'
import type { Reader } from '../log/reader.js'
import { CheckpointKeeper } from './checkpoint-keeper.js'
import type { CheckpointNote } from './checkpoint.js'
import { subscriptionActive } from './failures.js'
import { History } from './history.js'
import { Progress } from './progress.js'
import { parseRequest, type SubscribeRequest } from './request.js'
import { RunningSubscription } from './running-subscription.js'
import type { Handler, SubscribeOptions, Subscription } from './subscription.js'

export type { Handler, Parked, SubscribeOptions, Subscription } from './subscription.js'

export interface SubscriptionsParts {
  readonly backend: Backend
  readonly reader: Reader
  readonly clock: Clock
  /** For the id by which an instance knows its own writes. */
  readonly random: (bytes: number) => Uint8Array
  /** False where the log is sealed: what errors say may quote what it seals. */
  readonly keepsMessages: boolean
  /** Called after each page whose checkpoint was saved. */
  readonly onPage: () => void
}

/** Those of one store. */
export class Subscriptions {
  readonly #parts: SubscriptionsParts
  readonly #history: History
  readonly #running = new Set<RunningSubscription>()
  readonly #opening = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts
    this.#history = new History(parts.backend, parts.reader)
  }

  /**
   * @throws PerdureError `options-invalid`, `query-invalid`, `subscription-active`, `checkpoint-invalid`,
   * `subscription-changed`; `subscription-lost` if somebody else took it over at the same time; or what reading and
   * saving the checkpoint fail with. Nothing was handled then.
   */
  async subscribe(
    name: string,
    query: FollowQuery,
    handler: Handler,
    options: SubscribeOptions,
  ): Promise<Subscription> {
    const opening = this.#open(parseRequest(name, query, handler, options))
    this.#opening.add(opening)
    try {
      return await opening
    } finally {
      this.#opening.delete(opening)
    }
  }

  /** Closes all. What one of them had failed with is told by its `done`, not here. */
  async closeAll(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#opening)
    await Promise.allSettled([...this.#running].map((subscription) => subscription.closeWithStore()))
  }

  async #open(request: SubscribeRequest): Promise<Subscription> {
    const { backend } = this.#parts
    const { position: head } = await backend.head()
    if (request.query.after > head) throw beyondHead(request.query.after, head)
    const keeper = this.#keeperOf(request)
    if (request.takeOver) await keeper.check()
    const claim = await backend.claim(request.name, request.takeOver)
    if (claim === undefined) throw subscriptionActive(request.name)
    try {
      return await this.#start(request, claim, keeper)
    } catch (error) {
      // Whatever becomes of that: the error that matters is this one.
      await claim.release().catch(() => undefined)
      throw error
    }
  }

  async #start(request: SubscribeRequest, claim: Claim, keeper: CheckpointKeeper): Promise<Subscription> {
    const { backend, reader, clock, keepsMessages, onPage } = this.#parts
    const { name, query } = request
    const event = await this.#history.idAt(query.after)
    const checkpoint = await keeper.take({ position: query.after, event, skipped: 0, parked: [] }, claim)
    if (this.#isClosed) throw storeClosed()
    const progress = new Progress({ name, keeper, clock, onPage, keepsMessages }, checkpoint)
    const subscription = new RunningSubscription({ backend, reader, request, claim, progress })
    this.#running.add(subscription)
    void subscription.ended().then(() => this.#running.delete(subscription))
    return subscription
  }

  #keeperOf(request: SubscribeRequest): CheckpointKeeper {
    const { backend, clock, random } = this.#parts
    const owner = createUuid(random)
    const note = (): CheckpointNote => ({ owner, time: clock().toISOString() })
    return new CheckpointKeeper(backend.kv, this.#history, request, note)
  }
}

function beyondHead(after: number, head: number): PerdureError<'query-invalid'> {
  return new PerdureError(
    'query-invalid',
    `/after of the query is ${after}, but the log ends at ${head}`,
    { pointer: '/after' },
    { hint: 'A subscription would pass over what is yet to be recorded. Begin at a head that was seen.' },
  )
}

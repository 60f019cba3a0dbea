/** Durable, named consumers: each event at least once, in order, by one instance at a time. */
import type { Backend } from '../backends/protocol.js'
import type { Clock } from '../clock.js'
import { InvariantError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import type { FollowQuery } from '../log/following.js'
import type { Reader } from '../log/reader.js'

export interface SubscribeOptions {
  readonly onError?: 'stop' | 'park'
  readonly takeOver?: boolean
}

export type Handler = (event: RecordedEvent) => void | Promise<void>

export interface Parked {
  readonly position: number
  readonly error: string
}

export interface Subscription {
  readonly position: number
  readonly done: Promise<void>
  parked(): Promise<Parked[]>
  replay(position: number): Promise<void>
  whenAt(position: number, options?: { readonly timeoutMs?: number }): Promise<void>
  close(): Promise<void>
}

export interface SubscriptionsParts {
  readonly backend: Backend
  readonly reader: Reader
  readonly clock: Clock
  /** Called after each page whose checkpoint was saved. */
  readonly onPage: () => void
}

export class Subscriptions {
  constructor(_parts: SubscriptionsParts) {}

  subscribe(_name: string, _query: FollowQuery, _handler: Handler, _options: SubscribeOptions): Promise<Subscription> {
    throw new InvariantError('not built yet')
  }

  async closeAll(): Promise<void> {}
}

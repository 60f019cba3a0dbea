/** What a caller of `subscribe` gives and gets. */
import type { RecordedEvent } from '../events.js'

/**
 * Called with one event after the other; the next one waits until what it returns has settled. It may be called again
 * with an event that it was given before: after a crash, at most those since the last checkpoint.
 */
export type Handler = (event: RecordedEvent) => void | Promise<void>

export interface SubscribeOptions {
  /**
   * What happens when an event cannot be handled: the subscription stops before it (default), or puts it aside under
   * `parked()` and goes on.
   */
  readonly onError?: 'stop' | 'park'
  /** Take the name from the instance that has it now, which is then lost. Default false. */
  readonly takeOver?: boolean
  /**
   * Go on from the checkpoint although it was made with another query: what only the new one selects up to there is never
   * handled. Default false.
   */
  readonly changeQuery?: boolean
  /**
   * A handler that has not settled after so long has failed with `handler-timeout`, as if it had thrown that; how it ends
   * later changes nothing. Default: it may take for ever.
   */
  readonly timeoutMs?: number
  /** How long `close` waits for the handler. Default 10,000. */
  readonly closeTimeoutMs?: number
}

/** An event that was put aside because it could not be handled. */
export interface Parked {
  readonly position: number
  /**
   * The message of the last error, at most 1000 characters, kept in the clear. Of a failed upcast only which one it was:
   * what its function says may hold data of the event. Of a sealed log only what kind of error it was.
   */
  readonly error: string
  /** How often it has been tried. */
  readonly attempts: number
  /** When it was last tried. */
  readonly time: string
}

export interface Subscription {
  readonly name: string
  /** Everything selected up to here has been handled, parked or skipped. Saved at most a page or a second later. */
  readonly position: number
  /** Events that were not given to the handler because nothing in them can be read any more (shredded). */
  readonly skipped: number
  /**
   * Resolves once it is closed. @throws PerdureError what ended it: `subscription-failed`, `subscription-lost`, or
   * what reading the log or saving the checkpoint failed with. Where nobody looks at it, the process is
   * warned (`process.emitWarning`).
   */
  readonly done: Promise<void>
  /** By position. */
  parked(): Promise<Parked[]>
  /**
   * Gives a parked event to the handler again, between two others. If it succeeds, the event is parked no longer, and
   * durably so; what it throws is thrown, and the event stays parked, with one attempt more.
   *
   * @throws PerdureError `not-parked`, `subscription-closed`, or what ended the subscription
   */
  replay(position: number): Promise<void>
  /**
   * Resolves once `position` has been reached.
   *
   * @throws PerdureError `timed-out` (default: never), `subscription-closed`, or what ended the subscription;
   * `options-invalid` from within its own handler, unless the position has been reached: that would be for ever
   */
  whenAt(position: number, options?: { readonly timeoutMs?: number }): Promise<void>
  /**
   * Waits for the handler, saves how far it has come, lets go of the name. A handler that takes longer than
   * `closeTimeoutMs` is not waited for: its event is given again next time. Called from within the handler, it waits for
   * nothing: `done` says when it is over. Idempotent.
   *
   * @throws PerdureError what had ended the subscription before, or saving failed with
   */
  close(): Promise<void>
}

/** The sockets of the append path that other rooms plug into: a contract checks, a key store seals, a role signs. */
import type { DecodedLine } from './line.js'
import type { Actor, NewEvent, RecordedEvent } from '../events.js'

/** An event whose form is right, with everything filled in that the caller left out. */
export interface PreparedEvent extends NewEvent {
  readonly id: string
  readonly stream: string
  readonly version: number
  readonly tags: readonly string[]
  readonly refers?: { readonly kind: 'enriches' | 'corrects'; readonly event: string }
}

/** Streams of Perdure's own, and the revisions at which something was judged. See `Commit.guards`. */
export type Guards = Readonly<Record<string, number>>

/** Decides whether events may be written as they are. */
export interface CheckPort {
  /**
   * Called again, with a fresh view of its own streams, if a guard has moved before the commit was written.
   *
   * @throws PerdureError with `written: 'no'`
   */
  check(events: readonly PreparedEvent[]): Promise<Guards>
}

/** What is sealed of an event, and what it is bound to. */
export interface Sealable {
  readonly id: string
  readonly stream: string
  readonly type: string
  readonly version: number
  readonly subject: string | undefined
  readonly subjects: Readonly<Record<string, string>> | undefined
  readonly dataJson: string
}

/** Turns data into ciphertext and back. */
export interface SealPort {
  /**
   * The subject of an event that names none, if its class says so.
   *
   * @throws PerdureError `subject-missing`, `subject-ambiguous`
   */
  subjectOf(type: string, tags: readonly string[], index: number): string | undefined
  /**
   * In order, as JSON: what stands in the line instead of the data. The guards say what was known of who is forgotten.
   *
   * @throws PerdureError `subject-shredded`, `key-unavailable`… with `written: 'no'`
   */
  seal(events: readonly Sealable[]): Promise<{ readonly parts: readonly string[]; readonly guards: Guards }>
  /** Learns of what has been forgotten since: before each page that is read, and when a guard has moved. */
  refresh(): Promise<void>
  /**
   * The event with its data readable, or with what is not listed under `unreadable`. Frozen.
   *
   * @throws PerdureError `seal-broken` if it was tampered with
   */
  unseal(decoded: DecodedLine): RecordedEvent | Promise<RecordedEvent>
}

/** What stands in the place of a value, or of bytes, that only a subject's key opens. */
export interface SealedValue {
  readonly subject: string
  readonly key: string
  /** Base64. */
  readonly nonce: string
  /** Ciphertext and tag. */
  readonly box: Uint8Array
}

/** Seals what stands beside the log for a subject. `boundTo` says what it is: sealed there, it opens nowhere else. */
export interface ValueSeal {
  /** @throws PerdureError `subject-shredded`, `key-unavailable`… */
  sealValue(subject: string, boundTo: string, plain: Uint8Array): Promise<SealedValue>
  /** Undefined: the subject has been forgotten. @throws PerdureError `seal-broken`, `key-unavailable`… */
  openValue(sealed: SealedValue, boundTo: string): Promise<Uint8Array | undefined>
}

/** Where a state is saved. */
export interface StatePlace {
  readonly key: string
  readonly position: number
}

/** Seals saved states, each with a key of its own, which dies with any subject of which the state may say something. */
export interface StateSeal {
  /** How much is known of who is forgotten. */
  readonly revision: number
  /**
   * JSON of what stands in the place of the state; undefined if it must not be kept: since `since` somebody was forgotten
   * of whom it may say something.
   */
  sealState(
    place: StatePlace,
    subjects: readonly string[] | 'all',
    since: number,
    text: string,
  ): Promise<string | undefined>
  /**
   * Undefined: its key is gone, or it says something of somebody who has been forgotten since.
   *
   * @throws PerdureError `seal-broken`, `key-unavailable`…
   */
  openState(place: StatePlace, subjects: readonly string[] | 'all', sealed: unknown): Promise<string | undefined>
  /** Destroys its key. */
  forgetState(place: StatePlace): Promise<void>
  /** Destroys the keys of all states but these. */
  forgetOtherStates(places: readonly StatePlace[]): Promise<number>
}

/**
 * In whose name an event is recorded whose caller says this; `index` is that of the event in the call.
 *
 * @throws PerdureError `role-forbidden`, nothing written
 */
export type ActorOf = (given: Actor | undefined, index: number) => Actor

export interface Ports {
  readonly check?: CheckPort
  readonly seal?: SealPort
  /** Left out: what the caller says stands, or nothing does. Not asked for Perdure's own events. */
  readonly actorOf?: ActorOf
}

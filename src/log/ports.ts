/** The two sockets of the append path that later rooms plug into: a contract checks, a key store seals. */
import type { Json } from '../json.js'
import type { NewEvent, RecordedEvent } from '../events.js'

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

/** What stands in the line instead of the data as it was given. */
export interface SealedData {
  /** What stays readable; left out when all is sealed. */
  readonly data?: Json
  readonly sealed: Json
}

/** Turns data into ciphertext and back. */
export interface SealPort {
  /** @throws PerdureError with `written: 'no'` */
  seal(event: PreparedEvent): Promise<SealedData | undefined>
  /** The event with its data readable, or with what is not listed under `unreadable`. @throws if it was tampered with */
  unseal(event: RecordedEvent, sealed: Json): Promise<RecordedEvent>
  guards(): Promise<Guards>
}

export interface Ports {
  readonly check?: CheckPort
  readonly seal?: SealPort
}

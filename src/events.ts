/** The values that go in and out of a log: events, queries, conditions, results; and their limits. */
import type { Json } from './json.js'

/** Largest `data` of one event, as UTF-8 JSON before sealing. Keeps a full commit under {@link COMMIT_SIZE_MAX_BYTES}. */
export const DATA_SIZE_MAX_BYTES = 1024 * 1024
export const META_SIZE_MAX_BYTES = 64 * 1024
export const COMMIT_SIZE_MAX_BYTES = 16 * 1024 * 1024
export const COMMIT_LENGTH_MAX_EVENTS = 10_000
export const TAGS_LENGTH_MAX = 64
/** Largest stream, type, id, subject and tag, as UTF-8. */
export const NAME_SIZE_MAX_BYTES = 512

export interface Actor {
  readonly kind: 'human' | 'agent' | 'system'
  readonly id: string
}

/** What is known about the recording of an event: never sealed, so never personal. */
export interface Meta {
  readonly actor?: Actor
  readonly correlation?: string
  readonly causation?: string
  readonly [key: string]: Json | Actor | undefined
}

/** An event before it is written. */
export interface NewEvent {
  /** Any text of 1 to 512 bytes; a UUIDv7 when left out. The same id makes a retry harmless. */
  readonly id?: string
  readonly type: string
  /** The schema version of the type. Left out: the declared current one, else 1. */
  readonly version?: number
  readonly data: Json
  /** When it happened (RFC 3339 with an offset), kept as written. Left out: nobody said. */
  readonly occurred?: string
  /** `key:value`; what queries and conditions select by. */
  readonly tags?: readonly string[]
  readonly meta?: Meta
  /** Whose key seals all of `data`. */
  readonly subject?: string
  /** JSON Pointer into `data` → whose key seals that part. Never together with `subject`. */
  readonly subjects?: Readonly<Record<string, string>>
}

/** An event as it stands in the log. Frozen. */
export interface RecordedEvent {
  /** Its place in the log: 1, 2, 3… gapless. */
  readonly position: number
  /** The commit it was written in: first position and number of events. */
  readonly commit: readonly [number, number]
  readonly stream: string
  /** Its place in its stream: 1, 2, 3… */
  readonly revision: number
  readonly id: string
  readonly type: string
  readonly version: number
  /** When it was recorded: RFC 3339, UTC, milliseconds. Never decreases along the log. */
  readonly time: string
  readonly occurred?: string
  readonly tags: readonly string[]
  readonly meta: Meta
  readonly data: Json
  readonly subject?: string
  readonly subjects?: Readonly<Record<string, string>>
  /** Set by Perdure's own calls: what this event adds to or puts right. */
  readonly refers?: { readonly kind: 'enriches' | 'corrects'; readonly event: string }
  /** Parts of `data` that are null because their key is gone or not at hand. */
  readonly unreadable?: readonly { readonly path: string; readonly why: 'shredded' | 'key-unavailable' }[]
}

/** Which events: all given members must hold. Types are OR, tags are AND. */
export interface QueryItem {
  readonly stream?: string
  readonly streamPrefix?: string
  readonly types?: readonly string[]
  readonly tags?: readonly string[]
}

/** A query item AND (`any[0]` OR `any[1]` …). */
export interface Selection extends QueryItem {
  readonly any?: readonly QueryItem[]
}

export interface Query extends Selection {
  /** Only positions greater than this. Default 0. */
  readonly after?: number
  /** Only revisions greater than this; needs `stream`. */
  readonly afterRevision?: number
  /** Only positions up to and including this. Default: the head when reading begins. */
  readonly upTo?: number
  /** Only events recorded up to and including this time. */
  readonly until?: string | Date
  /** Newest first. Changes the order only, never the selection (apart from what `limit` keeps). */
  readonly backwards?: boolean
  readonly limit?: number
  /** As recorded, before upcasting. */
  readonly raw?: boolean
  /** Include inferred events (enrichments). Default false. */
  readonly enrichments?: boolean
}

/** What a stream's revision must be: anything, 0, at least 1, or exactly this. */
export type Expect = 'any' | 'new' | 'exists' | number

/** Refuse if any event recorded after position `after` matches `query`. */
export interface Unless {
  readonly query: Selection
  /** A head the caller has seen; 0: has never seen anything. */
  readonly after: number
}

/** One condition that did not hold, with the newest 100 intervening events, oldest first. */
export type Conflict =
  | {
      readonly kind: 'revision'
      readonly stream: string
      readonly expected: Expect
      readonly actual: number
      readonly events: readonly RecordedEvent[]
    }
  | {
      readonly kind: 'query'
      readonly expected: Unless
      /** The position of the last event that matches. */
      readonly actual: number
      readonly events: readonly RecordedEvent[]
    }

export interface Appended {
  readonly ok: true
  /** Position of the first event; 0 when nothing was appended. */
  readonly first: number
  readonly last: number
  readonly count: number
  readonly ids: readonly string[]
  /** Of the (last) stream written. */
  readonly revision: number
  readonly revisions: Readonly<Record<string, number>>
  /** The same events were recorded before, by an earlier call; nothing was written by this one. */
  readonly duplicate: boolean
  /** With `duplicate`: the recorded content can no longer be read, so only ids, types and subjects were compared. */
  readonly unverified?: true
}

export interface Refused {
  readonly ok: false
  readonly conflicts: readonly Conflict[]
}

/** The events for one stream within a commit. */
export interface Write {
  readonly stream: string
  readonly events: NewEvent | readonly NewEvent[]
  readonly expect?: Expect
}

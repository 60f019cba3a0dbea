/**
 * The seam between the store and an engine. A backend keeps lines, gives them their places, and judges conditions; it
 * never sees an event's content. `docs/writing-a-backend.md` is the guide, `perdure/conformance` the definition.
 */
import type { Expect, QueryItem } from '../events.js'

/** An event's one serialisation, without its newline. See docs/format.md. */
export type Line = string

/**
 * Which events, as a list of alternatives: an event matches when any item does. `[{}]` selects everything, `[]`
 * nothing. The store reduces every public query to this form.
 */
export type Matcher = readonly QueryItem[]

/** An event as the store hands it down: checked, sealed and encoded; only its place and its time are missing. */
export interface EncodedEvent {
  readonly id: string
  /** The caller chose the id, so it may have been seen before. */
  readonly chosen: boolean
  readonly type: string
  readonly tags: readonly string[]
  /** The line's text from `,"id":` up to where `,"time":` belongs. */
  readonly front: string
  /** The line's text after the time, closing brace included. */
  readonly back: string
}

export interface CommitWrite {
  readonly stream: string
  readonly expect: Expect
  readonly events: readonly EncodedEvent[]
}

/** What is written whole or not at all. Holds at least one event. */
export interface Commit {
  /** In order. A stream may appear twice: the second write sees the first. */
  readonly writes: readonly CommitWrite[]
  readonly unless?: { readonly matcher: Matcher; readonly after: number }
  /**
   * Streams of Perdure's own whose revisions this commit was checked against (`$contract`, `$privacy`). If one has
   * moved, nothing is written and the store checks again.
   */
  readonly guards?: Readonly<Record<string, number>>
}

export type CommitOutcome =
  | {
      readonly kind: 'written'
      readonly first: number
      readonly last: number
      /** Of every stream written, in the order first written. */
      readonly revisions: ReadonlyMap<string, number>
    }
  /** Every id is recorded: the lines as they stand, in the order of the commit's ids. The store compares contents. */
  | { readonly kind: 'known'; readonly lines: readonly Line[] }
  /** Some ids, but not all, are recorded. Judged before conditions. */
  | { readonly kind: 'id-reused'; readonly places: ReadonlyMap<string, number> }
  /** Every condition that failed. */
  | { readonly kind: 'conflict'; readonly conflicts: readonly FailedCondition[] }

export type FailedCondition =
  /** `write` is the index in `writes`; `actual` the revision that this write would have met. */
  | { readonly kind: 'revision'; readonly write: number; readonly actual: number }
  /** `actual` is the last matching position. */
  | { readonly kind: 'query'; readonly actual: number }
  | { readonly kind: 'guard'; readonly stream: string; readonly actual: number }

/** A part of the log, in one direction. Selects `after < position <= upTo`. */
export interface PageRequest {
  readonly after: number
  readonly upTo: number
  readonly backwards: boolean
  /** At most this many lines; at least 1. */
  readonly limit: number
  /** Stop once the lines hold this many bytes; the line that crosses it is included, so that a page always moves on. */
  readonly maxBytes: number
}

export interface Page {
  readonly lines: readonly Line[]
  /**
   * How far this page looked. Forwards: every matching position up to it has been given, and the next page starts
   * after it. Backwards: every one from it on has been given, and the next page ends before it. A page may be empty
   * and yet not the last one.
   */
  readonly scannedTo: number
}

export interface Finding {
  /** What an operation that met this would fail with, or `index-damaged`, which harms none. */
  readonly code: string
  readonly message: string
  readonly facts: Readonly<Record<string, string | number>>
}

/** A current value. `text` is JSON, opaque to the backend. */
export interface KvEntry {
  readonly key: string
  readonly text: string
  /** Of this write, from one counter for all keys, so that it rises with each write of a key and never restarts. */
  readonly revision: number
}

/** `'new'`: there is no such entry. */
export type KvExpect = 'any' | 'new' | number

export type KvOutcome =
  /** Revision 0: there was nothing to delete, and nothing was written. */
  | { readonly kind: 'written'; readonly revision: number }
  /** What was expected is not so; `actual` is 0 where there is no entry. */
  | { readonly kind: 'conflict'; readonly actual: number }

/** Current values beside the log. Calls may overlap; puts of one key take effect in the order in which they were made. */
export interface KvBackend {
  get(key: string): Promise<KvEntry | undefined>
  /**
   * Sets the value of a key, or with `undefined` deletes it, if the entry is as expected at the moment of writing.
   * Resolves only once it would survive a crash.
   *
   * @throws PerdureError with `written: 'no'` when nothing was written; any other throw means unknown
   */
  put(key: string, text: string | undefined, expect: KvExpect): Promise<KvOutcome>
  /** In UTF-8 byte order, keys greater than `after`. Stops at `limit` entries or once they hold `maxBytes`. */
  list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]>
}

/** Which state was saved where in the log. */
export interface SnapshotPlace {
  /** Says of what; the store's own, opaque to the backend. */
  readonly key: string
  readonly position: number
}

/** Saved states: optimisations, never the truth. Kept beside each other until removed. */
export interface SnapshotBackend {
  /** Durable once it resolves. One that is there already stays. */
  put(place: SnapshotPlace, text: string): Promise<void>
  /** All of them, or those of one key; by key and position. */
  list(key?: string): Promise<readonly SnapshotPlace[]>
  /** Undefined: there is none. @throws PerdureError `snapshot-malformed` if it is not what was put */
  read(place: SnapshotPlace): Promise<string | undefined>
  remove(place: SnapshotPlace): Promise<void>
}

/** The right to be the one consumer of a name. */
export interface Claim {
  /** False once somebody has taken it over. Where the log is shared by processes, it may be known late. */
  readonly isHeld: boolean
  /** Idempotent. */
  release(): Promise<void>
}

/** What a check of a backend's own structures looked at, and what it found wrong. */
export interface BackendVerification {
  readonly examined: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

/** One line of a boot report: a step of opening, and what it found or did. */
export interface BootStep {
  readonly step: string
  readonly found: string
}

/**
 * Keeps one log. The methods trust their arguments: the store has validated them. Calls may overlap, except that the
 * store sends one `append` or `adopt` at a time.
 */
export interface Backend {
  /** `memory`, `file`, … as reports name it. */
  readonly name: string
  /** Whether what was acknowledged survives the process. */
  readonly durable: boolean
  readonly logId: string
  /** What opening found and did, in order. */
  readonly boot: readonly BootStep[]

  /**
   * Writes each commit of the group whole or not at all, if its ids are new and its conditions hold at the moment of
   * writing; the outcomes are in the order of the group. No condition, id or expected stream of a commit is touched by
   * an earlier one of its group, so each may be judged against the log as it is before the group. Resolves only once all would survive a crash.
   * The recorded time is `now`, or the head's time if that is later.
   *
   * @throws PerdureError with `written: 'no'` when nothing of the group was written. Any other throw means unknown,
   * and the store asks again.
   */
  append(group: readonly Commit[], now: string): Promise<readonly CommitOutcome[]>

  /**
   * Takes over lines that already have their places (copy, restore, replica).
   *
   * @throws PerdureError `lines-invalid`, nothing written, unless they are whole commits that continue the log exactly
   */
  adopt(lines: readonly Line[]): Promise<void>

  read(matcher: Matcher, page: PageRequest): Promise<Page>
  /** Where these ids stand; unknown ones are absent. */
  find(ids: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** `position` 0 and no time: nothing is recorded. */
  head(): Promise<{ readonly position: number; readonly time?: string }>
  /** 0 for a stream without events. */
  revision(stream: string): Promise<number>
  /** In UTF-8 byte order, names greater than `after`. */
  streams(
    prefix: string,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly { readonly stream: string; readonly revision: number }[]>
  /** The last position recorded at or before this time (as in a line); 0 if there is none. */
  positionAt(time: string): Promise<number>
  /**
   * Gives the head at once, and again whenever it may have moved, by whomever; a slow consumer meets only the newest.
   * Ends without an error when aborted, or when the backend is closed.
   */
  changed(signal: AbortSignal): AsyncIterable<number>
  readonly kv: KvBackend
  readonly snapshots: SnapshotBackend
  /**
   * Makes the caller the one holder of a name among all who have the log open. Undefined: somebody else is, and
   * `takeOver` is false. A holder that has died holds nothing.
   */
  claim(name: string, takeOver: boolean): Promise<Claim | undefined>
  /** Checks the backend's own structures, completely. Contents of lines are the store's to check. */
  verify(): Promise<BackendVerification>
  /** Idempotent. Appends under way are finished first. */
  close(): Promise<void>
}

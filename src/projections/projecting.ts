/** Folding the log: now, or at a point of its past, from the newest snapshot that fits. */
import type { Backend, BootStep, Matcher } from '../backends/protocol.js'
import { assertInvariant, PerdureError } from '../errors.js'
import type { Selection } from '../events.js'
import { NotJson } from '../json.js'
import type { Events } from '../log/evolution.js'
import type { StateSeal } from '../log/ports.js'
import { attempt, type Reader } from '../log/reader.js'
import { parseQuery, parseSelection, restrictTypes, toRecordedTime } from '../log/selection.js'
import { DueSnapshots, type SnapshotSaving } from './due-snapshots.js'
import { Fold } from './fold.js'
import { stateInvalid, toProjection, type Projection } from './projection.js'
import { SavedStates, type Snapshot } from './saved-states.js'
import { snapshotSubject, type Mentioned, type SnapshotSubject } from './snapshot-text.js'
import { encodeState } from './state-text.js'

export type { Snapshot } from './saved-states.js'
export type { SnapshotSaving } from './due-snapshots.js'

/** A fold this long is worth asking first whether there is a newer snapshot, of another process perhaps. */
const LONG_FOLD_EVENTS = 500

/** The outcome of a fold. */
export interface Projected<State> {
  readonly state: State
  /** The head that the state reflects: the right `after` for a condition that guards a decision on it. */
  readonly position: number
  /** With a `stream` in the selection: its revision at that position. */
  readonly revision?: number
  /** How many events were left out because what they were about has been forgotten; absent where none was. */
  readonly forgotten?: number
}

export type ProjectSelection = Selection & { readonly at?: number | Date }

export interface SnapshotOptions {
  /** Save a state when a fold went over this many events since the last snapshot. Left out: only `snapshots.take` saves. */
  readonly everyEvents?: number
  /** How many to keep of each projection, version and selection, the newest; left out: all. */
  readonly keep?: number
  /** Look at all snapshots when opening and remove the malformed ones, instead of refusing to open. */
  readonly rebuild?: boolean
}

export interface ProjectorParts {
  readonly backend: Backend
  readonly reader: Reader
  readonly events: Events
  readonly snapshots: SnapshotOptions
  /** An observer never saves. */
  readonly isReadOnly: boolean
  /** Undefined: the log is not sealed, or its keys are not at hand. */
  readonly seal?: StateSeal | undefined
}

/** A state, and how it came about. */
interface Folded<State> {
  readonly state: State
  readonly subject: SnapshotSubject
  /** How many events were folded after the snapshot, or in all. */
  readonly count: number
  readonly mentions: Mentioned
  readonly forgotten: number
  readonly since: number
}

export class Projector {
  readonly #parts: ProjectorParts
  readonly #saved: SavedStates
  readonly #due: DueSnapshots
  #boot: readonly BootStep[] = []

  constructor(parts: ProjectorParts) {
    this.#parts = parts
    this.#saved = new SavedStates(parts.backend, {
      keep: parts.snapshots.keep,
      isReadOnly: parts.isReadOnly,
      seal: parts.seal,
    })
    this.#due = new DueSnapshots(({ subject, position, state }) => this.#saved.save(subject, position, state))
  }

  /** What opening found among the snapshots. */
  get boot(): readonly BootStep[] {
    return this.#boot
  }

  /** @throws PerdureError as `Store.project` */
  async project<State>(given: Projection<State>, selection: ProjectSelection): Promise<Projected<State>> {
    const projection = toProjection(given)
    const { at, ...selected } = toObject(selection)
    const matcher = parseSelection(selected)
    const position = await this.#positionOf(at)
    const folded = await this.#fold(projection, matcher, position)
    const { state, subject, count, forgotten } = folded
    const { stream } = selected
    const revision = stream === undefined ? {} : { revision: await this.revisionAt(stream, position) }
    // A fold of the past is of no use to those who come later.
    if (at === undefined && this.#isDue(count)) this.#due.note(projection, subject, position, folded)
    return { state, position, ...revision, ...(forgotten === 0 ? {} : { forgotten }) }
  }

  /** How many events a stream held when the log was this long. */
  async revisionAt(stream: string, position: number): Promise<number> {
    if (position === 0) return 0
    const query = parseQuery({ stream, upTo: position, backwards: true, limit: 1, raw: true, enrichments: true })
    for await (const events of this.#parts.reader.pages(() => query)) return events[0]?.revision ?? 0
    return 0
  }

  /** Part of opening: refuses malformed snapshots, removes them, or passes over them. @throws PerdureError `snapshot-malformed` */
  async check(): Promise<void> {
    const { found, removed, passedOver } = await this.#saved.check(this.#parts.snapshots.rebuild === true)
    const gone = removed === 0 ? '' : `, ${removed} of them malformed or beyond the head, and removed`
    const left = passedOver === 0 ? '' : `, ${passedOver} of them malformed, and passed over`
    if (found > 0) this.#boot = [{ step: 'snapshots', found: `${found}${gone}${left}` }]
  }

  /** Saves the state at the head. @throws PerdureError `state-invalid`, and as {@link Projector.project} */
  async take<State>(given: Projection<State>, selection: Selection): Promise<Snapshot> {
    assertInvariant(!this.#parts.isReadOnly, 'an observer takes no snapshots')
    const projection = toProjection(given)
    const matcher = parseSelection(selection)
    const { position } = await this.#parts.backend.head()
    const { state, subject, ...folded } = await this.#fold(projection, matcher, position)
    return await this.#saved.save(subject, position, { ...folded, text: toText(projection.name, state) })
  }

  /** Destroys the states that may say something of a subject. @returns how many */
  async forget(subject: string): Promise<number> {
    return await this.#saved.forget(subject)
  }

  /** @throws PerdureError `snapshot-malformed` */
  async list(name?: string): Promise<readonly Snapshot[]> {
    return await this.#saved.list(name)
  }

  /** Something was appended, or a page of a subscription is done: snapshots that are due may be saved now. */
  noteProgress(): void {
    this.#due.start()
  }

  /** Resolves when what `noteProgress` began is done. */
  async idle(): Promise<void> {
    await this.#due.idle()
  }

  /** What became of the snapshots that `noteProgress` began to save. */
  saving(): SnapshotSaving {
    return this.#due.report()
  }

  async #fold<State>(projection: Projection<State>, matcher: Matcher, upTo: number): Promise<Folded<State>> {
    const subject = snapshotSubject(projection, matcher, this.#parts.events)
    const since = this.#parts.seal?.revision ?? 0
    const saved = await this.#saved.newest(subject, upTo)
    // The projection's own state, of the same version: its name and version vouch for the type.
    const fold = new Fold(projection, saved === undefined ? undefined : { ...saved, state: saved.state as State })
    const bounds = parseQuery({ after: saved?.position ?? 0, upTo, enrichments: projection.enrichments })
    // The backend skips what has no handler before anything of it is parsed: most of the speed of a replay.
    const query = { ...bounds, matcher: restrictTypes(matcher, Object.keys(projection.on)) }
    for await (const page of this.#parts.reader.pages(attempt(() => query))) fold.applyAll(page)
    if (fold.count >= LONG_FOLD_EVENTS) this.#saved.forgetPlaces(subject.key)
    const { state, count, mentions, forgotten } = fold
    return { state, subject, count, mentions, forgotten, since }
  }

  #isDue(count: number): boolean {
    const { isReadOnly, snapshots } = this.#parts
    return !isReadOnly && count >= (snapshots.everyEvents ?? Infinity)
  }

  async #positionOf(at: number | Date | undefined): Promise<number> {
    const { backend } = this.#parts
    const { position: head } = await backend.head()
    if (at === undefined) return head
    if (at instanceof Date) return await backend.positionAt(toRecordedTime(at, '/at'))
    if (!Number.isSafeInteger(at) || at < 0) throw queryInvalid('/at', 'at is neither a position nor a Date')
    return Math.min(at, head)
  }
}

function toText(projection: string, state: unknown): string {
  try {
    return encodeState(state)
  } catch (error) {
    throw error instanceof NotJson ? stateInvalid(projection, error) : error
  }
}

/** A caller without types may hand in anything. */
function toObject(selection: ProjectSelection): ProjectSelection {
  if (typeof selection === 'object' && (selection as unknown) !== null) return selection
  throw queryInvalid('', 'the selection is not an object')
}

function queryInvalid(pointer: string, message: string): PerdureError<'query-invalid'> {
  return new PerdureError('query-invalid', message, { pointer }, { hint: 'Correct the argument.' })
}

/** Folding the log: now, or at a point of its past. */
import type { Backend } from '../backends/protocol.js'
import { InvariantError, PerdureError } from '../errors.js'
import type { Selection } from '../events.js'
import type { Events } from '../log/evolution.js'
import { attempt, type Reader } from '../log/reader.js'
import { parseQuery, parseSelection, restrictTypes, toRecordedTime } from '../log/selection.js'
import { Fold, type Projection } from './projection.js'

/** The outcome of a fold. */
export interface Projected<State> {
  readonly state: State
  /** The head that the state reflects: the right `after` for a condition that guards a decision on it. */
  readonly position: number
  /** With a `stream` in the selection: its revision at that position. */
  readonly revision?: number
}

export type ProjectSelection = Selection & { readonly at?: number | Date }

export interface SnapshotOptions {
  /** Save a state when a fold went over this many events since the last snapshot. Left out: only `snapshots.take` saves. */
  readonly everyEvents?: number
  /** How many of each to keep, the newest; left out: all. */
  readonly keep?: number
  /** Remove malformed snapshots when opening, instead of refusing to open. */
  readonly rebuild?: boolean
}

export interface Snapshot {
  readonly name: string
  readonly version: number | string
  readonly position: number
  readonly bytes: number
}

export interface ProjectorParts {
  readonly backend: Backend
  readonly reader: Reader
  readonly events: Events
  readonly snapshots: SnapshotOptions
  /** An observer never saves. */
  readonly isReadOnly: boolean
}

export class Projector {
  readonly #parts: ProjectorParts

  constructor(parts: ProjectorParts) {
    this.#parts = parts
  }

  /** @throws PerdureError as `Store.project` */
  async project<State>(projection: Projection<State>, selection: ProjectSelection): Promise<Projected<State>> {
    const { at, ...selected } = selection
    const position = await this.#positionOf(at)
    const selectedOnly = parseSelection(selected)
    const query = parseQuery({ upTo: position, enrichments: projection.enrichments })
    // The backend skips what has no handler before anything of it is parsed: most of the speed of a replay.
    const handled = { ...query, matcher: restrictTypes(selectedOnly, Object.keys(projection.on)) }
    const fold = new Fold(projection)
    for await (const page of this.#parts.reader.pages(attempt(() => handled))) fold.applyAll(page)
    const revision =
      selected.stream === undefined ? {} : { revision: await this.#revisionAt(selected.stream, position) }
    return { state: fold.state, position, ...revision }
  }

  /** Part of opening: refuses malformed snapshots, or removes them. */
  async check(): Promise<void> {}

  take<State>(_projection: Projection<State>, _selection: Selection): Promise<Snapshot> {
    throw new InvariantError('not built yet')
  }

  list(_name?: string): Promise<readonly Snapshot[]> {
    throw new InvariantError('not built yet')
  }

  /** Something was appended, or a page of a subscription is done: snapshots that are due may be saved now. */
  noteProgress(): void {}

  /** Resolves when what `noteProgress` began is done. */
  async idle(): Promise<void> {}

  async #positionOf(at: number | Date | undefined): Promise<number> {
    const { backend } = this.#parts
    const { position: head } = await backend.head()
    if (at === undefined) return head
    if (at instanceof Date) return await backend.positionAt(toRecordedTime(at, '/at'))
    if (!Number.isSafeInteger(at) || at < 0) {
      const message = 'at is neither a position nor a Date'
      throw new PerdureError('query-invalid', message, { pointer: '/at' }, { hint: 'Correct the argument.' })
    }
    return Math.min(at, head)
  }

  async #revisionAt(stream: string, upTo: number): Promise<number> {
    if (upTo === 0) return 0
    const query = parseQuery({ stream, upTo, backwards: true, limit: 1, raw: true, enrichments: true })
    for await (const events of this.#parts.reader.pages(() => query)) return events[0]?.revision ?? 0
    return 0
  }
}

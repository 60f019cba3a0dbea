/** The store: what applications hold. Each method checks its arguments, asks a room below, and says what came of it. */
import type { Backend, BootStep, Finding, Line } from './backends/protocol.js'
import type { Clock } from './clock.js'
import { PerdureError, storeClosed } from './errors.js'
import type { Appended, NewEvent, Query, RecordedEvent, Refused, Selection, Write } from './events.js'
import { createIds } from './ids.js'
import { MerkleTree } from './integrity/merkle.js'
import { checkLog } from './integrity/verification.js'
import { checkNoOthers, toConditions, type Conditions } from './log/conditions.js'
import type { Events } from './log/evolution.js'
import { checkName } from './log/names.js'
import type { Ports } from './log/ports.js'
import { attempt, Reader } from './log/reader.js'
import { parseQuery, parseSelection, restrictTypes, toRecordedTime } from './log/selection.js'
import { Writer } from './log/writer.js'
import { must } from './must.js'
import { Fold, type Projection } from './projections/projection.js'

const STREAMS_PAGE_LENGTH = 1000
const CHECKPOINT_PAGE_SIZE_BYTES = 1024 * 1024

/** The outcome of a fold. */
export interface Projected<State> {
  readonly state: State
  /** The head that the state reflects: the right `after` for a condition that guards a decision on it. */
  readonly position: number
  /** With a `stream` in the selection: its revision at that position. */
  readonly revision?: number
}

/** What opening the store found and did. */
export interface BootReport {
  readonly backend: string
  readonly durable: boolean
  readonly log: string
  /** The head when the store was opened. */
  readonly head: number
  readonly steps: readonly BootStep[]
}

/** What a complete check of the log found. */
export interface Verification {
  readonly intact: boolean
  /** How many events could be checked from the first on without meeting damage. */
  readonly events: number
  /** Merkle root over those events' lines. */
  readonly root: string
  readonly examined: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

export interface StoreParts {
  readonly backend: Backend
  readonly events: Events
  readonly ports: Ports
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
  /** The log's head when the store was opened. */
  readonly head: number
  /** Lets go of the backend. */
  readonly release: () => Promise<void>
}

export class Store {
  readonly #parts: StoreParts
  readonly #reader: Reader
  readonly #writer: Writer
  /** Grown when a checkpoint is asked for, so that appending pays nothing for it. */
  readonly #tree = new MerkleTree()
  #treeGrowth: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(parts: StoreParts) {
    this.#parts = parts
    const { backend, events, ports, clock, random, head } = parts
    const createId = createIds(random)
    this.#reader = new Reader(backend, events, ports.seal)
    this.#writer = new Writer({
      backend,
      reader: this.#reader,
      events,
      ports,
      clock,
      head,
      newId: () => createId(clock().getTime()),
    })
  }

  /** Records an event of Perdure's own, which callers cannot. */
  static async appendOwn(store: Store, stream: string, event: NewEvent): Promise<Appended> {
    store.#assertOpen('no')
    return must(await store.#writer.commit([{ stream, events: event }], undefined, true))
  }

  /**
   * Records events at the end of a stream, all or none, with contiguous positions; durable once it resolves. Repeating
   * an append with the same ids writes nothing and answers with the original places.
   *
   * @throws PerdureError `event-invalid`, `commit-empty`, `condition-invalid`, `id-reused`, `disk-full`, `sync-failed`,
   * `store-closed`, `backend-failed`; `written` says whether the events were recorded
   */
  append(stream: string, events: NewEvent | readonly NewEvent[]): Promise<Appended>
  append(stream: string, events: NewEvent | readonly NewEvent[], conditions: Conditions): Promise<Appended | Refused>
  async append(
    stream: string,
    events: NewEvent | readonly NewEvent[],
    conditions: Conditions = {},
  ): Promise<Appended | Refused> {
    this.#assertOpen('no')
    const { expect = 'any', unless, ...others } = toConditions(conditions)
    checkNoOthers(others, '', 'expect and unless')
    return await this.#writer.commit([{ stream, events, expect }], unless)
  }

  /**
   * Records events in several streams, all or none. A stream may appear twice; the second write sees the first.
   *
   * @throws PerdureError as {@link Store.append}
   */
  async commit(writes: readonly Write[], conditions: Pick<Conditions, 'unless'> = {}): Promise<Appended | Refused> {
    this.#assertOpen('no')
    const { unless, ...others } = toConditions(conditions)
    checkNoOthers(others, '', 'unless')
    return await this.#writer.commit(writes, unless)
  }

  /**
   * The selected events in log order, in bounded memory. Where it ends is fixed when the first event is asked for.
   *
   * @throws PerdureError `query-invalid`, `log-corrupt`, `version-newer`, `upcast-failed`, `store-closed`
   */
  read(query: Query = {}): AsyncIterable<RecordedEvent> {
    this.#assertOpen()
    return this.#reader.read(query)
  }

  /** The stored lines of the selected events, as they stand. */
  lines(query: Query = {}): AsyncIterable<Line> {
    this.#assertOpen()
    return this.#reader.lines(query)
  }

  /** One event, by its id or its position. */
  async event(idOrPosition: string | number): Promise<RecordedEvent | undefined> {
    this.#assertOpen()
    const { backend } = this.#parts
    const position =
      typeof idOrPosition === 'number' ? idOrPosition : (await backend.find([idOrPosition])).get(idOrPosition)
    if (position === undefined || !Number.isSafeInteger(position) || position < 1) return undefined
    if (position > (await backend.head()).position) return undefined
    const page = { after: position - 1, upTo: position, backwards: false, limit: 1, maxBytes: 1 }
    const { lines } = await backend.read([{}], page)
    return lines[0] === undefined ? undefined : await this.#reader.decode(lines[0], false)
  }

  /** The last position; 0 when nothing is recorded. */
  async head(): Promise<number> {
    this.#assertOpen()
    return (await this.#parts.backend.head()).position
  }

  /** How many events a stream holds; 0 if there is no such stream. @throws PerdureError `query-invalid` */
  async revision(stream: string): Promise<number> {
    this.#assertOpen()
    const problem = typeof stream === 'string' ? checkName(stream) : 'is not a string'
    if (problem !== undefined) throw queryInvalid('/stream', `the stream ${problem}`)
    return await this.#parts.backend.revision(stream)
  }

  /** All streams, or those whose names begin with `prefix`, in UTF-8 byte order. */
  async *streams(
    options: { readonly prefix?: string } = {},
  ): AsyncGenerator<{ stream: string; revision: number }, void, void> {
    this.#assertOpen()
    const { prefix = '' } = options
    let after = ''
    for (;;) {
      const page = await this.#parts.backend.streams(prefix, { after, limit: STREAMS_PAGE_LENGTH })
      yield* page
      if (page.length < STREAMS_PAGE_LENGTH) return
      after = page.at(-1)?.stream ?? ''
    }
  }

  /**
   * The value that a projection folds the selected events to, now or `at` a position or time.
   *
   * @throws PerdureError as {@link Store.read}; what a handler throws passes through
   */
  async project<State>(
    projection: Projection<State>,
    selection: Selection & { readonly at?: number | Date } = {},
  ): Promise<Projected<State>> {
    this.#assertOpen()
    const { at, ...selected } = selection
    const position = await this.#positionOf(at)
    const selectedOnly = parseSelection(selected)
    const query = parseQuery({ upTo: position, enrichments: projection.enrichments })
    // The backend skips what has no handler before anything of it is parsed: most of the speed of a replay.
    const handled = { ...query, matcher: restrictTypes(selectedOnly, Object.keys(projection.on)) }
    const fold = new Fold(projection)
    for await (const page of this.#reader.pages(attempt(() => handled))) fold.applyAll(page)
    const revision =
      selected.stream === undefined ? {} : { revision: await this.#revisionAt(selected.stream, position) }
    return { state: fold.state, position, ...revision }
  }

  /**
   * The log's size and the Merkle root (RFC 6962) over its lines: the same on every backend. Writes nothing.
   *
   * @throws PerdureError `log-corrupt`
   */
  async checkpoint(): Promise<{ size: number; root: string }> {
    this.#assertOpen()
    const growth = this.#treeGrowth.then(() => this.#growTree())
    // One at a time, and a failed one does not stop the next.
    this.#treeGrowth = growth.catch(() => undefined)
    return await growth
  }

  /** Checks everything: the backend's own structures, then every line. Damage is reported, not thrown. */
  async verify(): Promise<Verification> {
    this.#assertOpen()
    const own = await this.#parts.backend.verify()
    const log = await checkLog(this.#parts.backend)
    const findings = [...own.findings, ...log.findings]
    return {
      intact: findings.length === 0,
      events: log.events,
      root: log.root,
      examined: { ...own.examined, lines: log.events },
      findings,
    }
  }

  /** What opening found and did. */
  report(): BootReport {
    const { backend, head } = this.#parts
    return { backend: backend.name, durable: backend.durable, log: backend.logId, head, steps: backend.boot }
  }

  /** Lets appends under way finish, then lets go of the log. Idempotent; afterwards every call is `store-closed`. */
  async close(): Promise<void> {
    this.#closing ??= this.#writer.idle().then(() => this.#parts.release())
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #growTree(): Promise<{ size: number; root: string }> {
    const { backend } = this.#parts
    const { position: head } = await backend.head()
    while (this.#tree.size < head) {
      const { lines } = await backend.read([{}], {
        after: this.#tree.size,
        upTo: head,
        backwards: false,
        limit: Infinity,
        maxBytes: CHECKPOINT_PAGE_SIZE_BYTES,
      })
      for (const line of lines) this.#tree.append(line)
    }
    return { size: this.#tree.size, root: this.#tree.root() }
  }

  async #positionOf(at: number | Date | undefined): Promise<number> {
    const head = await this.head()
    if (at === undefined) return head
    if (at instanceof Date) return await this.#parts.backend.positionAt(toRecordedTime(at, '/at'))
    if (!Number.isSafeInteger(at) || at < 0) throw queryInvalid('/at', 'at is neither a position nor a Date')
    return Math.min(at, head)
  }

  async #revisionAt(stream: string, upTo: number): Promise<number> {
    if (upTo === 0) return 0
    for await (const event of this.read({ stream, upTo, backwards: true, limit: 1, raw: true, enrichments: true })) {
      return event.revision
    }
    return 0
  }

  #assertOpen(written?: 'no'): void {
    if (this.#closing === undefined) return
    throw storeClosed(written)
  }
}

function queryInvalid(pointer: string, message: string): PerdureError<'query-invalid'> {
  return new PerdureError('query-invalid', message, { pointer }, { hint: 'Correct the argument.' })
}

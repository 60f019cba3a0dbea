/** The store: what applications hold. Each method checks its arguments, asks a room below, and says what came of it. */
import { Blobs } from './blobs/blobs.js'
import type { Clock } from './clock.js'
import type { Appended, NewEvent, Refused, Selection, Write } from './events.js'
import { createIds } from './ids.js'
import { forgetValues, Kv } from './kv/kv.js'
import { checkNoOthers, toConditions, type Conditions } from './log/conditions.js'
import type { Events } from './log/evolution.js'
import type { FollowQuery } from './log/following.js'
import type { Ports } from './log/ports.js'
import { Writer } from './log/writer.js'
import { must } from './must.js'
import { Keys } from './privacy/keys.js'
import { Pseudonyms } from './privacy/pseudonyms.js'
import { Shredding, type Purge } from './privacy/shredding.js'
import { Subjects, type SubjectParts } from './privacy/subjects.js'
import { Observer, type ObserverParts, type SnapshotReader } from './observer.js'
import { decide, type Decide, type DecideOptions, type DecideTarget } from './projections/deciding.js'
import type { Snapshot } from './projections/projecting.js'
import type { Projection } from './projections/projection.js'
import { Subscriptions, type Handler, type SubscribeOptions, type Subscription } from './subscriptions/subscriptions.js'

export interface StoreParts extends ObserverParts {
  readonly events: Events
  readonly ports: Ports
  readonly clock: Clock
  readonly random: (bytes: number) => Uint8Array
}

export interface Snapshots extends SnapshotReader {
  /** Saves the state of a projection as it is now; durable once it resolves. @throws PerdureError `state-invalid` */
  take<State>(projection: Projection<State>, selection?: Selection): Promise<Snapshot>
}

export class Store extends Observer {
  readonly #parts: StoreParts
  readonly #writer: Writer
  readonly #subscriptions: Subscriptions
  readonly #shredding: Shredding | undefined

  override readonly kv: Kv
  override readonly blobs: Blobs
  override readonly snapshots: Snapshots
  override readonly subjects: Subjects
  readonly keys: Keys

  constructor(parts: StoreParts) {
    super(parts)
    this.#parts = parts
    const { backend, blobs, events, ports, clock, random, head, reader, projector } = parts
    const createId = createIds(random)
    const assertOpen = (written?: 'no'): void => this.assertOpen(written)
    this.#writer = new Writer({ backend, reader, events, ports, clock, head, newId: () => createId(clock().getTime()) })
    this.#subscriptions = new Subscriptions({
      backend,
      reader,
      clock,
      random,
      keepsMessages: parts.privacy === undefined,
      onPage: () => projector.noteProgress(),
    })
    this.kv = new Kv({ backend: backend.kv, assertOpen, seal: parts.privacy?.values })
    this.blobs = new Blobs(blobs, assertOpen, parts.privacy?.values)
    this.snapshots = {
      ...this.snapshotReader(),
      take: (projection, selection = {}) => this.#takeSnapshot(projection, selection),
    }
    this.#shredding = this.#createShredding()
    this.subjects = new Subjects(parts.privacy, this.#subjectParts(), assertOpen)
    this.keys = new Keys(parts.privacy, backend.logId, assertOpen)
  }

  /** Part of opening: brings to its end what was interrupted. */
  static async resume(store: Store): Promise<void> {
    await store.#shredding?.resume()
  }

  /** Records an event of Perdure's own, which callers cannot. */
  static async appendOwn(store: Store, stream: string, event: NewEvent): Promise<Appended> {
    store.assertOpen('no')
    return must(await store.#commit([{ stream, events: event }], undefined, true))
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
    this.assertOpen('no')
    const { expect = 'any', unless, ...others } = toConditions(conditions)
    checkNoOthers(others, '', 'expect and unless')
    return await this.#commit([{ stream, events, expect }], unless)
  }

  /**
   * Records events in several streams, all or none. A stream may appear twice; the second write sees the first.
   *
   * @throws PerdureError as {@link Store.append}
   */
  async commit(writes: readonly Write[], conditions: Pick<Conditions, 'unless'> = {}): Promise<Appended | Refused> {
    this.assertOpen('no')
    const { unless, ...others } = toConditions(conditions)
    checkNoOthers(others, '', 'unless')
    return await this.#commit(writes, unless)
  }

  /**
   * Loads a state, lets `decide` make events of it, and appends them if nothing has come in between; else again, with
   * what came. Over a stream the guard is its revision, over a query it is that no new event matches it.
   *
   * @throws PerdureError as {@link Store.append} and {@link Observer.project}; what `decide` throws passes through, and
   * then nothing was written
   */
  async decide<State>(
    target: DecideTarget,
    projection: Projection<State>,
    toEvents: Decide<State>,
    options: DecideOptions = {},
  ): Promise<Appended | Refused> {
    this.assertOpen('no')
    const append = (stream: string, events: readonly NewEvent[], conditions: Conditions): Promise<Appended | Refused> =>
      this.append(stream, events, conditions)
    return await decide(this.#parts.projector, append, target, projection, toEvents, options)
  }

  /**
   * A durable, named consumer: `handler` is given each selected event at least once, in log order, by one instance at a
   * time; where it has come to is kept under its name and survives everything.
   *
   * @throws PerdureError `subscription-active` if another instance is active and `takeOver` is not set,
   * `subscription-changed` if its query has and `changeQuery` is not set, `checkpoint-invalid`, `query-invalid`
   */
  async subscribe(
    name: string,
    query: FollowQuery,
    handler: Handler,
    options: SubscribeOptions = {},
  ): Promise<Subscription> {
    this.assertOpen()
    return await this.#subscriptions.subscribe(name, query, handler, options)
  }

  protected override async finish(): Promise<void> {
    await this.#subscriptions.closeAll()
    await this.#writer.idle()
    await this.#parts.projector.idle()
  }

  async #commit(writes: readonly Write[], unless: Conditions['unless'], own = false): Promise<Appended | Refused> {
    const answer = await this.#writer.commit(writes, unless, own)
    if (answer.ok) this.#parts.projector.noteProgress()
    return answer
  }

  #createShredding(): Shredding | undefined {
    const { privacy, ports } = this.#parts
    if (privacy === undefined) return undefined
    return new Shredding({
      privacy,
      appendOwn: (stream, events, expect) => this.#writer.commit([{ stream, events, expect }], undefined, true),
      purges: this.#purges(),
      actor: ports.actorOf?.(undefined, 0),
    })
  }

  /** What holds something of a subject beside the log. */
  #purges(): readonly Purge[] {
    const { projector, backend } = this.#parts
    return [
      // Values are of no class.
      async (subject, classes) => ({
        values: classes?.includes('') === false ? 0 : await forgetValues(backend.kv, subject),
      }),
      async (subject) => ({ snapshots: await projector.forget(subject) }),
    ]
  }

  #subjectParts(): SubjectParts | undefined {
    const { privacy, random } = this.#parts
    const shredding = this.#shredding
    if (privacy === undefined || shredding === undefined) return undefined
    return { shredding, pseudonyms: new Pseudonyms(privacy, random) }
  }

  async #takeSnapshot<State>(projection: Projection<State>, selection: Selection): Promise<Snapshot> {
    this.assertOpen('no')
    return await this.#parts.projector.take(projection, selection)
  }
}

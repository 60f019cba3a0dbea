/** The reading half of a store: all that an observer can do, and what every store can. */
import type { Backend, BootStep, Finding, Line } from './backends/protocol.js'
import type { BlobStore } from './blobs/blob-store.js'
import { BlobReader } from './blobs/blobs.js'
import { PerdureError, storeClosed } from './errors.js'
import type { Query, RecordedEvent } from './events.js'
import { MerkleTree } from './integrity/merkle.js'
import { checkLog } from './integrity/verification.js'
import { KvReader } from './kv/kv.js'
import { follow, type FollowQuery } from './log/following.js'
import { checkName } from './log/names.js'
import type { Reader } from './log/reader.js'
import type { Projected, Projector, ProjectSelection, Snapshot, SnapshotSaving } from './projections/projecting.js'
import type { Privacy } from './privacy/opening.js'
import { SubjectReader } from './privacy/subjects.js'
import type { Projection } from './projections/projection.js'

const STREAMS_PAGE_LENGTH = 1000
const CHECKPOINT_PAGE_SIZE_BYTES = 1024 * 1024

/** What opening the store found and did. */
export interface BootReport {
  readonly backend: string
  readonly durable: boolean
  readonly log: string
  /** The head when the store was opened. */
  readonly head: number
  readonly steps: readonly BootStep[]
  /** What became so far of the snapshots that are taken by the way, so that a failure of one is not silent. */
  readonly snapshots: SnapshotSaving
}

/** What a complete check of the log found. */
export interface Verification {
  /** Nothing that was recorded is damaged or missing. A damaged index is among the findings, and is no reason. */
  readonly intact: boolean
  /** How many events could be checked from the first on without meeting damage. */
  readonly events: number
  /** Merkle root over those events' lines. */
  readonly root: string
  readonly examined: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

export interface ObserverParts {
  readonly backend: Backend
  readonly reader: Reader
  readonly projector: Projector
  readonly blobs: BlobStore | undefined
  /** Undefined: the log is not sealed, or read without keys. */
  readonly privacy: Privacy | undefined
  /** The log's head when it was opened. */
  readonly head: number
  /** Lets go of the backend. */
  readonly release: () => Promise<void>
}

/** Saved states of projections. */
export interface SnapshotReader {
  /** Those of one projection, or of all, oldest first. @throws PerdureError `snapshot-malformed` */
  list(name?: string): Promise<readonly Snapshot[]>
}

export class Observer {
  readonly #parts: ObserverParts
  /** Grown when a checkpoint is asked for, so that appending pays nothing for it. */
  readonly #tree = new MerkleTree()
  #treeGrowth: Promise<unknown> = Promise.resolve()
  /** Ends those who follow. */
  readonly #ending = new AbortController()
  #closing: Promise<void> | undefined

  /** Current values. */
  readonly kv: KvReader
  /** Large objects. */
  readonly blobs: BlobReader
  readonly snapshots: SnapshotReader
  /** Whom the log is about. */
  readonly subjects: SubjectReader

  constructor(parts: ObserverParts) {
    this.#parts = parts
    const assertOpen = (written?: 'no'): void => this.assertOpen(written)
    this.kv = new KvReader({ backend: parts.backend.kv, assertOpen, seal: parts.privacy?.values })
    this.blobs = new BlobReader(parts.blobs, assertOpen, parts.privacy?.values)
    this.snapshots = this.snapshotReader()
    this.subjects = new SubjectReader(parts.privacy, assertOpen)
  }

  /**
   * The selected events in log order, in bounded memory. Where it ends is fixed when the first event is asked for.
   *
   * @throws PerdureError `query-invalid`, `log-corrupt`, `version-newer`, `upcast-failed`, `store-closed`
   */
  read(query: Query = {}): AsyncIterable<RecordedEvent> {
    this.assertOpen()
    return this.#parts.reader.read(query)
  }

  /** The stored lines of the selected events, as they stand. */
  lines(query: Query = {}): AsyncIterable<Line> {
    this.assertOpen()
    return this.#parts.reader.lines(query)
  }

  /** One event, by its id or its position. */
  async event(idOrPosition: string | number): Promise<RecordedEvent | undefined> {
    this.assertOpen()
    const { backend } = this.#parts
    const position =
      typeof idOrPosition === 'number' ? idOrPosition : (await backend.find([idOrPosition])).get(idOrPosition)
    if (position === undefined || !Number.isSafeInteger(position) || position < 1) return undefined
    if (position > (await backend.head()).position) return undefined
    const page = { after: position - 1, upTo: position, backwards: false, limit: 1, maxBytes: 1 }
    const { lines } = await backend.read([{}], page)
    return lines[0] === undefined ? undefined : await this.#parts.reader.decode(lines[0], false)
  }

  /** The last position; 0 when nothing is recorded. */
  async head(): Promise<number> {
    this.assertOpen()
    return (await this.#parts.backend.head()).position
  }

  /** How many events a stream holds; 0 if there is no such stream. @throws PerdureError `query-invalid` */
  async revision(stream: string): Promise<number> {
    this.assertOpen()
    const problem = typeof stream === 'string' ? checkName(stream) : 'is not a string'
    if (problem !== undefined) throw queryInvalid('/stream', `the stream ${problem}`)
    return await this.#parts.backend.revision(stream)
  }

  /** All streams, or those whose names begin with `prefix`, in UTF-8 byte order. */
  async *streams(
    options: { readonly prefix?: string } = {},
  ): AsyncGenerator<{ stream: string; revision: number }, void, void> {
    this.assertOpen()
    const prefix = toPrefix(options)
    let after = ''
    for (;;) {
      const page = await this.#parts.backend.streams(prefix, { after, limit: STREAMS_PAGE_LENGTH })
      yield* page
      if (page.length < STREAMS_PAGE_LENGTH) return
      after = page.at(-1)?.stream ?? ''
    }
  }

  /**
   * The selected events after `after` (default 0: all history), then each one as it is recorded, with no gap and no
   * repeat at the switch. Ends without an error when `signal` is aborted or the store is closed.
   *
   * @throws PerdureError as {@link Observer.read}
   */
  follow(query: FollowQuery = {}, options: { readonly signal?: AbortSignal } = {}): AsyncIterable<RecordedEvent> {
    this.assertOpen()
    return follow(this.#parts.backend, this.#parts.reader, query, toSignal(options), this.#ending.signal)
  }

  /**
   * The value that a projection folds the selected events to, now or `at` a position or time: from the newest snapshot
   * that fits, and the events after it.
   *
   * @throws PerdureError as {@link Observer.read}, `snapshot-malformed`; what a handler throws passes through
   */
  async project<State>(projection: Projection<State>, selection: ProjectSelection = {}): Promise<Projected<State>> {
    this.assertOpen()
    return await this.#parts.projector.project(projection, selection)
  }

  /**
   * The log's size and the Merkle root (RFC 6962) over its lines: the same on every backend. Writes nothing.
   *
   * @throws PerdureError `log-corrupt`
   */
  async checkpoint(): Promise<{ size: number; root: string }> {
    this.assertOpen()
    const growth = this.#treeGrowth.then(() => this.#growTree())
    // One at a time, and a failed one does not stop the next.
    this.#treeGrowth = growth.catch(() => undefined)
    return await growth
  }

  /** Checks everything: the backend's own structures, then every line. Damage is reported, not thrown. */
  async verify(): Promise<Verification> {
    this.assertOpen()
    const own = await this.#parts.backend.verify()
    const log = await checkLog(this.#parts.backend)
    const findings = [...own.findings, ...log.findings]
    return {
      intact: findings.every(({ code }) => code === 'index-damaged'),
      events: log.events,
      root: log.root,
      examined: { ...own.examined, lines: log.events },
      findings,
    }
  }

  /** What opening found and did. */
  report(): BootReport {
    const { backend, head, projector, privacy } = this.#parts
    const { name, durable, logId: log, boot } = backend
    const steps = [...boot, ...(privacy?.boot ?? []), ...projector.boot]
    return { backend: name, durable, log, head, steps, snapshots: projector.saving() }
  }

  /** Lets what is under way finish, then lets go of the log. Idempotent; afterwards every call is `store-closed`. */
  async close(): Promise<void> {
    this.#ending.abort()
    this.#closing ??= this.finish().then(
      () => this.#parts.release(),
      // What is held is let go of even so.
      async (error: unknown) => {
        await this.#parts.release()
        throw error
      },
    )
    await this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What has to be done before the log is let go of. */
  protected async finish(): Promise<void> {}

  /** @throws PerdureError `store-closed` */
  protected assertOpen(written?: 'no'): void {
    if (this.#closing !== undefined) throw storeClosed(written)
  }

  protected snapshotReader(): SnapshotReader {
    return { list: (name) => this.#snapshotsOf(name) }
  }

  async #snapshotsOf(name: string | undefined): Promise<readonly Snapshot[]> {
    this.assertOpen()
    return await this.#parts.projector.list(name)
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
}

function queryInvalid(pointer: string, message: string): PerdureError<'query-invalid'> {
  return new PerdureError('query-invalid', message, { pointer }, { hint: 'Correct the argument.' })
}

/** A caller without types may hand in anything. */
function toPrefix(options: unknown): string {
  const { prefix = '' } = onlyMembers(options, ['prefix'])
  const problem = typeof prefix !== 'string' ? 'is not a string' : prefix === '' ? undefined : checkName(prefix)
  if (problem !== undefined) throw queryInvalid('/prefix', `the prefix ${problem}`)
  return prefix as string
}

function toSignal(options: unknown): AbortSignal | undefined {
  const { signal } = onlyMembers(options, ['signal'])
  if (signal === undefined || signal instanceof AbortSignal) return signal
  throw queryInvalid('/signal', 'the signal is not an AbortSignal')
}

function onlyMembers(options: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof options !== 'object' || options === null) throw queryInvalid('', 'the options are not an object')
  const other = Object.keys(options).find((key) => !known.includes(key))
  if (other !== undefined) throw queryInvalid(`/${other}`, `${other} is no option here; there is ${known.join(', ')}`)
  return options as Readonly<Record<string, unknown>>
}

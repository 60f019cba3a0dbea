/** The log in a folder: append-only NDJSON that people and tools can read, owned by one process. */
import { resolve } from 'node:path'
import { storeClosed, withWritten } from '../../errors.js'
import { composeCommit, scanEnvelope } from '../../log/line.js'
import { Claims } from '../claims.js'
import { checkContinuation } from '../continuation.js'
import { HeadNotices } from '../head-notices.js'
import { MemoryKv } from '../memory/kv-backend.js'
import { MemorySnapshots } from '../memory/snapshot-backend.js'
import { judge, type LogState } from '../judgement.js'
import type {
  Backend,
  BackendVerification,
  BootStep,
  Claim,
  Commit,
  CommitOutcome,
  KvBackend,
  Line,
  Matcher,
  Page,
  PageRequest,
  SnapshotBackend,
} from '../protocol.js'
import type { FolderLog } from './folder-log.js'
import { FolderWriter, type WrittenEvent } from './folder-writer.js'
import { hashKey } from './key-hash.js'
import { nodePlatform } from './node-platform.js'
import type { Platform } from './platform.js'
import { openFolder } from './recovery.js'
import { RevisionCache } from './revision-cache.js'
import type { Segment } from './segment.js'
import { Slab } from './slab.js'
import { mergeStreams } from './stream-list.js'
import { verifyFolder } from './verification.js'

/** Large enough that there are few, small enough that opening reads the last one quickly. */
export const SEGMENT_SIZE_BYTES = 16 * 1024 * 1024

export interface FileBackendOptions {
  readonly folder: string
  /** Make the folder's log if there is none. */
  readonly create?: boolean
  readonly platform?: Platform
  /** A segment this large gets no further group. Default 16 MiB. */
  readonly segmentBytes?: number
  readonly syncHead?: 'idle' | 'close'
}

/** @throws PerdureError as `openFolder`; nothing was changed */
export async function openFileBackend(options: FileBackendOptions): Promise<Backend> {
  const { create = false, platform = nodePlatform, segmentBytes = SEGMENT_SIZE_BYTES, syncHead = 'idle' } = options
  const { log, boot } = openFolder({ folder: resolve(options.folder), platform, create, acceptTail: false })
  return new FileBackend(log, boot, new FolderWriter(log, { segmentBytes, syncHead }))
}

class FileBackend implements Backend, LogState {
  readonly name = 'file'
  readonly durable = true
  readonly #log: FolderLog
  readonly #writer: FolderWriter
  readonly #slab = new Slab()
  readonly #revisions: RevisionCache
  readonly #notices: HeadNotices
  readonly #claims = new Claims()
  readonly kv: KvBackend
  readonly snapshots: SnapshotBackend
  /** The write under way; the next one waits for it. */
  #writing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(
    log: FolderLog,
    readonly boot: readonly BootStep[],
    writer: FolderWriter,
  ) {
    this.#log = log
    this.#writer = writer
    this.#revisions = new RevisionCache(log)
    this.#notices = new HeadNotices(log.head.last)
    this.kv = new MemoryKv(() => this.#assertOpen())
    this.snapshots = new MemorySnapshots(() => this.#assertOpen())
  }

  get logId(): string {
    return this.#log.logId
  }

  append(group: readonly Commit[], now: string): Promise<readonly CommitOutcome[]> {
    return this.#inTurn(() => this.#append(group, now))
  }

  adopt(lines: readonly Line[]): Promise<void> {
    return this.#inTurn(() => this.#adopt(lines))
  }

  async read(matcher: Matcher, page: PageRequest): Promise<Page> {
    this.#assertOpen()
    const { after, backwards, limit, maxBytes } = page
    const upTo = Math.min(page.upTo, this.#log.head.last)
    const { segments } = this.#log
    const touches = (segment: Segment): boolean => segment.last > after && segment.from <= upTo
    const segment = backwards ? segments.findLast(touches) : segments.find(touches)
    if (segment === undefined) return { lines: [], scannedTo: backwards ? after + 1 : page.upTo }
    // A page ends with its segment: a query that matches nothing must not hold up everything else for the whole log.
    let scannedTo = backwards ? Math.max(segment.from, after + 1) : Math.min(segment.last, upTo)
    if (!backwards && segment === segments.at(-1)) scannedTo = page.upTo
    const lines: Line[] = []
    let bytes = 0
    segment.visit(matcher, { after, upTo, backwards, expected: limit }, (position, line) => {
      lines.push(line)
      bytes += line.length
      if (lines.length < limit && bytes < maxBytes) return true
      scannedTo = position
      return false
    })
    return { lines, scannedTo }
  }

  async find(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    this.#assertOpen()
    const found = new Map<string, number>()
    for (const id of ids) {
      const position = this.positionOf(id, true)
      if (position !== undefined) found.set(id, position)
    }
    return found
  }

  async head(): Promise<{ position: number; time?: string }> {
    this.#assertOpen()
    const { last, time } = this.#log.head
    return time === undefined ? { position: last } : { position: last, time }
  }

  async revision(stream: string): Promise<number> {
    this.#assertOpen()
    return this.revisionOf(stream)
  }

  async streams(
    prefix: string,
    { after, limit }: { after: string; limit: number },
  ): Promise<readonly { stream: string; revision: number }[]> {
    this.#assertOpen()
    return mergeStreams(this.#log.segments, prefix, after, limit)
  }

  async positionAt(time: string): Promise<number> {
    this.#assertOpen()
    const segment = this.#log.segments.findLast((one) => one.last >= one.from && one.firstTime <= time)
    if (segment === undefined) return 0
    let low = segment.from
    let high = segment.last
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2)
      if (scanEnvelope(segment.line(middle)).time <= time) low = middle
      else high = middle - 1
    }
    return low
  }

  changed(signal: AbortSignal): AsyncIterable<number> {
    this.#assertOpen()
    return this.#notices.watch(signal)
  }

  async claim(name: string, takeOver: boolean): Promise<Claim | undefined> {
    this.#assertOpen()
    return this.#claims.claim(name, takeOver)
  }

  async verify(): Promise<BackendVerification> {
    this.#assertOpen()
    return verifyFolder(this.#log)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#writing.then(() => this.#writer.close())
    this.#notices.close()
    await this.#closing
  }

  positionOf(id: string, chosen: boolean): number | undefined {
    const { segments } = this.#log
    // An id made up a moment ago can only meet itself where the randomness repeats: looked for where that would be.
    const oldest = chosen ? 0 : segments.length - 1
    const key = hashKey('id', id)
    for (let i = segments.length - 1; i >= Math.max(0, oldest); i--) {
      const segment = segments[i]
      for (const position of segment?.positions(key) ?? []) {
        if (scanEnvelope(this.lineAt(position)).id === id) return position
      }
    }
    return undefined
  }

  lineAt(position: number): Line {
    const segment = this.#log.segments.findLast(({ from }) => from <= position)
    if (segment === undefined) throw new RangeError(`no segment holds position ${position}`)
    return segment.line(position)
  }

  revisionOf(stream: string): number {
    return this.#revisions.of(stream)
  }

  lastMatch(matcher: Matcher, after: number): number {
    let found = 0
    for (const segment of this.#log.segments.toReversed()) {
      if (segment.last <= after) break
      const goOn = segment.visit(
        matcher,
        { after, upTo: this.#log.head.last, backwards: true, expected: 1 },
        (position) => {
          found = position
          return false
        },
      )
      if (!goOn) break
    }
    return found
  }

  async #append(group: readonly Commit[], now: string): Promise<readonly CommitOutcome[]> {
    this.#writer.assertWritable()
    const { head } = this.#log
    const time = head.time !== undefined && head.time > now ? head.time : now
    // Of streams that earlier commits of this group have moved.
    const revisions = new Map<string, number>()
    const written: WrittenEvent[] = []
    this.#slab.clear()
    const outcomes = beforeWriting(() =>
      group.map((commit) => judge(commit, this) ?? this.#place(commit, revisions, written, time)),
    )
    if (written.length > 0) await this.#writer.write(this.#slab, written, group.length === 1)
    for (const [stream, revision] of revisions) this.#revisions.set(stream, revision)
    this.#notices.moveTo(this.#log.head.last)
    return outcomes
  }

  /** Puts a commit into the group that is being made. */
  #place(commit: Commit, moved: Map<string, number>, written: WrittenEvent[], time: string): CommitOutcome {
    const before = this.#log.head.last + written.length
    const revisionOf = (stream: string): number => moved.get(stream) ?? this.revisionOf(stream)
    const revisions = new Map<string, number>()
    const lines = composeCommit(commit.writes, before, revisionOf, revisions, time)
    for (const line of lines) this.#slab.add(line)
    const next = new Map<string, number>()
    for (const { stream, events } of commit.writes) {
      let revision = next.get(stream) ?? revisionOf(stream)
      for (const event of events) written.push({ event, stream, revision: ++revision, time })
      next.set(stream, revision)
    }
    for (const [stream, revision] of revisions) moved.set(stream, revision)
    return { kind: 'written', first: before + 1, last: before + lines.length, revisions }
  }

  async #adopt(lines: readonly Line[]): Promise<void> {
    this.#writer.assertWritable()
    const { last, time } = this.#log.head
    const envelopes = beforeWriting(() =>
      checkContinuation(lines, {
        position: last,
        time,
        revisionOf: (stream) => this.revisionOf(stream),
        isRecorded: (id) => this.positionOf(id, true) !== undefined,
      }),
    )
    if (envelopes.length === 0) return
    this.#slab.clear()
    for (const line of lines) this.#slab.add(line)
    await this.#writer.write(
      this.#slab,
      envelopes.map((event) => ({ event, stream: event.stream, revision: event.revision, time: event.time })),
      false,
    )
    for (const { stream, revision } of envelopes) this.#revisions.set(stream, revision)
    this.#notices.moveTo(this.#log.head.last)
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed('no'))
    const turn = this.#writing.then(write)
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw storeClosed()
  }
}

/** Whatever cannot be read while a write is being judged, nothing has been written yet. */
function beforeWriting<T>(step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw withWritten(error, 'no')
  }
}

/** The log in a folder: append-only NDJSON that people and tools can read, owned by one process. */
import { resolve } from 'node:path'
import { storeClosed, withWritten } from '../../errors.js'
import { composeCommit } from '../../log/line.js'
import { Claims } from '../claims.js'
import { checkContinuation } from '../continuation.js'
import { HeadNotices } from '../head-notices.js'
import { judge } from '../judgement.js'
import type {
  Backend,
  BackendVerification,
  BootStep,
  Claim,
  Commit,
  CommitOutcome,
  Line,
  Matcher,
  Page,
  PageRequest,
  SnapshotBackend,
} from '../protocol.js'
import type { FolderLog } from './folder-log.js'
import { FolderReader } from './folder-reader.js'
import { FolderWriter, type WrittenEvent } from './folder-writer.js'
import { FileKv, type FileKvOptions } from './kv-backend.js'
import { nodePlatform } from '../../files/node-platform.js'
import type { Platform } from '../../files/platform.js'
import { openFolder } from './recovery.js'
import { Slab } from './slab.js'
import { FileSnapshots } from './snapshot-backend.js'
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
  /** The file of current values is compacted once it is larger than this and more than half of it is out of date. */
  readonly kvCompactionBytes?: number
}

/** @throws PerdureError as `openFolder`; nothing was changed */
export async function openFileBackend(options: FileBackendOptions): Promise<Backend> {
  const { create = false, platform = nodePlatform, segmentBytes = SEGMENT_SIZE_BYTES, syncHead = 'idle' } = options
  const { log, kv, boot } = openFolder({ folder: resolve(options.folder), platform, create, acceptTail: false })
  const { kvCompactionBytes: compactionBytes } = options
  return new FileBackend(log, boot, new FolderWriter(log, { segmentBytes, syncHead }), {
    open: kv,
    syncHead,
    compactionBytes,
  })
}

class FileBackend implements Backend {
  readonly name = 'file'
  readonly durable = true
  readonly #log: FolderLog
  readonly #writer: FolderWriter
  readonly #slab = new Slab()
  readonly #reader: FolderReader
  readonly #notices: HeadNotices
  readonly #claims = new Claims()
  readonly kv: FileKv
  readonly snapshots: SnapshotBackend
  /** The write under way; the next one waits for it. */
  #writing: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(
    log: FolderLog,
    readonly boot: readonly BootStep[],
    writer: FolderWriter,
    kv: Pick<FileKvOptions, 'open' | 'syncHead' | 'compactionBytes'>,
  ) {
    this.#log = log
    this.#writer = writer
    this.#reader = new FolderReader(log)
    this.#notices = new HeadNotices(log.head.last)
    const { logId, platform, paths } = log
    const assertOpen = (written?: 'no'): void => this.#assertOpen(written)
    const noteValues = (): void => {
      writer.noteValues()
    }
    this.kv = new FileKv({ ...kv, platform, paths, logId, assertOpen, noteValues })
    this.snapshots = new FileSnapshots(platform.files, paths, logId, assertOpen)
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
    return this.#reader.read(matcher, page)
  }

  async find(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    this.#assertOpen()
    return this.#reader.find(ids)
  }

  async head(): Promise<{ position: number; time?: string }> {
    this.#assertOpen()
    return this.#reader.head()
  }

  async revision(stream: string): Promise<number> {
    this.#assertOpen()
    return this.#reader.revisionOf(stream)
  }

  async streams(
    prefix: string,
    page: { after: string; limit: number },
  ): Promise<readonly { stream: string; revision: number }[]> {
    this.#assertOpen()
    return this.#reader.streams(prefix, page)
  }

  async positionAt(time: string): Promise<number> {
    this.#assertOpen()
    return this.#reader.positionAt(time)
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
    return verifyFolder(this.#log, this.kv.opened?.head)
  }

  async close(): Promise<void> {
    this.#closing ??= this.#writing.then(() => this.#close())
    this.#notices.close()
    await this.#closing
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
      group.map((commit) => judge(commit, this.#reader) ?? this.#place(commit, revisions, written, time)),
    )
    if (written.length > 0) await this.#writer.write(this.#slab, written, group.length === 1)
    for (const [stream, revision] of revisions) this.#reader.noteRevision(stream, revision)
    this.#notices.moveTo(this.#log.head.last)
    return outcomes
  }

  /** Puts a commit into the group that is being made. */
  #place(commit: Commit, moved: Map<string, number>, written: WrittenEvent[], time: string): CommitOutcome {
    const before = this.#log.head.last + written.length
    const revisionOf = (stream: string): number => moved.get(stream) ?? this.#reader.revisionOf(stream)
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
        revisionOf: (stream) => this.#reader.revisionOf(stream),
        isRecorded: (id) => this.#reader.positionOf(id, true) !== undefined,
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
    for (const { stream, revision } of envelopes) this.#reader.noteRevision(stream, revision)
    this.#notices.moveTo(this.#log.head.last)
  }

  /** The log last: with it goes the lock. */
  async #close(): Promise<void> {
    try {
      await this.kv.close()
    } finally {
      await this.#writer.close()
    }
  }

  #inTurn<T>(write: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(storeClosed('no'))
    const turn = this.#writing.then(write)
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  #assertOpen(written?: 'no'): void {
    if (this.#closing !== undefined) throw storeClosed(written)
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

/** Writes groups to the folder: segment, sync, head, in this order; and begins a new segment when one is full. */
import { createHash, hash as hashOnce } from 'node:crypto'
import { isPerdureError, PerdureError } from '../../errors.js'
import { codeOf, diskFull, isOutOfSpace, lockLost, syncFailed, writeFailed } from './failures.js'
import { closeFiles, rebuildIndex, toSegment, writeIndex, type FolderLog, type OpenSegment } from './folder-log.js'
import { encodeFooter, encodeHeader, encodeMark, type Extent } from './format.js'
import { GroupSync } from './group-sync.js'
import { OpenIndex, type IndexedEvent } from './open-index.js'
import type { Slab } from './slab.js'
import { createWhole, writeWhole } from './whole-write.js'
import { listOf } from './folder.js'

/** How long after an append the head is synced at the latest. */
const HEAD_SYNC_DELAY_MS = 100

/** What of a line is indexed, and its place. */
export interface WrittenEvent {
  readonly event: IndexedEvent
  readonly stream: string
  readonly revision: number
  readonly time: string
}

export interface WriterSettings {
  /** A segment this large gets no further group. */
  readonly segmentBytes: number
  readonly syncHead: 'idle' | 'close'
}

export class FolderWriter {
  readonly #log: FolderLog
  readonly #settings: WriterSettings
  readonly #sync: GroupSync
  /** Why nothing may be written any more. */
  #failure: PerdureError | undefined
  #cancelHeadSync: (() => void) | undefined
  #headSync: Promise<void> | undefined
  /** Both slots of the head say the same, durably. */
  #headAtRest = true

  constructor(log: FolderLog, settings: WriterSettings) {
    this.#log = log
    this.#settings = settings
    this.#sync = new GroupSync(log.platform)
  }

  /** @throws PerdureError `sync-failed` or `backend-failed`, nothing written, once writing has failed for good */
  assertWritable(): void {
    if (this.#failure === undefined) return
    const { code, message, facts } = this.#failure
    throw new PerdureError(code, `the log is closed to appends since ${message}`, facts, {
      cause: this.#failure,
      written: 'no',
      hint: 'Close the store and open it again: that settles what was written. Reading goes on.',
    })
  }

  /**
   * Writes the lines of the slab as one group; resolves once it is durable and on record. `isAlone`: it is a single
   * commit, and no other waits for the same sync.
   *
   * @throws PerdureError `disk-full` (nothing written, the log goes on); `sync-failed`, `backend-failed` (unknown, and
   * the log is closed to appends for good)
   */
  async write(slab: Slab, events: readonly WrittenEvent[], isAlone: boolean): Promise<void> {
    this.assertWritable()
    const open = this.#settle('no', () => {
      if (!this.#log.headFile.isOurs()) throw lockLost(this.#log.paths.root)
      return this.#openSegment()
    })
    const { lines } = slab
    const last = this.#log.head.last + events.length
    const mark = encodeMark(this.#extent(open), {
      bytes: lines.length,
      events: events.length,
      sha256: hashOnce('sha256', lines),
    })
    const { bytes, lineEnds } = slab.withMark(mark)
    this.#settle('unknown', () => {
      this.#writeBytes(open, bytes)
    })
    // Before the sync, because after it the processor has forgotten the group. If the sync fails, nothing follows.
    open.hash.update(bytes)
    const sha256 = open.hash.copy().digest('hex')
    try {
      await this.#sync.sync(open.file, isAlone)
    } catch (error) {
      throw this.#fail(syncFailed(open.segment.path, 'unknown', error))
    }
    // A sync of the head may be under way; once one has failed, nothing is acknowledged.
    await this.#headSync
    if (this.#failure !== undefined) throw syncFailed(this.#log.paths.head, 'unknown', this.#failure)
    open.bytes += bytes.length
    this.#settle('unknown', () => {
      this.#moveHead(open, sha256, last, events.at(-1)?.time)
    })
    open.index.blocks.append(bytes, lineEnds)
    open.indexChanged = true
    for (const { event, stream, revision, time } of events) open.index.add(event, stream, revision, time)
    this.#planHeadSync()
  }

  /** Waits for the head's sync, makes it durable, keeps the indexes; then lets go of the folder. */
  async close(): Promise<void> {
    this.#cancelHeadSync?.()
    await this.#headSync
    const log = this.#log
    try {
      // After a failure nothing is synced again: opening decides from what is really there.
      if (this.#failure === undefined) {
        if (!this.#headAtRest) this.#restHeadNow()
        this.#keepIndexes()
      }
    } catch (error) {
      throw isPerdureError(error) ? error : writeFailed(log.paths.root, 'close', undefined, error)
    } finally {
      closeFiles(log)
      log.unlock()
    }
  }

  #extent(open: OpenSegment): Extent {
    // The head holds the digest of just these bytes.
    return { bytes: open.bytes, last: this.#log.head.last, sha256: this.#log.head.sha256 }
  }

  /** Leaves the segment as it was if there is no room. */
  #writeBytes(open: OpenSegment, bytes: Uint8Array): void {
    try {
      writeWhole(open.file, bytes, open.bytes)
    } catch (error) {
      if (!isOutOfSpace(error)) throw error
      open.file.truncate(open.bytes)
      open.file.syncNow()
      throw diskFull(open.segment.path, error)
    }
  }

  #moveHead(open: OpenSegment, sha256: string, last: number, time: string | undefined): void {
    const log = this.#log
    log.head = { log: log.logId, segment: open.segment.from, bytes: open.bytes, last, time, sha256 }
    log.headFile.write(log.head)
    this.#headAtRest = false
  }

  /** The segment for the next group: the open one, or a new one if that is full. */
  #openSegment(): OpenSegment {
    const { open } = this.#log
    if (open !== undefined && open.bytes < this.#settings.segmentBytes) return open
    if (open !== undefined) this.#closeSegment(open)
    return this.#beginSegment()
  }

  #closeSegment(open: OpenSegment): void {
    const log = this.#log
    const contentDigest = open.hash.copy().digest('hex')
    const footer = Buffer.from(
      encodeFooter({ bytes: open.bytes, last: log.head.last, sha256: contentDigest }),
      'latin1',
    )
    this.#writeBytes(open, footer)
    try {
      open.file.syncNow()
    } catch (error) {
      throw syncFailed(open.segment.path, 'no', error)
    }
    open.hash.update(footer)
    open.bytes += footer.length
    open.index.blocks.append(footer, [])
    this.#moveHead(open, open.hash.copy().digest('hex'), log.head.last, log.head.time)
    this.#restHeadNow()
    open.file.close()
    log.open = undefined
    this.#keepIndex(open, contentDigest)
  }

  #beginSegment(): OpenSegment {
    const log = this.#log
    const { files } = log.platform
    const from = log.head.last + 1
    const path = log.paths.segment(from)
    const header = Buffer.from(encodeHeader(log.logId, from), 'latin1')
    try {
      if (log.segments.length === 0) {
        if (listOf(files, log.paths.segments) === undefined) files.makeFolder(log.paths.segments)
        files.syncFolder(log.paths.root)
      }
      createWhole(files, path, [header], log.paths.segments)
    } catch (error) {
      throw isOutOfSpace(error) ? diskFull(path, error) : error
    }
    const index = new OpenIndex()
    index.blocks.append(header, [])
    const open: OpenSegment = {
      segment: toSegment(log, from, index),
      index,
      file: files.open(path, 'write'),
      hash: createHash('sha256').update(header),
      bytes: header.length,
      indexChanged: false,
    }
    log.open = open
    log.segments.push(open.segment)
    this.#moveHead(open, open.hash.copy().digest('hex'), log.head.last, log.head.time)
    this.#restHeadNow()
    return open
  }

  /** Disposable: one that cannot be written, for whatever reason, is kept in memory and built again at the next opening. */
  #keepIndex(open: OpenSegment, contentDigest: string): void {
    try {
      const index = writeIndex(this.#log, open.segment.from, open.index, contentDigest)
      if (index !== undefined) open.segment.replaceIndex(index)
    } catch (error) {
      if (codeOf(error) === '') throw error
    }
  }

  #keepIndexes(): void {
    const { open, segments } = this.#log
    if (open?.indexChanged === true) this.#keepIndex(open, open.hash.copy().digest('hex'))
    for (const segment of segments)
      if (segment.indexDamaged) segment.replaceIndex(rebuildIndex(this.#log, segment.from))
  }

  /** Not put off by further appends: under a steady load the head would never be synced. */
  #planHeadSync(): void {
    if (this.#settings.syncHead === 'close' || this.#cancelHeadSync !== undefined) return
    this.#cancelHeadSync = this.#log.platform.timer(HEAD_SYNC_DELAY_MS, () => {
      this.#cancelHeadSync = undefined
      this.#headSync = this.#restHead().finally(() => {
        this.#headSync = undefined
      })
    })
  }

  /** Into both slots, one after the other, so that damage to one of them takes nothing back. */
  async #restHead(): Promise<void> {
    const { headFile } = this.#log
    try {
      await headFile.sync()
      // An append may have come meanwhile; then the next rest will do it.
      if (!headFile.isSynced) return
      headFile.write(this.#log.head)
      await headFile.sync()
      this.#headAtRest = headFile.isSynced
    } catch (error) {
      this.#fail(syncFailed(this.#log.paths.head, undefined, error))
    }
  }

  #restHeadNow(): void {
    const { headFile } = this.#log
    headFile.syncNow()
    headFile.write(this.#log.head)
    headFile.syncNow()
    this.#headAtRest = true
  }

  /** Runs a step of writing. What it throws, except for a lack of room, closes the log to appends. */
  #settle<T>(written: 'no' | 'unknown', step: () => T): T {
    try {
      return step()
    } catch (error) {
      if (isPerdureError(error) && error.code === 'disk-full') throw error
      throw this.#fail(isPerdureError(error) ? error : writeFailed(this.#log.paths.root, 'append', written, error))
    }
  }

  #fail<Failure extends PerdureError>(failure: Failure): Failure {
    this.#failure ??= failure
    this.#cancelHeadSync?.()
    return failure
  }
}

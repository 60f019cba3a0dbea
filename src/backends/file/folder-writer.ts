/** Writes the groups of the log, keeps their index, and begins a new segment when one is full. */
import { createHash } from 'node:crypto'
import { codeOf, isOutOfSpace } from '../../files/codes.js'
import { diskFull, syncFailed } from './failures.js'
import { closeFiles, rebuildIndex, toSegment, writeIndex, type FolderLog, type OpenSegment } from './folder-log.js'
import { encodeFooter, encodeHeader } from './format.js'
import { GroupWriter } from './group-writer.js'
import { OpenIndex, type IndexedEvent } from './open-index.js'
import type { Slab } from './slab.js'
import { createWhole } from '../../files/whole-write.js'
import { listOf } from './folder.js'

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
  readonly #segmentBytes: number
  readonly #groups: GroupWriter

  constructor(log: FolderLog, { segmentBytes, syncHead }: WriterSettings) {
    this.#log = log
    this.#segmentBytes = segmentBytes
    this.#groups = new GroupWriter(log, {
      operation: 'append',
      root: log.paths.root,
      headPath: log.paths.head,
      syncHead,
    })
  }

  /** @throws PerdureError as {@link GroupWriter.assertWritable} */
  assertWritable(): void {
    this.#groups.assertWritable()
  }

  /**
   * Writes the lines of the slab as one group; resolves once it is durable and on record. `isAlone`: it is a single
   * commit, and no other waits for the same sync.
   *
   * @throws PerdureError as {@link GroupWriter.write}
   */
  async write(slab: Slab, events: readonly WrittenEvent[], isAlone: boolean): Promise<void> {
    const end = { events: events.length, last: this.#log.head.last + events.length, time: events.at(-1)?.time }
    const { open, bytes, lineEnds } = await this.#groups.write(() => this.#openSegment(), slab, end, isAlone)
    open.index.blocks.append(bytes, lineEnds)
    open.indexChanged = true
    for (const { event, stream, revision, time } of events) open.index.add(event, stream, revision, time)
  }

  /** Says durably that there are current values. @throws PerdureError as {@link GroupWriter.noteValues} */
  noteValues(): void {
    this.#groups.noteValues()
  }

  /** Makes the head durable, keeps the indexes; then lets go of the folder. */
  async close(): Promise<void> {
    try {
      await this.#groups.close(() => {
        this.#keepIndexes()
      })
    } finally {
      closeFiles(this.#log)
      this.#log.unlock()
    }
  }

  /** The segment for the next group: the open one, or a new one if that is full. */
  #openSegment(): OpenSegment {
    const { open } = this.#log
    if (open !== undefined && open.bytes < this.#segmentBytes) return open
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
    this.#groups.writeBytes(open, footer)
    try {
      open.file.syncNow()
    } catch (error) {
      throw syncFailed(open.path, 'no', error)
    }
    open.hash.update(footer)
    open.bytes += footer.length
    open.index.blocks.append(footer, [])
    this.#groups.moveHead(open, open.hash.copy().digest('hex'), log.head.last, log.head.time)
    this.#groups.restHeadNow()
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
      path,
      from,
      file: files.open(path, 'write'),
      hash: createHash('sha256').update(header),
      bytes: header.length,
      indexChanged: false,
    }
    log.open = open
    log.segments.push(open.segment)
    this.#groups.moveHead(open, open.hash.copy().digest('hex'), log.head.last, log.head.time)
    this.#groups.restHeadNow()
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
}

/** The folder of current values, open for writing: where the newest value of each key stands, and where puts go. */
import { crc32 } from 'node:zlib'
import { isPerdureError, withWritten, type PerdureError } from '../../errors.js'
import { isOutOfSpace } from '../../files/codes.js'
import type { Platform } from '../../files/platform.js'
import type { KvEntry } from '../protocol.js'
import { SortedKeys } from '../sorted-keys.js'
import { diskFull, writeFailed } from './failures.js'
import type { FolderPaths } from './folder.js'
import { GroupWriter, type GroupFile } from './group-writer.js'
import type { LiveLines } from './kv-compaction.js'
import { beginFile, beginFolder, compactFile } from './kv-file.js'
import { textOf } from './kv-line.js'
import { KvLines } from './kv-lines.js'
import type { OpenKv } from './kv-settling.js'
import type { KvPlace } from './kv-walk.js'
import type { Slab } from './slab.js'

/**
 * A file is compacted once it is larger than this, and two thirds of it are out of date: each put then pays for half a line
 * that is written again. At half of it, it would pay for a whole one.
 */
const COMPACTION_SIZE_MIN_BYTES = 1024 * 1024
const COMPACTION_RATIO = 3

const NO_LINES: LiveLines = { entries: [], read: () => Buffer.alloc(0) }

export interface KvFolderOptions {
  readonly platform: Platform
  readonly paths: FolderPaths
  readonly logId: string
  /** Undefined: nothing was ever put; the folder is made by the first put. */
  readonly open: OpenKv | undefined
  /** Says in the log's head, durably, that there are current values. */
  readonly noteValues: () => void
  readonly syncHead: 'idle' | 'close'
  readonly compactionBytes: number | undefined
}

/** What became of a put. */
export interface WrittenPut {
  readonly key: string
  /** Undefined: the key was deleted. */
  readonly text: string | undefined
  readonly revision: number
}

export class KvFolder {
  readonly #options: KvFolderOptions
  readonly #keys = new SortedKeys()
  #open: OpenKv | undefined
  #writer: GroupWriter | undefined
  /** Bytes of the lines that hold the newest values. */
  #liveBytes = 0
  /** Why the folder could not be made. */
  #failure: PerdureError | undefined

  constructor(options: KvFolderOptions) {
    this.#options = options
    if (options.open !== undefined) this.#take(options.open)
  }

  /** For a check of the whole folder. */
  get opened(): OpenKv | undefined {
    return this.#open
  }

  /** The newest revision. */
  get last(): number {
    return this.#open?.head.last ?? 0
  }

  /** In UTF-8 byte order. */
  keys(): readonly string[] {
    return this.#open === undefined ? [] : this.#keys.of(this.#open.places)
  }

  /** 0: there is no such entry. */
  revisionOf(key: string): number {
    return this.#open?.places.get(key)?.revision ?? 0
  }

  /** @throws PerdureError `kv-corrupt`, `backend-failed` */
  entry(key: string): KvEntry | undefined {
    const place = this.#open?.places.get(key)
    if (place === undefined) return undefined
    const line = new KvLines(this.#open?.file as GroupFile).line(key, place)
    return { key, text: textOf(line.toString('utf8')), revision: place.revision }
  }

  /** @throws PerdureError, nothing written, once it is not known what was written, or where the folder cannot be made */
  assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#writer?.assertWritable()
  }

  /** Writes the lines of the slab, which are those of `puts`, as one group. @throws as {@link GroupWriter.write} */
  async write(slab: Slab, puts: readonly WrittenPut[], last: number, isAlone: boolean): Promise<void> {
    if (this.#open === undefined) this.#begin()
    const end = { events: puts.length, last, time: undefined }
    const written = await (this.#writer as GroupWriter).write(() => this.#openFile(), slab, end, isAlone)
    const { open, bytes, lineEnds } = written
    const { places } = this.#open as OpenKv
    const groupStart = open.bytes - bytes.length
    // Of the first line, what comes before is the mark, which ends with its newline.
    let start = bytes.indexOf(10) + 1
    puts.forEach(({ key, text, revision }, i) => {
      const next = lineEnds[i] as number
      const line = bytes.subarray(start, next - 1)
      const place = { revision, offset: groupStart + start, bytes: line.length, crc32: crc32(line) }
      this.#note(places, key, text === undefined ? undefined : place)
      start = next
    })
  }

  /** Makes the head durable. */
  async close(): Promise<void> {
    try {
      await this.#writer?.close(() => undefined)
    } finally {
      this.#open?.file?.file.close()
      this.#open?.headFile.close()
    }
  }

  #take(open: OpenKv): void {
    const { paths, syncHead } = this.#options
    this.#open = open
    this.#writer = new GroupWriter(open, { operation: 'put', root: paths.root, headPath: paths.kvHead, syncHead })
    for (const { bytes } of open.places.values()) this.#liveBytes += bytes
  }

  #note(places: Map<string, KvPlace>, key: string, place: KvPlace | undefined): void {
    const replaced = places.get(key)
    this.#liveBytes += (place?.bytes ?? 0) - (replaced?.bytes ?? 0)
    if (place === undefined) places.delete(key)
    else places.set(key, place)
    if ((replaced === undefined) !== (place === undefined)) this.#keys.note(key)
  }

  /** @throws PerdureError `disk-full`, and the next put tries again; anything else closes the values to puts */
  #begin(): void {
    const { platform, paths, logId, noteValues } = this.#options
    try {
      this.#take(beginFolder(platform, paths, logId))
      // Not before: a head that speaks of values where there are none is refused.
      noteValues()
    } catch (error) {
      if (isOutOfSpace(error)) throw diskFull(paths.kv, error)
      this.#failure = isPerdureError(error) ? error : writeFailed(paths.kv, 'put', 'no', error)
      throw this.#failure
    }
  }

  /** The file for the next group; a new one, if most of the old one is out of date. */
  #openFile(): GroupFile {
    const { paths, compactionBytes: limit = COMPACTION_SIZE_MIN_BYTES } = this.#options
    const [open, writer] = [this.#open as OpenKv, this.#writer as GroupWriter]
    const { file } = open
    if (file === undefined) return beginFile(open, writer, paths, NO_LINES)
    if (file.bytes < limit || file.bytes < COMPACTION_RATIO * this.#liveBytes) return file
    // Nothing was put since it began: another one would have its very name.
    if (file.from > open.head.last) return file
    try {
      return compactFile(open, writer, paths, file)
    } catch (error) {
      // Nothing is lost by not compacting, and there may be room for this group.
      if (isPerdureError(error) && error.code === 'disk-full') return file
      throw withWritten(error, 'no')
    }
  }
}

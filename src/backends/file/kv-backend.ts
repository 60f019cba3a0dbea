/** Current values in a folder: an append-only file of puts, and in memory where the newest one of each key stands. */
import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { isPerdureError, withWritten, type PerdureError } from '../../errors.js'
import { judgeKv, pageOf } from '../kv-rules.js'
import { SortedKeys } from '../sorted-keys.js'
import type { KvBackend, KvEntry, KvExpect, KvOutcome } from '../protocol.js'
import { isOutOfSpace } from '../../files/codes.js'
import { diskFull, writeFailed } from './failures.js'
import type { FolderPaths } from './folder.js'
import { encodeHeader } from './format.js'
import { GroupWriter, type GroupFile } from './group-writer.js'
import { encodeHeadFile, HeadFile } from './head-file.js'
import { compactedPieces, type LiveLine } from './kv-compaction.js'
import { composeKvLine, textOf } from './kv-line.js'
import { KvLines } from './kv-lines.js'
import { emptyHead, type OpenKv } from './kv-settling.js'
import type { KvPlace } from './kv-survey.js'
import type { Platform } from '../../files/platform.js'
import { listOf } from './folder.js'
import { Slab } from './slab.js'
import { createWhole } from '../../files/whole-write.js'

/** A group larger than this gains nothing. */
const GROUP_LENGTH_MAX = 1000
const GROUP_SIZE_MAX_CHARACTERS = 4 * 1024 * 1024

/** A file is compacted once it is larger than this, and more than half of it is out of date. */
const COMPACTION_SIZE_MIN_BYTES = 1024 * 1024

const COMPACTION_READ_SIZE_BYTES = 1024 * 1024

interface Waiting {
  readonly key: string
  readonly text: string | undefined
  readonly expect: KvExpect
  readonly resolve: (outcome: KvOutcome) => void
  readonly reject: (error: unknown) => void
}

/** What a put becomes in the file. */
interface Placed {
  readonly key: string
  readonly revision: number
  readonly isDeletion: boolean
}

/** At least one. */
function takeGroup(waiting: readonly Waiting[]): readonly Waiting[] {
  let characters = 0
  const end = waiting.findIndex(({ text }, i) => {
    characters += text?.length ?? 0
    return i > 0 && (i >= GROUP_LENGTH_MAX || characters > GROUP_SIZE_MAX_CHARACTERS)
  })
  return end < 0 ? waiting : waiting.slice(0, end)
}

export interface FileKvOptions {
  readonly platform: Platform
  readonly paths: FolderPaths
  readonly logId: string
  /** Undefined: nothing was ever put; the folder is made by the first put. */
  readonly open: OpenKv | undefined
  readonly syncHead: 'idle' | 'close'
  readonly compactionBytes: number | undefined
  readonly assertOpen: (written?: 'no') => void
}

export class FileKv implements KvBackend {
  readonly #options: FileKvOptions
  readonly #slab = new Slab()
  #open: OpenKv | undefined
  #writer: GroupWriter | undefined
  readonly #keys = new SortedKeys()
  /** Bytes of the lines that hold the newest values. */
  #liveBytes = 0
  /** Why the folder could not be made. */
  #failure: PerdureError | undefined
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(options: FileKvOptions) {
    this.#options = options
    if (options.open !== undefined) this.#take(options.open)
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#options.assertOpen()
    const place = this.#open?.places.get(key)
    return place === undefined ? undefined : this.#read(key, place)
  }

  put(key: string, text: string | undefined, expect: KvExpect): Promise<KvOutcome> {
    return new Promise((resolve, reject) => {
      this.#options.assertOpen('no')
      this.#waiting.push({ key, text, expect, resolve, reject })
      // A microtask later: puts made in the same turn share the first group already.
      this.#running ??= Promise.resolve().then(() => this.#run())
    })
  }

  async list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]> {
    this.#options.assertOpen()
    const places = this.#open?.places
    if (places === undefined) return []
    return pageOf(this.#keys.of(places), prefix, page, (key) => {
      const place = places.get(key)
      return place === undefined ? undefined : this.#read(key, place)
    })
  }

  /** For a check of the whole folder. */
  get opened(): OpenKv | undefined {
    return this.#open
  }

  /** Finishes what is under way and makes the head durable. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running
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

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = takeGroup(this.#waiting)
      this.#waiting = this.#waiting.slice(group.length)
      try {
        const outcomes = await this.#write(group)
        group.forEach(({ resolve }, i) => {
          resolve(outcomes[i] as KvOutcome)
        })
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = undefined
  }

  /** Judged in order, each against what the ones before it in the group will have written. */
  async #write(group: readonly Waiting[]): Promise<readonly KvOutcome[]> {
    this.#assertWritable()
    const before = this.#open
    const moved = new Map<string, number>()
    const placed: Placed[] = []
    let last = before?.head.last ?? 0
    this.#slab.clear()
    const outcomes = group.map(({ key, text, expect }): KvOutcome => {
      const refusal = judgeKv(moved.get(key) ?? before?.places.get(key)?.revision ?? 0, text, expect)
      if (refusal !== undefined) return refusal
      const revision = ++last
      this.#slab.add(composeKvLine(revision, key, text))
      placed.push({ key, revision, isDeletion: text === undefined })
      moved.set(key, text === undefined ? 0 : revision)
      return { kind: 'written', revision }
    })
    if (placed.length > 0) await this.#writeGroup(placed, last, group.length === 1)
    return outcomes
  }

  /** Once it is not known what was written, no conflict can be told either. */
  #assertWritable(): void {
    if (this.#failure !== undefined) throw this.#failure
    this.#writer?.assertWritable()
  }

  async #writeGroup(placed: readonly Placed[], last: number, isAlone: boolean): Promise<void> {
    if (this.#open === undefined) this.#take(this.#beginFolder())
    const { places } = this.#open as OpenKv
    const end = { events: placed.length, last, time: undefined }
    const written = await (this.#writer as GroupWriter).write(() => this.#openFile(), this.#slab, end, isAlone)
    const { open, bytes, lineEnds } = written
    const groupStart = open.bytes - bytes.length
    placed.forEach(({ key, revision, isDeletion }, i) => {
      // Of the first line, what comes before is the mark, which ends with its newline.
      const start = i === 0 ? bytes.indexOf(10) + 1 : (lineEnds[i - 1] as number)
      const lineEnd = (lineEnds[i] as number) - 1
      this.#note(places, key, isDeletion, {
        revision,
        offset: groupStart + start,
        bytes: lineEnd - start,
        crc32: crc32(bytes.subarray(start, lineEnd)),
      })
    })
  }

  #note(places: Map<string, KvPlace>, key: string, isDeletion: boolean, place: KvPlace): void {
    const replaced = places.get(key)
    this.#liveBytes -= replaced?.bytes ?? 0
    if (isDeletion) places.delete(key)
    else {
      places.set(key, place)
      this.#liveBytes += place.bytes
    }
    if ((replaced === undefined) !== isDeletion) this.#keys.note(key)
  }

  /** The file for the next group; a new one, if most of the old one is out of date. */
  #openFile(): GroupFile {
    const open = this.#open as OpenKv
    const { file } = open
    const limit = this.#options.compactionBytes ?? COMPACTION_SIZE_MIN_BYTES
    if (file === undefined) return this.#beginFile(open, [])
    if (file.bytes < limit || file.bytes < 2 * this.#liveBytes) return file
    // Nothing was put since it began: another one would have its very name.
    if (file.from > open.head.last) return file
    try {
      return this.#compact(open, file)
    } catch (error) {
      // Nothing is lost by not compacting, and there may be room for this group.
      if (isPerdureError(error) && error.code === 'disk-full') return file
      throw withWritten(error, 'no')
    }
  }

  /** @throws PerdureError `disk-full`, and the next put tries again; anything else closes the values to puts */
  #beginFolder(): OpenKv {
    try {
      return this.#begin()
    } catch (error) {
      const { paths } = this.#options
      if (isOutOfSpace(error)) throw diskFull(paths.kv, error)
      this.#failure = writeFailed(paths.kv, 'put', 'no', error)
      throw this.#failure
    }
  }

  /** The head first: a file that no head names is none. */
  #begin(): OpenKv {
    const { platform, paths, logId } = this.#options
    const { files } = platform
    if (listOf(files, paths.kv) === undefined) files.makeFolder(paths.kv)
    files.syncFolder(paths.root)
    const head = emptyHead(logId)
    createWhole(files, paths.kvHead, [encodeHeadFile(head)], paths.kv)
    const headFile = new HeadFile(files, paths.kvHead, 1)
    // It is durable, and the first write must leave its slot alone.
    headFile.syncNow()
    return { logId, platform, headFile, head, places: new Map(), file: undefined }
  }

  /** Writes the newest values into a file of their own, makes the head name it, and only then removes the old one. */
  #compact(open: OpenKv, old: GroupFile): GroupFile {
    const byRevision = [...open.places].sort(([, a], [, b]) => a.revision - b.revision)
    // In the order of revisions, which is their order in the file.
    const reader = new KvLines(old, COMPACTION_READ_SIZE_BYTES)
    const lines = byRevision.map(([key, place]): LiveLine => ({ key, place, read: () => reader.line(key, place) }))
    const file = this.#beginFile(open, lines)
    old.file.close()
    this.#options.platform.files.remove(old.path)
    return file
  }

  /** A file that begins with these lines. */
  #beginFile(open: OpenKv, lines: readonly LiveLine[]): GroupFile {
    const { platform, paths, logId } = this.#options
    const from = open.head.last + 1
    const path = paths.kvFile(from)
    const hash = createHash('sha256')
    const places = new Map<string, KvPlace>()
    let bytes = 0
    const header = Buffer.from(encodeHeader(logId, from), 'latin1')
    const pieces = compactedPieces(header, lines, { last: from - 1, hash, places })
    const counted = function* (): Generator<Uint8Array, void, void> {
      for (const piece of pieces) {
        bytes += piece.length
        yield piece
      }
    }
    try {
      createWhole(platform.files, path, counted(), paths.kv)
    } catch (error) {
      throw isOutOfSpace(error) ? diskFull(path, error) : error
    }
    const file: GroupFile = { path, from, file: platform.files.open(path, 'write'), hash, bytes }
    for (const [key, place] of places) open.places.set(key, place)
    open.file = file
    const writer = this.#writer as GroupWriter
    writer.moveHead(file, hash.copy().digest('hex'), open.head.last, undefined)
    writer.restHeadNow()
    return file
  }

  /** @throws PerdureError `kv-corrupt`, `backend-failed` */
  #read(key: string, place: KvPlace): KvEntry {
    const line = new KvLines((this.#open as OpenKv).file as GroupFile).line(key, place)
    return { key, text: textOf(line.toString('utf8')), revision: place.revision }
  }
}

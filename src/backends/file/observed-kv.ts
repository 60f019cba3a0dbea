/** The current values of a folder as an observer sees them: what their head vouches for. */
import { isPerdureError, PerdureError, type AnyPerdureError } from '../../errors.js'
import { compareUtf8 } from '../../log/utf8-order.js'
import { pageOf } from '../kv-rules.js'
import type { KvBackend, KvEntry, KvOutcome } from '../protocol.js'
import { listOf, type FolderPaths } from './folder.js'
import { parseSegmentName } from './format.js'
import { textOf } from './kv-line.js'
import { fileMissing, headMissing, readKvHead, readVouched, type KvWalk } from './kv-survey.js'
import { isGone } from './observed-log.js'
import type { Files } from '../../files/platform.js'

/** How often the file may be compacted away between two looks. */
const ATTEMPTS_MAX = 10

export class ObservedKv implements KvBackend {
  readonly #files: Files
  readonly #paths: FolderPaths
  readonly #log: string
  readonly #assertOpen: () => void
  #walk: KvWalk | undefined
  #keys: readonly string[] = []
  /** Counter of the head that was read last. */
  #write = -1

  constructor(files: Files, paths: FolderPaths, log: string, assertOpen: () => void) {
    this.#files = files
    this.#paths = paths
    this.#log = log
    this.#assertOpen = assertOpen
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#refresh()
    return this.#entry(key)
  }

  async list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]> {
    this.#refresh()
    return pageOf(this.#keys, prefix, page, (key) => this.#entry(key))
  }

  async put(): Promise<KvOutcome> {
    throw readOnly('kv.put')
  }

  #entry(key: string): KvEntry | undefined {
    const place = this.#walk?.places.get(key)
    if (place === undefined || this.#walk === undefined) return undefined
    const line = this.#walk.bytes.toString('utf8', place.offset, place.offset + place.bytes)
    return { key, text: textOf(line), revision: place.revision }
  }

  #refresh(): void {
    this.#assertOpen()
    for (let attempt = 1; ; attempt++) {
      try {
        this.#read()
        return
      } catch (error) {
        // The file that the head named may be gone by the time it is opened: then the head names another.
        const mayPass = isGone(error) || (isPerdureError(error) && this.#isBeingWritten(error))
        if (mayPass && attempt < ATTEMPTS_MAX) continue
        throw isGone(error) ? fileMissing(this.#paths.kv) : error
      }
    }
  }

  /** The head may be met while it is written, or made, and is found whole a moment later. */
  #isBeingWritten({ code, facts }: AnyPerdureError): boolean {
    return code === 'head-missing' || (code === 'kv-corrupt' && facts.path === this.#paths.kvHead)
  }

  #read(): void {
    const head = readKvHead(this.#files, this.#paths, this.#log, false)
    if (head === undefined) {
      const names = listOf(this.#files, this.#paths.kv) ?? []
      if (names.some((name) => parseSegmentName(name) !== undefined)) throw headMissing(this.#paths)
      return
    }
    if (head.write === this.#write) return
    this.#walk = readVouched(this.#files, this.#paths, this.#log, head)
    this.#keys = [...(this.#walk?.places.keys() ?? [])].sort(compareUtf8)
    this.#write = head.write
  }
}

export function readOnly(feature: string): PerdureError<'unsupported'> {
  return new PerdureError(
    'unsupported',
    `an observer only reads: it has no ${feature}`,
    { feature },
    {
      written: 'no',
      hint: 'Open the store with open() to write to it.',
    },
  )
}

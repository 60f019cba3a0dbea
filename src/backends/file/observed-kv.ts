/** The current values of a folder as an observer sees them: what their head vouches for, and more of it as it moves on. */
import { PerdureError } from '../../errors.js'
import type { Files } from '../../files/platform.js'
import { pageOf } from '../kv-rules.js'
import type { KvBackend, KvEntry, KvOutcome } from '../protocol.js'
import type { FolderPaths } from './folder.js'
import { textOf } from './kv-line.js'
import { lookWhileWritten, readKvHead, readVouched, type KvRecord } from './kv-vouched.js'
import type { KvWalk } from './kv-walk.js'

export class ObservedKv implements KvBackend {
  readonly #files: Files
  readonly #paths: FolderPaths
  readonly #log: string
  readonly #assertOpen: () => void
  #walk: KvWalk | undefined
  /** Counter of the head up to which they were read. */
  #write = 0
  /** There was a head once. */
  #isBegun = false

  /** Looks at their head, no more. @throws PerdureError `head-missing`, `kv-corrupt`, `format-newer`, `backend-failed` */
  constructor(files: Files, paths: FolderPaths, record: KvRecord, assertOpen: () => void) {
    this.#files = files
    this.#paths = paths
    this.#log = record.log
    this.#assertOpen = assertOpen
    lookWhileWritten(paths, () => readKvHead(files, paths, record, false))
  }

  async get(key: string): Promise<KvEntry | undefined> {
    const walk = this.#refreshed()
    return walk === undefined ? undefined : entryOf(walk, key)
  }

  async list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]> {
    const walk = this.#refreshed()
    return walk === undefined ? [] : pageOf(walk.keys.of(walk.places), prefix, page, (key) => entryOf(walk, key))
  }

  async put(): Promise<KvOutcome> {
    throw readOnly('kv.put')
  }

  #refreshed(): KvWalk | undefined {
    this.#assertOpen()
    lookWhileWritten(this.#paths, () => {
      this.#read()
    })
    return this.#walk
  }

  #read(): void {
    const record = { log: this.#log, hasKv: this.#isBegun }
    const head = readKvHead(this.#files, this.#paths, record, false)
    if (head === undefined || head.write === this.#write) return
    // The newer slot is being written.
    if (head.tornSlot && head.write < this.#write) return
    this.#isBegun = true
    const known = this.#walk
    // If this fails, what was known is half of one head and half of another.
    this.#walk = undefined
    this.#write = 0
    this.#walk = readVouched(this.#files, this.#paths, head, known)
    this.#write = head.write
  }
}

function entryOf({ places, bytes }: KvWalk, key: string): KvEntry | undefined {
  const place = places.get(key)
  if (place === undefined) return undefined
  const line = bytes.toString('utf8', place.offset, place.offset + place.bytes)
  return { key, text: textOf(line), revision: place.revision }
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

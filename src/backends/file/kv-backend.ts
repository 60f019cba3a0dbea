/** Current values in a folder: gathers puts made at the same time into groups, and judges each at its turn. */
import { judgeKv, pageOf } from '../kv-rules.js'
import type { KvBackend, KvEntry, KvExpect, KvOutcome } from '../protocol.js'
import { KvFolder, type KvFolderOptions } from './kv-folder.js'
import { composeKvLine } from './kv-line.js'
import type { OpenKv } from './kv-settling.js'
import { Slab } from './slab.js'

/** A group larger than this gains nothing. */
const GROUP_LENGTH_MAX = 1000
const GROUP_SIZE_MAX_CHARACTERS = 4 * 1024 * 1024

interface Waiting {
  readonly key: string
  readonly text: string | undefined
  readonly expect: KvExpect
  readonly resolve: (outcome: KvOutcome) => void
  readonly reject: (error: unknown) => void
  /** Once it has been judged. */
  outcome: KvOutcome | undefined
  /** Of what it writes; 0: nothing. */
  revision: number
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

export interface FileKvOptions extends KvFolderOptions {
  readonly assertOpen: (written?: 'no') => void
}

export class FileKv implements KvBackend {
  readonly #assertOpen: (written?: 'no') => void
  readonly #folder: KvFolder
  readonly #slab = new Slab()
  #waiting: Waiting[] = []
  #running: Promise<void> | undefined

  constructor(options: FileKvOptions) {
    this.#assertOpen = options.assertOpen
    this.#folder = new KvFolder(options)
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#assertOpen()
    return this.#folder.entry(key)
  }

  put(key: string, text: string | undefined, expect: KvExpect): Promise<KvOutcome> {
    return new Promise((resolve, reject) => {
      this.#assertOpen('no')
      this.#waiting.push({ key, text, expect, resolve, reject, outcome: undefined, revision: 0 })
      // A microtask later: puts made in the same turn share the first group already.
      this.#running ??= Promise.resolve().then(() => this.#run())
    })
  }

  async list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]> {
    this.#assertOpen()
    return pageOf(this.#folder.keys(), prefix, page, (key) => this.#folder.entry(key))
  }

  /** For a check of the whole folder. */
  get opened(): OpenKv | undefined {
    return this.#folder.opened
  }

  /** Finishes what is under way and makes the head durable. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running
    await this.#folder.close()
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = takeGroup(this.#waiting)
      this.#waiting = this.#waiting.slice(group.length)
      try {
        await this.#write(group)
        for (const { resolve, outcome } of group) resolve(outcome as KvOutcome)
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = undefined
  }

  /** Judged in order, each against what the ones before it in the group will have written. */
  async #write(group: readonly Waiting[]): Promise<void> {
    // Once it is not known what was written, no conflict can be told either.
    this.#folder.assertWritable()
    const moved = new Map<string, number>()
    let { last } = this.#folder
    this.#slab.clear()
    for (const put of group) {
      const { key, text, expect } = put
      const refusal = judgeKv(moved.get(key) ?? this.#folder.revisionOf(key), text, expect)
      if (refusal === undefined) {
        put.revision = ++last
        this.#slab.add(composeKvLine(last, key, text))
        moved.set(key, text === undefined ? 0 : last)
      }
      put.outcome = refusal ?? { kind: 'written', revision: last }
    }
    const puts = group.filter(({ revision }) => revision > 0)
    if (puts.length > 0) await this.#folder.write(this.#slab, puts, last, group.length === 1)
  }
}

/** Current values in memory. */
import type { KvBackend, KvEntry, KvExpect, KvOutcome } from '../protocol.js'
import { judgeKv, pageOf } from '../kv-rules.js'
import { SortedKeys } from '../sorted-keys.js'

export class MemoryKv implements KvBackend {
  readonly #entries = new Map<string, KvEntry>()
  readonly #assertOpen: (written?: 'no') => void
  #revision = 0
  readonly #keys = new SortedKeys()

  constructor(assertOpen: (written?: 'no') => void) {
    this.#assertOpen = assertOpen
  }

  async get(key: string): Promise<KvEntry | undefined> {
    this.#assertOpen()
    return this.#entries.get(key)
  }

  async put(key: string, text: string | undefined, expect: KvExpect): Promise<KvOutcome> {
    this.#assertOpen('no')
    const entry = this.#entries.get(key)
    const refusal = judgeKv(entry?.revision ?? 0, text, expect)
    if (refusal !== undefined) return refusal
    const revision = ++this.#revision
    if (text === undefined) this.#entries.delete(key)
    else this.#entries.set(key, { key, text, revision })
    if ((entry === undefined) !== (text === undefined)) this.#keys.note(key)
    return { kind: 'written', revision }
  }

  async list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]> {
    this.#assertOpen()
    return pageOf(this.#keys.of(this.#entries), prefix, page, (key) => this.#entries.get(key))
  }
}

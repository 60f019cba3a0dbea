/** Current values in memory. */
import { compareUtf8 } from '../../log/utf8-order.js'
import type { KvBackend, KvEntry, KvExpect, KvOutcome } from '../protocol.js'
import { judgeKv, pageOf } from '../kv-rules.js'

export class MemoryKv implements KvBackend {
  readonly #entries = new Map<string, KvEntry>()
  readonly #assertOpen: (written?: 'no') => void
  #revision = 0
  #sorted: string[] | undefined

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
    if ((entry === undefined) !== (text === undefined)) this.#sorted = undefined
    return { kind: 'written', revision }
  }

  async list(
    prefix: string,
    page: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  ): Promise<readonly KvEntry[]> {
    this.#assertOpen()
    this.#sorted ??= [...this.#entries.keys()].sort(compareUtf8)
    return pageOf(this.#sorted, prefix, page, (key) => this.#entries.get(key))
  }
}

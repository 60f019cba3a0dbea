/** A key store in memory, for tests and for stores in memory: gone with the process. */
import { compareUtf8 } from '../log/utf8-order.js'
import type { KeyChange, KeyProvider, KeyRecord, KeyStore } from './key-store.js'

export class MemoryKeys implements KeyStore {
  readonly name = 'memory:'
  readonly #records = new Map<string, string>()

  constructor(readonly provider: KeyProvider) {}

  async read(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = names.flatMap((name) => {
      const text = this.#records.get(name)
      return text === undefined ? [] : [[name, text] as const]
    })
    return new Map(found)
  }

  async list(
    prefix: string,
    { after, limit }: { readonly after: string; readonly limit: number },
  ): Promise<readonly KeyRecord[]> {
    return [...this.#records]
      .map(([name, text]) => ({ name, text }))
      .filter(({ name }) => name.startsWith(prefix) && compareUtf8(name, after) > 0)
      .sort((a, b) => compareUtf8(a.name, b.name))
      .slice(0, limit)
  }

  async write(changes: readonly KeyChange[]): Promise<boolean> {
    if (changes.some(({ name, expect }) => this.#records.get(name) !== expect)) return false
    for (const { name, text } of changes) {
      if (text === undefined) this.#records.delete(name)
      else this.#records.set(name, text)
    }
    return true
  }

  async close(): Promise<void> {}
}

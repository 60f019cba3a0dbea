/** The data keys that are unwrapped in memory, by whose they are: as many as fit, the newest. */
import type { KeptKey } from './key-records.js'

/** Of how many owners: their keys take about half a kilobyte each. */
export const OWNERS_MAX = 20_000

export interface DataKey {
  readonly id: string
  readonly owner: string
  readonly class: string
  readonly secret: Uint8Array
  /** As noted in the store, and since then by this process. */
  noted: number
  used: number
}

interface Keys {
  readonly byId: Map<string, DataKey>
  /** By class, those that seal. */
  readonly sealing: Map<string, DataKey>
}

export class DataKeys {
  readonly #owners = new Map<string, Keys>()

  opening(owner: string, id: string): DataKey | undefined {
    return this.#owners.get(owner)?.byId.get(id)
  }

  sealing(owner: string, ofClass: string): DataKey | undefined {
    return this.#owners.get(owner)?.sealing.get(ofClass)
  }

  /** The key that is known already under this id, or else this one. */
  keep(key: DataKey): DataKey {
    const keys = this.#owners.get(key.owner) ?? {
      byId: new Map<string, DataKey>(),
      sealing: new Map<string, DataKey>(),
    }
    const known = keys.byId.get(key.id) ?? key
    keys.byId.set(key.id, known)
    this.#owners.delete(key.owner)
    this.#owners.set(key.owner, keys)
    for (const oldest of this.#owners.keys()) {
      if (this.#owners.size <= OWNERS_MAX) break
      this.#owners.delete(oldest)
    }
    return known
  }

  keepSealing(key: DataKey): DataKey {
    const known = this.keep(key)
    this.#owners.get(key.owner)?.sealing.set(key.class, known)
    return known
  }

  forget(owner: string): void {
    this.#owners.delete(owner)
  }

  clear(): void {
    this.#owners.clear()
  }
}

export function toDataKey(owner: string, { id, class: ofClass, uses }: KeptKey, secret: Uint8Array): DataKey {
  return { id, owner, class: ofClass, secret, noted: uses, used: 0 }
}

/** Makes data keys, and keeps them where they survive before anything is sealed with them. */
import { PerdureError } from '../errors.js'
import { assertBelongs } from './binding.js'
import { toDataKey, type DataKey, type DataKeys } from './data-keys.js'
import {
  encodeRecord,
  isShredded,
  parseOwnerRecord,
  parseStoreRecord,
  STORE_RECORD,
  type KeptKey,
  type OwnerRecord,
  type StoreRecord,
} from './key-records.js'
import type { KeyChange, KeyStore } from './key-store.js'
import { checkValueOf, KEY_SIZE_BYTES } from './sealing.js'
import { haveChanged, unwrapKey, wrapKey } from './wrapping.js'

/** How often others may be first before it is taken for a fault. */
const ATTEMPTS_MAX = 100

const ID_SIZE_BYTES = 12

/** Whose key is wanted, to seal data of which class. */
export interface Wanted {
  readonly owner: string
  readonly class: string
}

export function nameOf({ owner, class: ofClass }: Wanted): string {
  return JSON.stringify([owner, ofClass])
}

export interface KeyMakerOptions {
  readonly store: KeyStore
  readonly logId: string
  readonly random: (bytes: number) => Uint8Array
  /** Those at hand: their uses are noted by the way. */
  readonly keys: DataKeys
  readonly usesMax: number
  /** The store's own record as it was when the log was opened. */
  readonly bound?: StoreRecord
  /** Called before a new key is used, with how many were ever made: durable once it resolves. */
  readonly onMade: (made: number) => Promise<void>
}

/** A key that was just made; it stands in no record until that is written. */
interface Fresh {
  readonly kept: KeptKey
  readonly secret: Uint8Array
}

type Records = ReadonlyMap<string, OwnerRecord>

export class KeyMaker {
  readonly #options: KeyMakerOptions
  #bound: StoreRecord | undefined
  /** How many keys the log knows to have been made. */
  #noted = -1

  constructor(options: KeyMakerOptions) {
    this.#options = options
    this.#bound = options.bound
  }

  /**
   * Each distinct one, by {@link nameOf}; those that are shredded are left out.
   *
   * @throws PerdureError `key-unavailable`, `keys-foreign`, `keys-outdated`…
   */
  async make(missing: readonly Wanted[]): Promise<ReadonlyMap<string, DataKey>> {
    const { store } = this.#options
    const names = [STORE_RECORD, ...new Set(missing.map(({ owner }) => owner))]
    // Kept while the write is tried again.
    const fresh = new Map<string, Fresh>()
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const texts = await store.read(names)
      try {
        const keys = await this.#attempt(texts, missing, fresh)
        if (keys !== undefined) return keys
      } catch (error) {
        if (!(await haveChanged(store, names, texts))) throw error
      }
    }
    throw new PerdureError(
      'key-unavailable',
      `${store.name} kept changing while a key was made`,
      { store: store.name },
      { hint: 'Try again.', written: 'no' },
    )
  }

  /** Undefined: others have changed something in between. */
  async #attempt(
    texts: ReadonlyMap<string, string>,
    missing: readonly Wanted[],
    fresh: Map<string, Fresh>,
  ): Promise<ReadonlyMap<string, DataKey> | undefined> {
    const { name } = this.#options.store
    const storeRecord = this.#checked(parseStoreRecord(name, texts.get(STORE_RECORD)))
    const owners = new Set(missing.map(({ owner }) => owner))
    const before = new Map([...owners].map((owner) => [owner, parseOwnerRecord(name, owner, texts.get(owner))]))
    const counted = new Map<DataKey, number>()
    const after = await this.#extend(this.#withUses(before, counted), missing, storeRecord.master, fresh)
    const next = { ...storeRecord, made: storeRecord.made + countOf(after) - countOf(before) }
    if (!(await this.#write(texts, after, next))) return undefined
    this.#bound = next
    for (const [key, count] of counted) key.used -= count
    await this.#noteMade(next.made)
    return await this.#take(after, missing, fresh)
  }

  /** The store was not put in the place of another while the log is open. */
  #checked(record: StoreRecord): StoreRecord {
    const { store, logId } = this.#options
    assertBelongs(store.name, record, logId, this.#bound && { store: this.#bound.id, made: this.#bound.made })
    return record
  }

  /** With what this process has used of the keys since it last said so. */
  #withUses(records: Records, counted: Map<DataKey, number>): Map<string, OwnerRecord> {
    const noted = new Map<string, OwnerRecord>()
    for (const [owner, record] of records) {
      const keys = record.keys.map((kept) => {
        const key = this.#options.keys.opening(owner, kept.id)
        if (key === undefined || key.used === 0) return kept
        counted.set(key, key.used)
        return { ...kept, uses: kept.uses + key.used }
      })
      noted.set(owner, { ...record, keys })
    }
    return noted
  }

  async #extend(
    records: Map<string, OwnerRecord>,
    missing: readonly Wanted[],
    master: string,
    fresh: Map<string, Fresh>,
  ): Promise<Records> {
    for (const one of missing) {
      const record = records.get(one.owner) as OwnerRecord
      // Told to whoever asked for it, who need not be the only one here.
      if (isShredded(record, one.class) || this.#sealingOf(record, one.class) !== undefined) continue
      const made = fresh.get(nameOf(one))
      const { kept } = made?.kept.master === master ? made : await this.#create(one, master, fresh)
      records.set(one.owner, { ...record, keys: [...record.keys, kept] })
    }
    return records
  }

  async #create(wanted: Wanted, master: string, fresh: Map<string, Fresh>): Promise<Fresh> {
    const { store, logId, random } = this.#options
    const id = Buffer.from(random(ID_SIZE_BYTES)).toString('base64url')
    const secret = Uint8Array.from(random(KEY_SIZE_BYTES))
    const wrapped = await wrapKey({ store, logId, owner: wanted.owner, id }, master, secret)
    const kept = { id, class: wanted.class, master, wrapped, check: checkValueOf(secret), uses: 0 }
    fresh.set(nameOf(wanted), { kept, secret })
    return { kept, secret }
  }

  async #write(texts: ReadonlyMap<string, string>, after: Records, storeRecord: StoreRecord): Promise<boolean> {
    const changes: KeyChange[] = []
    for (const [name, record] of after) {
      const [expect, text] = [texts.get(name), encodeRecord(record)]
      if (text !== expect) changes.push({ name, expect, text })
    }
    if (changes.length === 0) return true
    // Also where it stays as it is: a rotation that has begun in between would not see what is made for the former master.
    changes.unshift({ name: STORE_RECORD, expect: texts.get(STORE_RECORD), text: encodeRecord(storeRecord) })
    return await this.#options.store.write(changes)
  }

  /** Also what another process has made, which may have died before it could say so. */
  async #noteMade(made: number): Promise<void> {
    if (made <= this.#noted) return
    await this.#options.onMade(made)
    this.#noted = made
  }

  async #take(
    records: Records,
    missing: readonly Wanted[],
    fresh: ReadonlyMap<string, Fresh>,
  ): Promise<ReadonlyMap<string, DataKey>> {
    const { store, logId, keys } = this.#options
    const taken = new Map<string, DataKey>()
    for (const one of missing) {
      const { owner } = one
      const record = records.get(owner) as OwnerRecord
      const kept = isShredded(record, one.class) ? undefined : this.#sealingOf(record, one.class)
      if (kept === undefined) continue
      const made = fresh.get(nameOf(one))
      const known = made?.kept.id === kept.id ? made : keys.opening(owner, kept.id)
      const secret = known?.secret ?? (await unwrapKey({ store, logId, owner, id: kept.id }, kept))
      const key = keys.keepSealing(toDataKey(owner, kept, secret))
      key.noted = kept.uses
      taken.set(nameOf(one), key)
    }
    return taken
  }

  #sealingOf({ keys }: OwnerRecord, ofClass: string): KeptKey | undefined {
    const last = keys.findLast((key) => key.class === ofClass)
    return last !== undefined && last.uses < this.#options.usesMax ? last : undefined
  }
}

function countOf(records: Records): number {
  return [...records.values()].reduce((sum, { keys }) => sum + keys.length, 0)
}

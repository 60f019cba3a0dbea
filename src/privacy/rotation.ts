/**
 * Putting another master key in the place of the one that wraps the data keys, while the log is in use. Events stay as
 * they are. However often it is interrupted, every key is wrapped by a master key that is still there; only when none is
 * wrapped by the former one, that is destroyed, and with it every copy of the key store that knows no other.
 */
import { PerdureError } from '../errors.js'
import {
  encodeRecord,
  isOwner,
  parseOwnerRecord,
  parseStoreRecord,
  STORE_RECORD,
  type KeptKey,
  type OwnerRecord,
  type StoreRecord,
} from './key-records.js'
import type { KeyChange, KeyRecord, KeyStore } from './key-store.js'
import { haveChanged, unwrapKey, wrapKey } from './wrapping.js'

const PAGE_LENGTH = 100
const ATTEMPTS_MAX = 100

export interface Rotated {
  /** The master key that wraps all keys now. */
  readonly master: string
  /** How many keys were wrapped anew. */
  readonly keys: number
}

export interface RotateOptions {
  readonly onProgress?: (keys: number) => void
}

/**
 * @throws PerdureError `unsupported` if the master key is renewed elsewhere and is still the same; `key-unavailable`,
 * `key-timeout`, `key-mismatch`, `master-key-missing`: called again it goes on
 */
export async function rotate(store: KeyStore, logId: string, { onProgress }: RotateOptions): Promise<Rotated> {
  const { master, former } = await begin(store)
  const rewrapping = new Rewrapping(store, logId, master)
  let keys = 0
  // Destroying cannot be taken back: it is done after a look at all keys that has found none to wrap.
  for (let count = await rewrapping.pass(); count > 0; count = await rewrapping.pass()) {
    keys += count
    onProgress?.(keys)
  }
  await store.provider.retire?.(former)
  await end(store, master)
  return { master, keys }
}

/** What is made from here on is wrapped by the new master key; a rotation that was interrupted goes on. */
async function begin(store: KeyStore): Promise<Required<StoreRecord>> {
  const { provider } = store
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
    const { text, record } = await readRecord(store)
    if (isRotating(record)) return record
    await provider.renew?.(record.master)
    const master = await provider.current()
    if (master === record.master) throw nothingNew(provider.name)
    const begun = { ...record, master, former: record.master }
    if (await store.write([{ name: STORE_RECORD, expect: text, text: encodeRecord(begun) }])) return begun
  }
  throw busy(store)
}

async function end(store: KeyStore, master: string): Promise<void> {
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
    const { text, record } = await readRecord(store)
    const { former, ...ended } = record
    // Somebody else has ended it, and may have begun another.
    if (former === undefined || record.master !== master) return
    if (await store.write([{ name: STORE_RECORD, expect: text, text: encodeRecord(ended) }])) return
  }
  throw busy(store)
}

class Rewrapping {
  readonly #store: KeyStore
  readonly #logId: string
  readonly #master: string

  constructor(store: KeyStore, logId: string, master: string) {
    this.#store = store
    this.#logId = logId
    this.#master = master
  }

  /** Looks at all keys. @returns how many were wrapped anew */
  async pass(): Promise<number> {
    let count = 0
    for (let after = ''; ;) {
      const page = await this.#store.list('', { after, limit: PAGE_LENGTH })
      const names = page.filter((record) => this.#isOld(record)).map(({ name }) => name)
      if (names.length > 0) count += await this.#rewrap(names)
      const last = page.at(-1)
      if (last === undefined) return count
      after = last.name
    }
  }

  async #rewrap(names: readonly string[]): Promise<number> {
    const store = this.#store
    // By id. A service may be slow, and what is asked again after others have changed something should not be.
    const anew = new Map<string, KeptKey>()
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const texts = await store.read([STORE_RECORD, ...names])
      try {
        const changes = await this.#changes(texts, anew)
        if (changes.length === 0) return 0
        if (await store.write(changes)) return anew.size
      } catch (error) {
        if (!(await haveChanged(store, names, texts))) throw error
      }
    }
    throw busy(store)
  }

  async #changes(texts: ReadonlyMap<string, string>, anew: Map<string, KeptKey>): Promise<readonly KeyChange[]> {
    const { name: where } = this.#store
    const storeText = texts.get(STORE_RECORD)
    if (parseStoreRecord(where, storeText).master !== this.#master) throw overtaken(this.#store)
    const changes: KeyChange[] = []
    for (const [name, expect] of texts) {
      if (!this.#isOld({ name, text: expect })) continue
      const record = await this.#wrapped(name, parseOwnerRecord(where, name, expect), anew)
      changes.push({ name, expect, text: encodeRecord(record) })
    }
    if (changes.length === 0) return []
    // With the store's own record, as it is: once another rotation has begun, nothing is wrapped for this one.
    return [...changes, { name: STORE_RECORD, expect: storeText, text: storeText }]
  }

  async #wrapped(owner: string, record: OwnerRecord, anew: Map<string, KeptKey>): Promise<OwnerRecord> {
    const keys: KeptKey[] = []
    for (const kept of record.keys) {
      const key = kept.master === this.#master ? kept : (anew.get(kept.id) ?? (await this.#wrapAnew(owner, kept)))
      if (kept !== key) anew.set(kept.id, key)
      keys.push({ ...kept, master: key.master, wrapped: key.wrapped })
    }
    return { ...record, keys }
  }

  async #wrapAnew(owner: string, kept: KeptKey): Promise<KeptKey> {
    const place = { store: this.#store, logId: this.#logId, owner, id: kept.id }
    const wrapped = await wrapKey(place, this.#master, await unwrapKey(place, kept))
    return { ...kept, master: this.#master, wrapped }
  }

  #isOld({ name, text }: KeyRecord): boolean {
    if (!isOwner(name)) return false
    return parseOwnerRecord(this.#store.name, name, text).keys.some(({ master }) => master !== this.#master)
  }
}

function isRotating(record: StoreRecord): record is Required<StoreRecord> {
  return record.former !== undefined
}

async function readRecord(
  store: KeyStore,
): Promise<{ readonly text: string | undefined; readonly record: StoreRecord }> {
  const text = (await store.read([STORE_RECORD])).get(STORE_RECORD)
  return { text, record: parseStoreRecord(store.name, text) }
}

function busy({ name }: KeyStore): PerdureError<'key-unavailable'> {
  const hint = 'Nothing is lost. Rotate again: it goes on.'
  return new PerdureError('key-unavailable', `${name} kept changing`, { store: name }, { hint })
}

function overtaken({ name }: KeyStore): PerdureError<'key-unavailable'> {
  const message = `another rotation of ${name} has begun, and goes on where this one ends`
  return new PerdureError('key-unavailable', message, { store: name }, { hint: 'Nothing is lost. Rotate again.' })
}

function nothingNew(provider: string): PerdureError<'unsupported'> {
  return new PerdureError(
    'unsupported',
    `the master key is renewed where it comes from (${provider}), and it is still the same`,
    { feature: 'rotation' },
    {
      written: 'no',
      hint: 'Renew it there and rotate again; of the environment, put the new one in PERDURE_MASTER_KEY and the old one in PERDURE_MASTER_KEY_FORMER.',
    },
  )
}

/** The data keys that are in use: made when they are first needed, unwrapped once, forgotten when they must be. */
import { DataKeys, toDataKey, type DataKey } from './data-keys.js'
import { subjectShredded } from './failures.js'
import { KeyMaker, nameOf, type KeyMakerOptions, type Wanted } from './key-maker.js'
import { parseOwnerRecord, subjectOf } from './key-records.js'
import { haveChanged, unwrapKey } from './wrapping.js'

export type { DataKey } from './data-keys.js'
export type { Wanted } from './key-maker.js'

/**
 * After so many uses a subject gets a new key. NIST SP 800-38D allows 2^32 random nonces a key; each text here even has a
 * key of its own, so this is a margin on a margin.
 */
export const USES_MAX = 2 ** 31

/** Uses are noted in the store each so many; fewer are not counted when a process ends or lets go of a key. */
export const NOTE_EVERY_USES = 2 ** 16

/** How often a record may change while its key is asked for. */
const ATTEMPTS_MAX = 10

export type KeyRingOptions = Omit<KeyMakerOptions, 'usesMax' | 'keys'> & { readonly usesMax?: number }

type Loaded = DataKey | 'destroyed' | undefined

export class KeyRing {
  readonly #options: KeyRingOptions
  readonly #keys = new DataKeys()
  readonly #maker: KeyMaker
  readonly #usesMax: number
  /** By owner and id: what is asked for already is not asked for again. */
  readonly #loading = new Map<string, Map<string, Promise<Loaded>>>()
  #running: Promise<void> = Promise.resolve()
  #next: { readonly wanted: Wanted[]; readonly keys: Promise<ReadonlyMap<string, DataKey>> } | undefined

  constructor(options: KeyRingOptions) {
    const { usesMax = USES_MAX } = options
    this.#options = options
    this.#usesMax = usesMax
    this.#maker = new KeyMaker({ ...options, usesMax, keys: this.#keys })
  }

  /** Undefined: there is none at hand, or it has been used long enough; see {@link KeyRing.prepare}. */
  sealingKey({ owner, class: ofClass }: Wanted): DataKey | undefined {
    const key = this.#keys.sealing(owner, ofClass)
    return key === undefined || this.#isDue(key) ? undefined : key
  }

  /**
   * The keys to seal with, in order; those that are missing are made.
   *
   * @throws PerdureError `subject-shredded`, `key-unavailable`, `keys-foreign`, `keys-outdated`…
   */
  async prepare(wanted: readonly Wanted[]): Promise<readonly DataKey[]> {
    const keys = await this.#join(wanted)
    return wanted.map((one) => {
      const key = keys.get(nameOf(one))
      if (key === undefined) throw subjectShredded(subjectOf(one.owner) ?? one.owner)
      return key
    })
  }

  /** Undefined: it is not known here; {@link KeyRing.load} asks. */
  cached(owner: string, id: string): DataKey | undefined {
    return this.#keys.opening(owner, id)
  }

  /**
   * `destroyed`: its owner had it. Undefined: there never was such a key of this owner.
   *
   * @throws PerdureError `key-unavailable`, `key-timeout`, `key-mismatch`…
   */
  async load(owner: string, id: string): Promise<Loaded> {
    const cached = this.cached(owner, id)
    if (cached !== undefined) return cached
    const ofOwner = this.#loading.get(owner) ?? new Map<string, Promise<Loaded>>()
    this.#loading.set(owner, ofOwner)
    const loading = ofOwner.get(id) ?? this.#load(owner, id, ofOwner)
    ofOwner.set(id, loading)
    return await loading
  }

  forget(owner: string): void {
    this.#keys.forget(owner)
    this.#loading.delete(owner)
  }

  forgetAll(): void {
    this.#keys.clear()
    this.#loading.clear()
  }

  async #load(owner: string, id: string, ofOwner: Map<string, unknown>): Promise<Loaded> {
    // What was forgotten meanwhile is not kept.
    const isCurrent = (): boolean => this.#loading.get(owner) === ofOwner
    try {
      const key = await this.#unwrap(owner, id)
      return typeof key === 'object' && isCurrent() ? this.#keys.keep(key) : key
    } finally {
      ofOwner.delete(id)
      if (ofOwner.size === 0 && isCurrent()) this.#loading.delete(owner)
    }
  }

  async #unwrap(owner: string, id: string): Promise<Loaded> {
    const { store, logId } = this.#options
    for (let attempts = 1; ; attempts++) {
      const texts = await store.read([owner])
      const record = parseOwnerRecord(store.name, owner, texts.get(owner))
      if (record.destroyed?.includes(id) === true) return 'destroyed'
      const kept = record.keys.find((key) => key.id === id)
      if (kept === undefined) return undefined
      try {
        return toDataKey(owner, kept, await unwrapKey({ store, logId, owner, id }, kept))
      } catch (error) {
        if (attempts === ATTEMPTS_MAX || !(await haveChanged(store, [owner], texts))) throw error
      }
    }
  }

  /** Those who ask while keys are being made share the next turn, and one write. */
  #join(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, DataKey>> {
    if (this.#next === undefined) {
      const all: Wanted[] = []
      const keys = this.#running.then(() => {
        this.#next = undefined
        return this.#make(all)
      })
      // The next turn comes whatever becomes of this one.
      const ignore = (): void => undefined
      this.#running = keys.then(ignore, ignore)
      this.#next = { wanted: all, keys }
    }
    this.#next.wanted.push(...wanted)
    return this.#next.keys
  }

  async #make(wanted: readonly Wanted[]): Promise<ReadonlyMap<string, DataKey>> {
    const keys = new Map<string, DataKey>()
    const missing = new Map<string, Wanted>()
    for (const one of wanted) {
      const key = this.sealingKey(one)
      if (key === undefined) missing.set(nameOf(one), one)
      else keys.set(nameOf(one), key)
    }
    if (missing.size === 0) return keys
    for (const [name, key] of await this.#maker.make([...missing.values()])) keys.set(name, key)
    return keys
  }

  #isDue({ noted, used }: DataKey): boolean {
    return used >= NOTE_EVERY_USES || noted + used >= this.#usesMax
  }
}

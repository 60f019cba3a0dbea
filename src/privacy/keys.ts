/** `store.keys`: the keys of the log, without ever showing one. */
import { PerdureError } from '../errors.js'
import { parseStoreRecord, STORE_RECORD } from './key-records.js'
import type { Privacy } from './opening.js'
import { rotate, type Rotated, type RotateOptions } from './rotation.js'

export interface KeysStatus {
  /** Where they are. */
  readonly store: string
  /** What wraps them, and the name of the master key. */
  readonly provider: string
  readonly master: string
  /** How many were ever made. */
  readonly made: number
  /** A rotation was begun and has not come to its end. */
  readonly rotating: boolean
}

export class Keys {
  readonly #privacy: Pick<Privacy, 'store'> | undefined
  readonly #logId: string
  readonly #assertOpen: () => void

  constructor(privacy: Pick<Privacy, 'store'> | undefined, logId: string, assertOpen: () => void) {
    this.#privacy = privacy
    this.#logId = logId
    this.#assertOpen = assertOpen
  }

  /** Undefined: the log is not sealed. @throws PerdureError `key-unavailable`, `keys-corrupt` */
  async status(): Promise<KeysStatus | undefined> {
    this.#assertOpen()
    if (this.#privacy === undefined) return undefined
    const { store } = this.#privacy
    const text = (await store.read([STORE_RECORD])).get(STORE_RECORD)
    const { master, made, former } = parseStoreRecord(store.name, text)
    return { store: store.name, provider: store.provider.name, master, made, rotating: former !== undefined }
  }

  /**
   * Wraps all data keys by a new master key and destroys the former one, while the log is in use. Interrupted, it is
   * called again and goes on.
   *
   * @throws PerdureError `unsupported`, `key-unavailable`, `master-key-missing`
   */
  async rotate(options: RotateOptions = {}): Promise<Rotated> {
    this.#assertOpen()
    if (this.#privacy !== undefined) return await rotate(this.#privacy.store, this.#logId, options)
    const hint = 'A log is sealed from its first event on (perdure init --keys).'
    throw new PerdureError('unsupported', 'the log has no keys', { feature: 'keys' }, { hint, written: 'no' })
  }
}

/** Seals what stands beside the log: values and blobs of a subject, and saved states, which have keys of their own. */
import { hash } from 'node:crypto'
import { fromBase64, toBase64 } from '../base64.js'
import type { SealedValue, StatePlace, StateSeal, ValueSeal } from '../log/ports.js'
import { sealBroken, subjectShredded } from './failures.js'
import type { DataKey, KeyRing } from './key-ring.js'
import { snapshotOwner, SNAPSHOT_RECORDS, subjectOwner } from './key-records.js'
import type { KeyStore } from './key-store.js'
import type { PrivacyLog } from './privacy-log.js'
import type { Sealer } from './sealer.js'
import { createNonces, openBytes, sealBytes, type Nonces } from './sealing.js'

/** Values and blobs are of no entity class. */
const NO_CLASS = ''
const LIST_PAGE_LENGTH = 500
const ATTEMPTS_MAX = 100

export interface ValuesParts {
  readonly logId: string
  readonly store: KeyStore
  readonly ring: KeyRing
  readonly privacy: PrivacyLog
  readonly sealer: Sealer
  readonly random: (bytes: number) => Uint8Array
}

export class SealedValues implements ValueSeal, StateSeal {
  readonly #parts: ValuesParts
  readonly #nonces: Nonces

  constructor(parts: ValuesParts) {
    this.#parts = parts
    this.#nonces = createNonces(parts.random)
  }

  async sealValue(subject: string, boundTo: string, plain: Uint8Array): Promise<SealedValue> {
    const { ring, privacy, sealer } = this.#parts
    await sealer.refresh()
    if (privacy.isShredded(subject, NO_CLASS)) throw subjectShredded(subject)
    const [key] = await ring.prepare([{ owner: subjectOwner(subject), class: NO_CLASS }])
    return { subject, ...this.#seal(key as DataKey, boundTo, plain) }
  }

  async openValue(sealed: SealedValue, boundTo: string): Promise<Uint8Array | undefined> {
    const { ring, privacy, sealer } = this.#parts
    const { subject, key: id } = sealed
    await sealer.refresh()
    if (privacy.isDestroyed(subject, id) || privacy.isShredded(subject, NO_CLASS)) return undefined
    const key = await ring.load(subjectOwner(subject), id)
    if (key === 'destroyed') return undefined
    if (key === undefined) throw sealBroken(`what is sealed as ${boundTo}`, { key: id })
    return this.#open(key, boundTo, sealed)
  }

  /**
   * The key comes first, and then the question who has been forgotten: whoever forgets asks the other way round, so one of
   * the two always knows of the other.
   */
  async sealState(
    place: StatePlace,
    subjects: readonly string[] | 'all',
    since: number,
    text: string,
  ): Promise<string | undefined> {
    const { ring, privacy, sealer } = this.#parts
    const [key] = await ring.prepare([{ owner: ownerOf(place), class: NO_CLASS }])
    await sealer.refresh()
    if (privacy.isRequested(subjects, ({ revision }) => revision > since)) {
      await this.forgetState(place)
      return undefined
    }
    const { box, ...others } = this.#seal(key as DataKey, boundToState(place), Buffer.from(text))
    return JSON.stringify({ ...others, box: toBase64(box) })
  }

  async openState(
    place: StatePlace,
    subjects: readonly string[] | 'all',
    sealed: unknown,
  ): Promise<string | undefined> {
    const { ring, privacy, sealer } = this.#parts
    await sealer.refresh()
    // Its key may still be there: forgetting is under way, or an older copy of it all was brought back.
    if (privacy.isRequested(subjects, ({ position }) => position > place.position)) return undefined
    const { nonce, box, key: id } = sealed as Record<string, unknown>
    const bytes = fromBase64(box)
    if (typeof nonce !== 'string' || typeof id !== 'string' || bytes === undefined) throw brokenState(place)
    const key = await ring.load(ownerOf(place), id)
    if (key === undefined || key === 'destroyed') return undefined
    return Buffer.from(this.#open(key, boundToState(place), { nonce, key: id, box: bytes })).toString('utf8')
  }

  get revision(): number {
    return this.#parts.privacy.revision
  }

  async forgetState(place: StatePlace): Promise<void> {
    await this.#destroy(ownerOf(place))
  }

  /** Those whose states are not there any more, or not yet. */
  async forgetOtherStates(places: readonly StatePlace[]): Promise<number> {
    const { store } = this.#parts
    const kept = new Set(places.map(ownerOf))
    let count = 0
    for (let after = ''; ;) {
      const page = await store.list(SNAPSHOT_RECORDS, { after, limit: LIST_PAGE_LENGTH })
      for (const { name } of page) {
        if (kept.has(name)) continue
        await this.#destroy(name)
        count++
      }
      const last = page.at(-1)
      if (last === undefined) return count
      after = last.name
    }
  }

  async #destroy(owner: string): Promise<void> {
    const { store, ring } = this.#parts
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const expect = (await store.read([owner])).get(owner)
      ring.forget(owner)
      if (expect === undefined) return
      await store.write([{ name: owner, expect, text: undefined }])
    }
  }

  #seal(key: DataKey, boundTo: string, plain: Uint8Array): Omit<SealedValue, 'subject'> {
    key.used++
    const nonce = this.#nonces()
    const { encrypted, tag } = sealBytes(key.secret, this.#bound(key, boundTo), plain, nonce)
    return { key: key.id, nonce: toBase64(nonce), box: Buffer.concat([encrypted, tag]) }
  }

  #open(key: DataKey, boundTo: string, { nonce, box }: Omit<SealedValue, 'subject'>): Uint8Array {
    const plain = openBytes(key.secret, this.#bound(key, boundTo), fromBase64(nonce) ?? new Uint8Array(0), box)
    if (plain === undefined) throw sealBroken(`what is sealed as ${boundTo}`, { key: key.id })
    return plain
  }

  #bound({ owner, id }: DataKey, boundTo: string): string {
    return JSON.stringify(['perdure value 1', this.#parts.logId, boundTo, owner, id])
  }
}

function boundToState({ key, position }: StatePlace): string {
  return JSON.stringify(['snapshot', key, position])
}

/** Named by a digest: the key of a snapshot may be long, and a record's name is short. */
function ownerOf({ key, position }: StatePlace): string {
  return snapshotOwner(`${hash('sha256', key, 'hex').slice(0, 32)}/${position}`)
}

function brokenState(place: StatePlace): Error {
  return sealBroken(`what is sealed as ${boundToState(place)}`, {})
}

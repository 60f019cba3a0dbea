/**
 * Random names for people: the same for the same natural key until the subject is forgotten, then a new one. Which is
 * whose stands in the key store alone, under a digest that cannot be made without a key of its own (HMAC-SHA-256).
 */
import { createHmac } from 'node:crypto'
import { PerdureError } from '../errors.js'
import { createName } from '../ids.js'
import { checkTag } from '../log/names.js'
import {
  encodeRecord,
  parseOwnerRecord,
  parsePseudonymRecord,
  PSEUDONYMS_OWNER,
  pseudonymRecord,
  subjectOwner,
} from './key-records.js'
import type { DataKey } from './key-ring.js'
import type { KeyChange, KeyStore } from './key-store.js'
import type { Privacy } from './opening.js'

/** Of what stands behind `kind:`. About 77 bits: no two subjects ever share one. */
export const PSEUDONYM_LENGTH = 16
const ATTEMPTS_MAX = 100

/** Largest natural key. */
const NATURAL_SIZE_MAX_BYTES = 4096

/** 32 bytes, of parts that can be told apart. */
export type Digest = (parts: readonly (string | number)[]) => Uint8Array

export class Pseudonyms {
  readonly #privacy: Privacy
  readonly #store: KeyStore
  readonly #random: (bytes: number) => Uint8Array

  constructor(privacy: Privacy, random: (bytes: number) => Uint8Array) {
    this.#privacy = privacy
    this.#store = privacy.store
    this.#random = random
  }

  /** @throws PerdureError `options-invalid`, `key-unavailable`… */
  async of(kind: string, natural: string): Promise<string> {
    checkNatural(kind, natural)
    const digest = await this.#digest(kind, natural)
    const name = pseudonymRecord(digest)
    const { sealer, log } = this.#privacy
    await sealer.refresh()
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const text = (await this.#store.read([name])).get(name)
      const known = text === undefined ? undefined : parsePseudonymRecord(this.#store.name, name, text).subject
      // Somebody may be about to forget it: what is new goes under a new name already.
      if (known !== undefined && !log.isShreddedWhole(known)) return known
      const subject = `${kind}:${createName(this.#random, PSEUDONYM_LENGTH)}`
      if (await this.#store.write(await this.#changes({ name, text }, digest, subject))) return subject
    }
    throw new PerdureError('key-unavailable', 'others kept changing the pseudonyms', {}, { hint: 'Try again.' })
  }

  /**
   * A digest by which something is known again, and which nobody can make who has not the keys. It stays the same for the
   * life of the log: its key is that of the pseudonyms, and only what seals is replaced after so many uses.
   *
   * @throws PerdureError `key-unavailable`…
   */
  async digest(): Promise<Digest> {
    const secret = await this.#secret()
    // An object, and so never what a pseudonym is found by.
    return (parts) => createHmac('sha256', secret).update(JSON.stringify({ parts })).digest()
  }

  async #changes(
    { name, text }: { readonly name: string; readonly text: string | undefined },
    digest: string,
    subject: string,
  ): Promise<readonly KeyChange[]> {
    const owner = subjectOwner(subject)
    const expect = (await this.#store.read([owner])).get(owner)
    const record = parseOwnerRecord(this.#store.name, owner, expect)
    const pseudonyms = [...(record.pseudonyms ?? []), digest]
    return [
      { name, expect: text, text: encodeRecord({ subject }) },
      { name: owner, expect, text: encodeRecord({ ...record, pseudonyms }) },
    ]
  }

  async #digest(kind: string, natural: string): Promise<string> {
    return createHmac('sha256', await this.#secret())
      .update(JSON.stringify([kind, natural]))
      .digest('hex')
  }

  async #secret(): Promise<Uint8Array> {
    const [key] = await this.#privacy.ring.prepare([{ owner: PSEUDONYMS_OWNER, class: '' }])
    return (key as DataKey).secret
  }
}

function checkNatural(kind: unknown, natural: unknown): void {
  const isKind = typeof kind === 'string' && !kind.includes(':') && checkTag(`${kind}:x`) === undefined
  if (!isKind) throw invalid('kind', 'kind is not a word such as author')
  if (typeof natural !== 'string' || natural === '') throw invalid('natural', 'the natural key is not a text')
  if (Buffer.byteLength(natural) <= NATURAL_SIZE_MAX_BYTES) return
  throw invalid('natural', `the natural key is larger than ${NATURAL_SIZE_MAX_BYTES} bytes`)
}

function invalid(option: string, message: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', message, { option }, { hint: 'Correct the call of pseudonym.' })
}

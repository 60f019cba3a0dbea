/**
 * Random names for people: the same for the same natural key until the subject is forgotten, then a new one. Which is
 * whose stands in the key store alone, under a digest that cannot be made without a key of its own (HMAC-SHA-256).
 */
import { createHmac } from 'node:crypto'
import { PerdureError } from '../errors.js'
import { checkTag } from '../log/names.js'
import {
  encodeRecord,
  parseOwnerRecord,
  parsePseudonymRecord,
  PSEUDONYMS_OWNER,
  pseudonymRecord,
  subjectOwner,
} from './key-records.js'
import type { DataKey, KeyRing } from './key-ring.js'
import type { KeyChange, KeyStore } from './key-store.js'

/** Without vowels and look-alikes, so that no name comes out as a word. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxyz'
/** About 77 bits: no two subjects ever share one. */
const NAME_LENGTH = 16
const ATTEMPTS_MAX = 100

/** Largest natural key. */
const NATURAL_SIZE_MAX_BYTES = 4096

export class Pseudonyms {
  readonly #store: KeyStore
  readonly #ring: KeyRing
  readonly #random: (bytes: number) => Uint8Array

  constructor(store: KeyStore, ring: KeyRing, random: (bytes: number) => Uint8Array) {
    this.#store = store
    this.#ring = ring
    this.#random = random
  }

  /** @throws PerdureError `options-invalid`, `key-unavailable`… */
  async of(kind: string, natural: string): Promise<string> {
    checkNatural(kind, natural)
    const digest = await this.#digest(kind, natural)
    const name = pseudonymRecord(digest)
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const text = (await this.#store.read([name])).get(name)
      if (text !== undefined) return parsePseudonymRecord(this.#store.name, name, text).subject
      const subject = `${kind}:${this.#createName()}`
      if (await this.#store.write(await this.#changes(name, digest, subject))) return subject
    }
    throw new PerdureError('key-unavailable', 'others kept changing the pseudonyms', {}, { hint: 'Try again.' })
  }

  async #changes(name: string, digest: string, subject: string): Promise<readonly KeyChange[]> {
    const owner = subjectOwner(subject)
    const expect = (await this.#store.read([owner])).get(owner)
    const record = parseOwnerRecord(this.#store.name, owner, expect)
    const pseudonyms = [...(record.pseudonyms ?? []), digest]
    return [
      { name, expect: undefined, text: encodeRecord({ subject }) },
      { name: owner, expect, text: encodeRecord({ ...record, pseudonyms }) },
    ]
  }

  async #digest(kind: string, natural: string): Promise<string> {
    const [key] = await this.#ring.prepare([{ owner: PSEUDONYMS_OWNER, class: '' }])
    return createHmac('sha256', (key as DataKey).secret)
      .update(JSON.stringify([kind, natural]))
      .digest('hex')
  }

  #createName(): string {
    let name = ''
    while (name.length < NAME_LENGTH) {
      for (const byte of this.#random(NAME_LENGTH)) {
        // Bytes that would make some letters likelier than others are not used.
        if (byte < 252 && name.length < NAME_LENGTH) name += ALPHABET[byte % ALPHABET.length] as string
      }
    }
    return name
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

/** The names that authors get in the log: random, and the same for the same author. */
import { createName, systemRandom } from '../../ids.js'
import type { Subjects } from '../../index.js'

/** About 57 bits: a billion authors would have to meet before two were likely to share a name. */
const NAME_LENGTH = 12
/** Of the pseudonyms, and of the tags and subjects that hold them. */
const KIND = 'author'

/**
 * Knows each author (a name with an address, exactly as written) by one random name. In a sealed log the key store says
 * which, until the author is forgotten; in any other the log itself.
 */
export class Authors {
  readonly #subjects: Pick<Subjects, 'pseudonym'> | undefined
  readonly #pseudonyms = new Map<string, string>()
  readonly #taken = new Set<string>()

  /** `subjects`: of a sealed log. */
  constructor(subjects?: Pick<Subjects, 'pseudonym'>) {
    this.#subjects = subjects
  }

  /** How many names there are in the log. An author who was forgotten and has come again has two. */
  get count(): number {
    return this.#taken.size
  }

  /** What the log says already. */
  remember(name: string, email: string, pseudonym: string): void {
    this.#pseudonyms.set(keyOf(name, email), pseudonym)
    this.#taken.add(pseudonym)
  }

  /** Of an author who has been forgotten. */
  rememberForgotten(pseudonym: string): void {
    this.#taken.add(pseudonym)
  }

  /** The author's pseudonym, a new one if this is the first time. @throws PerdureError `key-unavailable` */
  async pseudonymOf(name: string, email: string): Promise<string> {
    const known = this.#pseudonyms.get(keyOf(name, email))
    if (known !== undefined) return known
    const pseudonym =
      this.#subjects === undefined
        ? this.#randomName()
        : pseudonymIn(await this.#subjects.pseudonym(KIND, `${name} <${email}>`))
    this.remember(name, email, pseudonym)
    return pseudonym
  }

  #randomName(): string {
    let pseudonym = createName(systemRandom, NAME_LENGTH)
    while (this.#taken.has(pseudonym)) pseudonym = createName(systemRandom, NAME_LENGTH)
    return pseudonym
  }
}

/** Of a subject. */
export function pseudonymIn(subject: string): string {
  return subject.slice(KIND.length + 1)
}

// Neither a name nor an address can hold a NUL: git ends its fields with one.
function keyOf(name: string, email: string): string {
  return `${name}\0${email}`
}

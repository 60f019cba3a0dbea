/** The names that authors get in the log: random, and found again from the log itself. */
import { randomBytes } from 'node:crypto'

/** Without vowels and look-alikes, so that no name comes out as a word. */
const ALPHABET = '23456789bcdfghjkmnpqrstvwxyz'
const NAME_LENGTH = 12

/** Knows each author (a name with an address, exactly as written) by one random name. */
export class Authors {
  readonly #pseudonyms = new Map<string, string>()
  readonly #taken = new Set<string>()

  get count(): number {
    return this.#pseudonyms.size
  }

  /** What the log says already. */
  remember(name: string, email: string, pseudonym: string): void {
    this.#pseudonyms.set(keyOf(name, email), pseudonym)
    this.#taken.add(pseudonym)
  }

  /** The author's pseudonym, a new one if this is the first time. */
  pseudonymOf(name: string, email: string): string {
    const known = this.#pseudonyms.get(keyOf(name, email))
    if (known !== undefined) return known
    let pseudonym = randomName()
    while (this.#taken.has(pseudonym)) pseudonym = randomName()
    this.remember(name, email, pseudonym)
    return pseudonym
  }
}

// Neither a name nor an address can hold a NUL: git ends its fields with one.
function keyOf(name: string, email: string): string {
  return `${name}\0${email}`
}

/** About 57 bits: a billion authors would have to meet before two were likely to share one. */
function randomName(): string {
  let name = ''
  while (name.length < NAME_LENGTH) {
    for (const byte of randomBytes(NAME_LENGTH)) {
      // Bytes that would make some letters likelier than others are not used.
      if (byte < 252 && name.length < NAME_LENGTH) name += ALPHABET[byte % ALPHABET.length]
    }
  }
  return name
}

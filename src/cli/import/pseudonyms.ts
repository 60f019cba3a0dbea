/** Random names in the place of what people are known by in a file: which columns hold that, and the names themselves. */
import { InvalidArgumentError } from 'commander'
import { isPerdureError } from '../../errors.js'
import type { Write } from '../../events.js'
import { checkTag } from '../../log/names.js'
import { PSEUDONYM_LENGTH } from '../../privacy/pseudonyms.js'
import type { Subjects } from '../../privacy/subjects.js'
import { importInvalid, type Place } from './invalid.js'
import type { Incoming, Named } from './mapping.js'
import type { Template } from './template.js'

/** A column whose values are natural keys. */
export interface PseudonymColumn {
  readonly kind: string
  readonly column: string
}

export interface Natural {
  readonly kind: string
  /** As the file has it: an address, a number. */
  readonly key: string
}

/** The random part of a pseudonym; `kind:` in front of it makes the subject. */
export type NameOf = (natural: Natural) => string

/** What a record becomes once the names are known. */
export interface Unnamed {
  readonly naturals: readonly Natural[]
  readonly name: (nameOf: NameOf) => Named
}

/** `kind=column`. @throws InvalidArgumentError */
export function parsePseudonym(text: string, before: readonly PseudonymColumn[] = []): PseudonymColumn[] {
  const [, kind = '', column = ''] = /^([^=:]+)=(.+)$/s.exec(text) ?? []
  if (column === '' || checkTag(`${kind}:x`) !== undefined) {
    throw new InvalidArgumentError('It is kind=column, for example customer=email.')
  }
  // In JSON both are the same member.
  const member = (name: string): string => name.replace(/^\//, '')
  const isTaken = before.some((other) => member(other.column) === member(column))
  if (isTaken) throw new InvalidArgumentError(`The column ${column} has a kind already.`)
  return [...before, { kind, column }]
}

/** The subject that a record has unless another is mapped. */
export function subjectTemplate({ kind, column }: PseudonymColumn): Template {
  return { text: `${kind}:{${column}}`, parts: [`${kind}:`, { column }] }
}

/** The text, or its name; nothing stays nothing. */
export function named(kind: string, text: string, nameOf: NameOf): string {
  return text === '' ? '' : nameOf({ kind, key: text })
}

/** In no text that a log keeps: what it stands for may be any letter. */
const ANY = '\0'

/** What `name` makes with a stand-in for each name, and how to make it with the names. */
export function withStandIns(name: Unnamed['name']): Named & { readonly unnamed?: Unnamed } {
  const naturals: Natural[] = []
  const made = name((natural) => {
    naturals.push(natural)
    return ANY.repeat(PSEUDONYM_LENGTH)
  })
  return naturals.length === 0 ? made : { ...made, unnamed: { naturals, name } }
}

/** Whether what is recorded is the text, whichever names stand in the place of its stand-ins. */
export function fits(text: string, recorded: string): boolean {
  if (!text.includes(ANY)) return text === recorded
  if (text.length !== recorded.length) return false
  for (let i = 0; i < text.length; i++) if (text[i] !== ANY && text[i] !== recorded[i]) return false
  return true
}

/** The names of so many people are remembered. */
const NAMES_MAX = 50_000

/** Asks for the name of each person once, as long as no more of them come than can be remembered. */
export class Names {
  readonly #subjects: Pick<Subjects, 'pseudonym'>
  readonly #names = new Map<string, string>()

  constructor(subjects: Pick<Subjects, 'pseudonym'>) {
    this.#subjects = subjects
  }

  /** The event under its names; whoever has none gets one. @throws PerdureError `import-invalid`, `key-unavailable`… */
  async write(item: Incoming): Promise<Write> {
    if (item.unnamed === undefined) return { stream: item.stream, events: item.event }
    const { naturals, name } = item.unnamed
    const names = new Map<string, string>()
    for (const natural of naturals) names.set(keyOf(natural), await this.#nameOf(natural, item.place))
    const { stream, event } = name((natural) => names.get(keyOf(natural)) as string)
    return { stream, events: event }
  }

  async #nameOf(natural: Natural, place: Place): Promise<string> {
    const key = keyOf(natural)
    const name = this.#names.get(key) ?? (await this.#ask(natural, place))
    // The one that was not used for longest is the first to go.
    this.#names.delete(key)
    this.#names.set(key, name)
    const [oldest = key] = this.#names.keys()
    if (this.#names.size > NAMES_MAX) this.#names.delete(oldest)
    return name
  }

  async #ask({ kind, key }: Natural, place: Place): Promise<string> {
    try {
      return (await this.#subjects.pseudonym(kind, key)).slice(kind.length + 1)
    } catch (error) {
      if (!isPerdureError(error) || error.code !== 'options-invalid') throw error
      const hint = 'Let --pseudonym name the column by which the person is known.'
      throw importInvalid(place, error.message, { hint, cause: error })
    }
  }
}

/** A kind holds no colon. */
function keyOf({ kind, key }: Natural): string {
  return `${kind}:${key}`
}

/** `store.subjects`: whom the log is about, as far as its keys know. */
import { PerdureError } from '../errors.js'
import { checkName } from '../log/names.js'
import { parseOwnerRecord, subjectOf, subjectOwner, SUBJECT_RECORDS, type OwnerRecord } from './key-records.js'
import type { Privacy } from './opening.js'
import type { Receipt } from './privacy-log.js'
import type { Digest, Pseudonyms } from './pseudonyms.js'
import type { Shredding, ShredOptions } from './shredding.js'

const LIST_PAGE_LENGTH = 500
const REASON_LENGTH_MAX = 1000

export type SubjectStatus = 'known' | 'shredding' | 'shredded' | 'unknown'

export interface Subject {
  readonly subject: string
  readonly status: SubjectStatus
  /** Entity classes of which there are keys; '' is data of no class. */
  readonly classes: readonly string[]
}

/** The reading half. */
export class SubjectReader {
  constructor(
    protected readonly privacy: Privacy | undefined,
    protected readonly assertOpen: (written?: 'no') => void,
  ) {}

  /** By name. @throws PerdureError `unsupported` without keys, `key-unavailable` */
  async *list(): AsyncGenerator<Subject, void, void> {
    const privacy = this.required()
    await privacy.sealer.refresh()
    for (let after = ''; ;) {
      this.assertOpen()
      const { store } = privacy
      const page = await store.list(SUBJECT_RECORDS, { after, limit: LIST_PAGE_LENGTH })
      for (const { name, text } of page) {
        const subject = subjectOf(name) as string
        const record = parseOwnerRecord(store.name, name, text)
        const classes = [...new Set(record.keys.map((key) => key.class))].sort()
        yield { subject, status: statusOf(privacy, subject, record), classes }
      }
      const last = page.at(-1)
      if (last === undefined) return
      after = last.name
    }
  }

  /** @throws PerdureError as {@link SubjectReader.list} */
  async status(subject: string): Promise<SubjectStatus> {
    const privacy = this.required()
    checkSubject(subject)
    await privacy.sealer.refresh()
    const { store } = privacy
    const owner = subjectOwner(subject)
    const text = (await store.read([owner])).get(owner)
    return statusOf(privacy, subject, text === undefined ? undefined : parseOwnerRecord(store.name, owner, text))
  }

  protected required(written?: 'no'): Privacy {
    this.assertOpen(written)
    if (this.privacy !== undefined) return this.privacy
    throw new PerdureError(
      'unsupported',
      'the log is not sealed, or was opened without its keys, so it knows no subjects',
      { feature: 'subjects' },
      { hint: 'Open it with its keys; a log is sealed from its first event on (perdure init --keys).' },
    )
  }
}

export interface SubjectParts {
  readonly pseudonyms: Pseudonyms
  readonly shredding: Shredding
}

export class Subjects extends SubjectReader {
  readonly #parts: SubjectParts | undefined

  constructor(privacy: Privacy | undefined, parts: SubjectParts | undefined, assertOpen: (written?: 'no') => void) {
    super(privacy, assertOpen)
    this.#parts = parts
  }

  /** For imports; see {@link Pseudonyms.digest}. Undefined: the log is not sealed. */
  static async digest(subjects: Subjects): Promise<Digest | undefined> {
    return await subjects.#parts?.pseudonyms.digest()
  }

  /**
   * A random name, `kind:name`, usable as tag and as subject: the same for the same natural key (an address, a number)
   * until that subject is forgotten. The natural key itself is kept nowhere.
   *
   * @throws PerdureError `options-invalid`, `unsupported` without keys, `key-unavailable`
   */
  async pseudonym(kind: string, natural: string): Promise<string> {
    this.required()
    return await (this.#parts as SubjectParts).pseudonyms.of(kind, natural)
  }

  /**
   * Destroys the keys of a subject: what they sealed can never be read again, by anybody. The log's lines stay as they
   * are. Done again it goes on where it stopped, and answers with the same receipt.
   *
   * @throws PerdureError `subject-unknown`, `options-invalid`, `unsupported` without keys, `key-unavailable`
   */
  async shred(subject: string, options: ShredOptions): Promise<Receipt> {
    this.required('no')
    checkSubject(subject)
    return await (this.#parts as SubjectParts).shredding.shred(subject, checkOptions(options))
  }
}

function statusOf({ log }: Privacy, subject: string, record: OwnerRecord | undefined): SubjectStatus {
  if (log.isUnderWay(subject)) return 'shredding'
  if (log.isShreddedWhole(subject)) return 'shredded'
  return record === undefined ? 'unknown' : 'known'
}

function checkSubject(subject: unknown): void {
  const problem = typeof subject === 'string' ? checkName(subject) : 'is not a text'
  if (problem !== undefined) throw invalid('subject', `the subject ${problem}`)
}

function checkOptions(options: unknown): ShredOptions {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'the options are not an object')
  const { reason, scope, ...others } = options as Record<string, unknown>
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(other, `${other} is not an option of shred; reason and scope are`)
  if (typeof reason !== 'string' || reason === '' || reason.length > REASON_LENGTH_MAX) {
    throw invalid('reason', `reason is not a text of 1 to ${REASON_LENGTH_MAX} characters`)
  }
  if (scope === undefined) return { reason }
  const isScope = Array.isArray(scope) && scope.length > 0 && scope.every((name) => typeof name === 'string')
  if (!isScope) throw invalid('scope', 'scope is not a list of entity classes')
  return { reason, scope: [...new Set(scope)].sort() }
}

function invalid(option: string, message: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', message, { option }, { hint: 'Correct the call.', written: 'no' })
}

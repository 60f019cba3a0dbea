/** What the log itself says about who was forgotten: the stream `$privacy`, which outlives every key store. */
import type { Backend } from '../backends/protocol.js'
import { assertInvariant } from '../errors.js'
import { decodeLine } from '../log/line.js'

export const PRIVACY_STREAM = '$privacy'
export const SHRED_REQUESTED = '$shred_requested'
export const SHREDDED = '$shredded'

const PAGE = { backwards: false, limit: 500, maxBytes: 1024 * 1024 } as const

/** Data of {@link SHRED_REQUESTED}. */
export interface ShredRequested {
  readonly subject: string
  /** Entity classes; left out: all. */
  readonly scope?: readonly string[]
  readonly reason: string
}

/** Data of {@link SHREDDED}: the receipt. */
export interface Shredded {
  readonly subject: string
  readonly scope?: readonly string[]
  /** Where it was requested. */
  readonly request: number
  /** The keys that are destroyed, by their ids. */
  readonly keys: readonly string[]
  /** What was removed beside them, by kind. */
  readonly removed: Readonly<Record<string, number>>
}

/** Where and when it was recorded. */
interface Recorded {
  readonly position: number
  readonly revision: number
  readonly time: string
}

export type Request = ShredRequested & Recorded

export type Receipt = Shredded & Recorded

export class PrivacyLog {
  readonly #backend: Backend
  /** By subject. A subject may be asked to be forgotten again, of other classes. */
  readonly #requests = new Map<string, Request[]>()
  /** All of them, in the order in which they were made. */
  readonly #inOrder: Request[] = []
  #unfinished = 0
  /** The subject of each event, in the order of the log. */
  readonly #told: string[] = []
  readonly #receipts = new Map<number, Receipt>()
  /** By key. */
  readonly #destroyed = new Map<string, string>()
  #revision = 0
  #position = 0
  #turn: Promise<unknown> = Promise.resolve()

  constructor(backend: Backend) {
    this.#backend = backend
  }

  /** Of the stream, as far as it is known here: what appends are guarded by. */
  get revision(): number {
    return this.#revision
  }

  /** Learns what others have recorded. @returns the subjects about whom something is new since it was asked for */
  async refresh(): Promise<readonly string[]> {
    const before = this.#told.length
    if ((await this.#backend.revision(PRIVACY_STREAM)) === this.#revision) return this.#told.slice(before)
    // One after the other: each line is taken once. Those who waited learn of what was found meanwhile.
    const turn = this.#turn.then(() => this.#catchUp())
    this.#turn = turn.catch(() => undefined)
    await turn
    return this.#told.slice(before)
  }

  async #catchUp(): Promise<void> {
    const { position: head } = await this.#backend.head()
    while (this.#position < head) {
      const bounds = { after: this.#position, upTo: head }
      const { lines, scannedTo } = await this.#backend.read([{ stream: PRIVACY_STREAM }], { ...PAGE, ...bounds })
      assertInvariant(scannedTo > this.#position, 'a page moves on')
      for (const line of lines) this.#take(line)
      this.#position = scannedTo
    }
  }

  /** Whether the key of this subject and class is, or is about to be, destroyed. */
  isShredded(subject: string, ofClass: string): boolean {
    return this.requestsOf(subject).some(({ scope }) => scope?.includes(ofClass) ?? true)
  }

  /** All of it, whatever the class of a key. */
  isShreddedWhole(subject: string): boolean {
    return this.requestsOf(subject).some(({ scope }) => scope === undefined)
  }

  /** Asked for, and not yet brought to its end. */
  isUnderWay(subject: string): boolean {
    return this.requestsOf(subject).some((request) => this.receiptOf(request) === undefined)
  }

  /** Whether somebody of these was asked to be forgotten, in such a request. */
  isRequested(subjects: readonly string[] | 'all', isMeant: (request: Request) => boolean): boolean {
    if (subjects === 'all') return this.#inOrder.slice(-1).some(isMeant)
    return subjects.some((subject) => this.requestsOf(subject).some(isMeant))
  }

  isDestroyed(subject: string, key: string): boolean {
    return this.#destroyed.get(key) === subject
  }

  requestsOf(subject: string): readonly Request[] {
    return this.#requests.get(subject) ?? []
  }

  receiptOf(request: Request): Receipt | undefined {
    return this.#receipts.get(request.position)
  }

  /** In the order in which they were made. */
  requests(): readonly Request[] {
    return this.#inOrder
  }

  /** Some were asked for and not yet brought to their end. */
  get hasUnfinished(): boolean {
    return this.#unfinished > 0
  }

  #take(line: string): void {
    const { type, data, revision, position, time } = decodeLine(line)
    this.#revision = Math.max(this.#revision, revision)
    const { subject } = data as { readonly subject: string }
    this.#told.push(subject)
    if (type === SHRED_REQUESTED) {
      const request = { ...(data as unknown as ShredRequested), position, revision, time }
      this.#requests.set(subject, [...this.requestsOf(subject), request])
      this.#inOrder.push(request)
      this.#unfinished++
    }
    if (type === SHREDDED) {
      const receipt = { ...(data as unknown as Shredded), position, revision, time }
      if (!this.#receipts.has(receipt.request)) this.#unfinished--
      this.#receipts.set(receipt.request, receipt)
      for (const key of receipt.keys) this.#destroyed.set(key, subject)
    }
  }
}

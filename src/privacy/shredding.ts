/**
 * Forgetting a subject: a sequence of steps, each of which may be done again, so that it comes to its end however often it
 * is interrupted. What is asked for stands in the log first, and from then on nobody is given anything; what was done
 * stands in the log last.
 */
import type { Actor, Appended, NewEvent, Refused } from '../events.js'
import { PerdureError } from '../errors.js'
import type { Json } from '../json.js'
import { subjectUnknown } from './failures.js'
import {
  encodeRecord,
  isShredded,
  parseOwnerRecord,
  parsePseudonymRecord,
  parseStoreRecord,
  pseudonymRecord,
  STORE_RECORD,
  subjectOwner,
  type OwnerRecord,
} from './key-records.js'
import type { KeyChange } from './key-store.js'
import type { Privacy } from './opening.js'
import { PRIVACY_STREAM, SHRED_REQUESTED, SHREDDED, type Receipt, type Request, type Shredded } from './privacy-log.js'

const ATTEMPTS_MAX = 100

/** Removes what holds something of a subject, or could. Done again, it finds less. @returns how much, by kind */
export type Purge = (
  subject: string,
  classes: readonly string[] | undefined,
) => Promise<Readonly<Record<string, number>>>

export interface ShreddingParts {
  readonly privacy: Privacy
  readonly appendOwn: (stream: string, event: NewEvent, expect: number) => Promise<Appended | Refused>
  readonly purges: readonly Purge[]
  /** Who asks for it, as far as that is known. */
  readonly actor: Actor | undefined
}

export interface ShredOptions {
  readonly reason: string
  /** Entity classes: what one law erases and another keeps can differ. Left out: all. */
  readonly scope?: readonly string[]
}

export class Shredding {
  readonly #parts: ShreddingParts

  constructor(parts: ShreddingParts) {
    this.#parts = parts
  }

  /** @throws PerdureError `subject-unknown`, `key-unavailable`…; done again it goes on where it stopped */
  async shred(subject: string, { reason, scope }: ShredOptions): Promise<Receipt> {
    const { privacy } = this.#parts
    await privacy.sealer.refresh()
    const request = this.#covering(subject, scope) ?? (await this.#request(subject, reason, scope))
    return await this.#finish(request)
  }

  /** Brings to its end what was interrupted, and applies again what an older key store has forgotten to forget. */
  async resume(): Promise<void> {
    const { privacy } = this.#parts
    await privacy.sealer.refresh()
    const { store, log } = privacy
    const texts = await store.read([STORE_RECORD])
    const { applied } = parseStoreRecord(store.name, texts.get(STORE_RECORD))
    if (applied >= log.revision) return
    let finished = 0
    let reapplied = 0
    for (const request of log.requests()) {
      const receipt = log.receiptOf(request)
      if (receipt === undefined) {
        await this.#finish(request)
        finished++
      } else if (receipt.revision > applied) {
        await this.#purge(request)
        if ((await this.#destroy(request)).count > 0) reapplied++
      }
    }
    await this.#noteApplied()
    const say = (found: string): unknown => privacy.boot.push({ step: 'forgetting', found })
    if (finished > 0) say(`${finished} interrupted, now at an end`)
    if (reapplied > 0) say(`${reapplied} forgotten again: the key store is an older one`)
  }

  /** An earlier request that says at least as much. */
  #covering(subject: string, scope: readonly string[] | undefined): Request | undefined {
    return this.#parts.privacy.log
      .requestsOf(subject)
      .findLast((one) => one.scope === undefined || scope?.every((name) => one.scope?.includes(name)) === true)
  }

  async #request(subject: string, reason: string, scope: readonly string[] | undefined): Promise<Request> {
    const { privacy, appendOwn, actor } = this.#parts
    const owner = subjectOwner(subject)
    const texts = await privacy.store.read([owner])
    if (!texts.has(owner)) throw subjectUnknown(subject)
    const data = { subject, ...(scope === undefined ? {} : { scope: [...scope] }), reason }
    const event = { type: SHRED_REQUESTED, data, ...(actor === undefined ? {} : { meta: { actor } }) }
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      await appendOwn(PRIVACY_STREAM, event, privacy.log.revision)
      await privacy.sealer.refresh()
      const request = this.#covering(subject, scope)
      if (request !== undefined) return request
    }
    throw busy()
  }

  async #finish(request: Request): Promise<Receipt> {
    const { privacy, appendOwn } = this.#parts
    const known = privacy.log.receiptOf(request)
    if (known !== undefined) return known
    const { subject, scope, position } = request
    const removed = await this.#purge(request)
    // After the request no event of the subject can be recorded, so these are all keys there will ever be.
    const { ids: keys } = await this.#destroy(request)
    const data: Shredded = { subject, ...(scope === undefined ? {} : { scope }), request: position, keys, removed }
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      await appendOwn(PRIVACY_STREAM, { type: SHREDDED, data: data as unknown as Json }, privacy.log.revision)
      await privacy.sealer.refresh()
      const receipt = privacy.log.receiptOf(request)
      if (receipt === undefined) continue
      await this.#noteApplied()
      return receipt
    }
    throw busy()
  }

  async #purge({ subject, scope }: Request): Promise<Readonly<Record<string, number>>> {
    const removed: Record<string, number> = {}
    for (const purge of this.#parts.purges) Object.assign(removed, await purge(subject, scope))
    return removed
  }

  /** Takes the keys out of the key store, and makes sure that they are gone. @returns all that ever were, and how many now */
  async #destroy({ subject, scope }: Request): Promise<{ readonly ids: readonly string[]; readonly count: number }> {
    const { store, ring } = this.#parts.privacy
    const owner = subjectOwner(subject)
    let count = 0
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const text = (await store.read([owner])).get(owner)
      const before = parseOwnerRecord(store.name, owner, text)
      const after = withoutKeys(before, scope)
      ring.forget(owner)
      const next = encodeRecord(after)
      if (next === text) return { ids: after.destroyed ?? [], count }
      const changes = await this.#removals(subject, before, after)
      const isWritten = await store.write([{ name: owner, expect: text, text: next }, ...changes])
      if (isWritten) count = before.keys.length - after.keys.length
    }
    throw busy()
  }

  /** Of the pseudonyms by which the subject would still be found. */
  async #removals(subject: string, before: OwnerRecord, after: OwnerRecord): Promise<readonly KeyChange[]> {
    if (before.pseudonyms === undefined || after.pseudonyms !== undefined) return []
    const { store } = this.#parts.privacy
    const names = before.pseudonyms.map((digest) => pseudonymRecord(digest))
    const texts = await store.read(names)
    // The same person may have a new name already.
    const own = [...texts].filter(([name, text]) => parsePseudonymRecord(store.name, name, text).subject === subject)
    return own.map(([name, expect]) => ({ name, expect, text: undefined }))
  }

  /** So that opening does not have to look at each of them again. */
  async #noteApplied(): Promise<void> {
    const { store, log } = this.#parts.privacy
    // What is under way here or elsewhere is not done.
    if (log.hasUnfinished) return
    const text = (await store.read([STORE_RECORD])).get(STORE_RECORD)
    const record = parseStoreRecord(store.name, text)
    if (record.applied >= log.revision) return
    const next = encodeRecord({ ...record, applied: log.revision })
    // Whoever is first has noted as much; and if not, opening looks again.
    await store.write([{ name: STORE_RECORD, expect: text, text: next }])
  }
}

/** What is left of a subject's record: that it has been forgotten, and which keys there were. */
function withoutKeys(record: OwnerRecord, scope: readonly string[] | undefined): OwnerRecord {
  const { pseudonyms, shredded: former, destroyed = [], keys } = record
  const shredded = scope === undefined || former === true ? true : union(former ?? [], scope)
  const [gone, kept] = [true, false].map((is) => keys.filter((key) => isShredded({ keys, shredded }, key.class) === is))
  return {
    keys: kept ?? [],
    shredded,
    destroyed: union(
      destroyed,
      (gone ?? []).map(({ id }) => id),
    ),
    // A part of a person that stays is still found.
    ...(shredded === true || pseudonyms === undefined ? {} : { pseudonyms }),
  }
}

function union(some: readonly string[], others: readonly string[]): readonly string[] {
  return [...new Set([...some, ...others])].sort()
}

function busy(): PerdureError<'key-unavailable'> {
  const options = { hint: 'Ask again: it goes on where it stopped.', written: 'unknown' } as const
  return new PerdureError('key-unavailable', 'others kept changing what was to be forgotten', {}, options)
}

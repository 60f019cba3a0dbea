/**
 * Saves the checkpoint of one instance. Each write expects the revision of the one before, so an instance that has been
 * taken over, however late it learns of that, changes nothing any more.
 */
import type { Claim, KvBackend, KvOutcome } from '../backends/protocol.js'
import { assertInvariant, isPerdureError, PerdureError } from '../errors.js'
import { checkpointKey, encodeCheckpoint, parseCheckpoint, type Checkpoint, type CheckpointNote } from './checkpoint.js'
import type { History } from './history.js'
import { isSameQuery, subscriptionChanged } from './recorded-query.js'
import type { SubscribeRequest } from './request.js'

/** How often a write is tried whose answers are lost. */
const ATTEMPTS_MAX = 5

type Asked = Pick<SubscribeRequest, 'name' | 'recordedQuery' | 'changeQuery'>

export class CheckpointKeeper {
  readonly #kv: KvBackend
  readonly #asked: Asked
  readonly #key: string
  readonly #history: History
  readonly #note: () => CheckpointNote
  /** Of the last write; undefined: nothing was written yet. */
  #revision: number | undefined

  constructor(kv: KvBackend, history: History, asked: Asked, note: () => CheckpointNote) {
    this.#kv = kv
    this.#history = history
    this.#asked = asked
    this.#key = checkpointKey(asked.name)
    this.#note = note
  }

  /**
   * Whether what is saved could be gone on from, before anybody is disturbed.
   *
   * @throws PerdureError `checkpoint-invalid`, `subscription-changed`
   */
  async check(): Promise<void> {
    const entry = await this.#kv.get(this.#key)
    if (entry !== undefined) await this.#parse(entry.text)
  }

  /**
   * Reads the checkpoint (or begins with `first`) and writes it again in this instance's name: from then on nobody
   * else's write succeeds. Whoever writes in between is read again, so nothing it has saved is lost; that ends, for
   * only those who hold the claim, or have just held it, write.
   *
   * @throws PerdureError `checkpoint-invalid`, `subscription-changed`, `subscription-lost`
   */
  async take(first: Checkpoint, claim: Claim): Promise<Checkpoint> {
    for (;;) {
      const entry = await this.#kv.get(this.#key)
      const checkpoint = entry === undefined ? first : await this.#parse(entry.text)
      // One that is no longer wanted must not fence out the one that is.
      if (!claim.isHeld) throw subscriptionLost(this.#asked.name, checkpoint.position)
      if (await this.#write(checkpoint, entry?.revision ?? 0)) return checkpoint
    }
  }

  async #parse(text: string): Promise<Checkpoint> {
    const checkpoint = parseCheckpoint(this.#key, text)
    const { name, recordedQuery, changeQuery } = this.#asked
    await this.#history.check(name, checkpoint)
    const { position, query } = checkpoint
    if (changeQuery || isSameQuery(query, recordedQuery)) return checkpoint
    throw subscriptionChanged(name, position, query ?? null, recordedQuery)
  }

  /** Durable once it resolves. @throws PerdureError `subscription-lost`; or what the backend fails with */
  async save(checkpoint: Checkpoint): Promise<void> {
    assertInvariant(this.#revision !== undefined, 'a checkpoint is taken before it is saved')
    const revision = this.#revision
    const event = checkpoint.event ?? (await this.#history.idAt(checkpoint.position))
    if (await this.#write({ ...checkpoint, event }, revision)) return
    throw subscriptionLost(this.#asked.name, checkpoint.position)
  }

  /** False: somebody else has written. */
  async #write(checkpoint: Checkpoint, expected: number): Promise<boolean> {
    const text = encodeCheckpoint({ ...checkpoint, query: this.#asked.recordedQuery }, this.#note())
    const outcome = await this.#put(text, expected)
    if (outcome.kind === 'conflict') return false
    this.#revision = outcome.revision
    return true
  }

  /** A write whose outcome is unknown is settled by reading: its text holds who wrote it. */
  async #put(text: string, expected: number): Promise<KvOutcome> {
    for (let attempt = 1; ; attempt++) {
      try {
        const outcome = await this.#kv.put(this.#key, text, expected === 0 ? 'new' : expected)
        if (outcome.kind === 'written' || attempt === 1) return outcome
        // An earlier attempt may have arrived late.
        return (await this.#found(text)) ?? outcome
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || (isPerdureError(error) && error.code !== 'backend-failed')) throw error
        const found = await this.#found(text)
        if (found !== undefined) return found
      }
    }
  }

  async #found(text: string): Promise<KvOutcome | undefined> {
    const entry = await this.#kv.get(this.#key)
    return entry?.text === text ? { kind: 'written', revision: entry.revision } : undefined
  }
}

export function subscriptionLost(name: string, position: number): PerdureError<'subscription-lost'> {
  return new PerdureError(
    'subscription-lost',
    `the subscription ${JSON.stringify(name)} was taken over by another instance`,
    { name, position },
    { hint: 'Let the other one go on. Events since the last checkpoint are handled again by it.' },
  )
}

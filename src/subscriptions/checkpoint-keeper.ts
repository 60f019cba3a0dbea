/**
 * Saves the checkpoint of one instance. Each write expects the revision of the one before, so an instance that has been
 * taken over, however late it learns of that, changes nothing any more.
 */
import type { KvBackend, KvOutcome } from '../backends/protocol.js'
import { assertInvariant, isPerdureError, PerdureError } from '../errors.js'
import { checkpointKey, encodeCheckpoint, parseCheckpoint, type Checkpoint, type CheckpointNote } from './checkpoint.js'

/** How often a write is tried whose answers are lost, or a name is taken that its former holder is still writing to. */
const ATTEMPTS_MAX = 5

export class CheckpointKeeper {
  readonly #kv: KvBackend
  readonly #name: string
  readonly #key: string
  readonly #note: () => CheckpointNote
  /** Of the last write; undefined: nothing was written yet. */
  #revision: number | undefined

  constructor(kv: KvBackend, name: string, note: () => CheckpointNote) {
    this.#kv = kv
    this.#name = name
    this.#key = checkpointKey(name)
    this.#note = note
  }

  /**
   * Reads the checkpoint (or begins with `first`) and writes it again in this instance's name: from then on nobody
   * else's write succeeds. A former holder that writes in between is read again, so nothing it has saved is lost.
   *
   * @throws PerdureError `checkpoint-invalid`, `subscription-lost`
   */
  async take(first: Checkpoint, head: () => Promise<number>): Promise<Checkpoint> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const entry = await this.#kv.get(this.#key)
      const checkpoint = entry === undefined ? first : parseCheckpoint(this.#key, entry.text, await head())
      if (await this.#write(checkpoint, entry?.revision ?? 0)) return checkpoint
    }
    throw subscriptionLost(this.#name, first.position)
  }

  /** Durable once it resolves. @throws PerdureError `subscription-lost`; or what the backend fails with */
  async save(checkpoint: Checkpoint): Promise<void> {
    assertInvariant(this.#revision !== undefined, 'a checkpoint is taken before it is saved')
    if (!(await this.#write(checkpoint, this.#revision))) throw subscriptionLost(this.#name, checkpoint.position)
  }

  /** False: somebody else has written. */
  async #write(checkpoint: Checkpoint, expected: number): Promise<boolean> {
    const text = encodeCheckpoint(checkpoint, this.#note())
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

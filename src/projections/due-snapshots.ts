/** Snapshots that have become due, saved in the background: a read only leaves its state here, in memory. */
import { NotJson } from '../json.js'
import { stateInvalid } from './projection.js'
import type { SnapshotSubject, StateToSave } from './snapshot-text.js'
import { encodeState } from './state-text.js'

/** Of the states that wait, together; then the oldest wait no longer. They become due again when they are next used. */
const WAITING_SIZE_MAX_CHARACTERS = 16 * 1024 * 1024

/** What became of snapshots that were taken in the background, since the store was opened. */
export interface SnapshotSaving {
  readonly saved: number
  readonly failed: number
  /** Why the last one failed that did. No event is touched by that; states are folded from further back. */
  readonly lastFailure?: unknown
}

interface Due {
  readonly subject: SnapshotSubject
  readonly position: number
  readonly state: StateToSave
}

export class DueSnapshots {
  readonly #save: (due: Due) => Promise<unknown>
  /** By key. */
  readonly #waiting = new Map<string, Due>()
  #waitingCharacters = 0
  /** Their states are not JSON: said once, not tried again. */
  readonly #unsaveable = new WeakSet<object>()
  #saving: Promise<void> | undefined
  #savingKey: string | undefined
  #saved = 0
  #failed = 0
  #lastFailure: unknown

  constructor(save: (due: Due) => Promise<unknown>) {
    this.#save = save
  }

  /** Keeps the state as it is now, before its caller has it and may change it. Never fails. */
  note(
    projection: object,
    subject: SnapshotSubject,
    position: number,
    { state, ...more }: Omit<StateToSave, 'text'> & { readonly state: unknown },
  ): void {
    const { key } = subject
    if (this.#unsaveable.has(projection) || this.#waiting.has(key) || this.#savingKey === key) return
    try {
      this.#add({ subject, position, state: { ...more, text: encodeState(state) } })
    } catch (error) {
      this.#unsaveable.add(projection)
      this.#noteFailure(error instanceof NotJson ? stateInvalid(subject.name, error) : error)
    }
  }

  /** Begins to save what waits, unless that is under way. Costs nothing when nothing waits. */
  start(): void {
    if (this.#waiting.size === 0 || this.#saving !== undefined) return
    this.#saving = this.#saveAll().finally(() => (this.#saving = undefined))
  }

  /** Resolves when what has been started is done. */
  async idle(): Promise<void> {
    await this.#saving
  }

  report(): SnapshotSaving {
    const outcome = { saved: this.#saved, failed: this.#failed }
    return this.#failed === 0 ? outcome : { ...outcome, lastFailure: this.#lastFailure }
  }

  #add(due: Due): void {
    this.#waiting.set(due.subject.key, due)
    this.#waitingCharacters += due.state.text.length
    for (const [key] of this.#waiting) {
      if (this.#waitingCharacters <= WAITING_SIZE_MAX_CHARACTERS || this.#waiting.size === 1) return
      this.#take(key)
    }
  }

  #take(key: string): Due | undefined {
    const due = this.#waiting.get(key)
    this.#waiting.delete(key)
    this.#waitingCharacters -= due?.state.text.length ?? 0
    return due
  }

  async #saveAll(): Promise<void> {
    for (;;) {
      // What else there is to do comes first: the append that brought this about has its answer by then.
      await new Promise((resolve) => setImmediate(resolve))
      const [key] = this.#waiting.keys()
      const due = key === undefined ? undefined : this.#take(key)
      if (due === undefined) return
      this.#savingKey = key
      try {
        await this.#save(due)
        this.#saved++
      } catch (error) {
        this.#noteFailure(error)
      } finally {
        this.#savingKey = undefined
      }
    }
  }

  #noteFailure(error: unknown): void {
    this.#failed++
    this.#lastFailure = error
  }
}

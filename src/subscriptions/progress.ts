/** How far one instance has come, and when that is saved: every so many events, every second, and when asked. */
import type { Clock } from '../clock.js'
import type { CheckpointKeeper } from './checkpoint-keeper.js'
import type { Checkpoint } from './checkpoint.js'
import { Parking } from './parking.js'
import { PositionWaiters } from './position-waiters.js'

/** A page: what may be handled again after a crash, and no more. */
export const PAGE_LENGTH_MAX_EVENTS = 1000
export const PAGE_TIME_MAX_MS = 1000

export interface ProgressParts {
  readonly name: string
  readonly keeper: CheckpointKeeper
  readonly clock: Clock
  /** Whether what errors say may be kept in the clear. */
  readonly keepsMessages: boolean
  /** Called after each page whose checkpoint was saved. */
  readonly onPage: () => void
}

export class Progress {
  readonly waiters = new PositionWaiters()
  readonly parking: Parking
  readonly #parts: ProgressParts
  #position: number
  /** The id of the event at the position, where it is at hand. */
  #event: string | undefined
  #skipped: number
  /** Changes since the last save. Parking counts; filtered events count once a page. */
  #unsaved = 0
  #savedAtMs = performance.now()
  #saving: Promise<unknown> = Promise.resolve()

  constructor(parts: ProgressParts, { position, event, skipped, parked }: Checkpoint) {
    this.#parts = parts
    this.#position = position
    this.#event = event
    this.#skipped = skipped
    this.parking = new Parking(parts.name, parked, parts.keepsMessages)
  }

  get position(): number {
    return this.#position
  }

  get skipped(): number {
    return this.#skipped
  }

  /** Asked after each event, so that a page is never larger than it says. */
  get isSaveDue(): boolean {
    if (this.#unsaved === 0) return false
    return this.#unsaved >= PAGE_LENGTH_MAX_EVENTS || performance.now() - this.#savedAtMs >= PAGE_TIME_MAX_MS
  }

  /** Everything selected up to here is done with. `event`: the id of the event there, if it is at hand. */
  moveTo(position: number, event?: string): void {
    if (position <= this.#position) return
    this.#position = position
    this.#event = event
    this.#unsaved++
    this.waiters.moveTo(position)
  }

  skip(position: number, event?: string): void {
    this.#skipped++
    this.moveTo(position, event)
  }

  /** Puts an event aside, in the same write that moves the checkpoint past it. */
  park(position: number, error: unknown, event?: string): void {
    this.parking.add(position, error, this.#parts.clock().toISOString())
    this.#unsaved++
    this.moveTo(position, event)
  }

  unpark(position: number): void {
    this.parking.remove(position)
    this.#unsaved++
  }

  /** Durable once it resolves. One at a time. @throws PerdureError as `CheckpointKeeper.save` */
  async save(): Promise<void> {
    const saving = this.#saving.then(() => this.#saveNow())
    // A save that fails is told to whoever asked for it.
    this.#saving = saving.catch(() => undefined)
    await saving
  }

  async #saveNow(): Promise<void> {
    const unsaved = this.#unsaved
    if (unsaved === 0) return
    await this.#parts.keeper.save({
      position: this.#position,
      event: this.#event,
      skipped: this.#skipped,
      parked: this.parking.list(),
    })
    this.#unsaved -= unsaved
    this.#savedAtMs = performance.now()
    this.#parts.onPage()
  }
}

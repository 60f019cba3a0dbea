/** One active instance of a subscription: reads on, calls the handler, and keeps account of how far it has come. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Backend } from '../backends/protocol.js'
import { isPerdureError, storeClosed } from '../errors.js'
import { Delivery, type DeliveryParts } from './delivery.js'
import { subscriptionClosed, waitsForItself } from './failures.js'
import { ABANDONED, type Handling } from './handling.js'
import { PAGE_TIME_MAX_MS, type Progress } from './progress.js'
import { checkWhenAt } from './request.js'
import type { Parked, Subscription } from './subscription.js'

export interface RunningParts extends DeliveryParts {
  readonly backend: Backend
}

interface Replay {
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class RunningSubscription implements Subscription {
  readonly name: string
  readonly #done: Promise<void>
  /** Somebody looks at how it ends. */
  #isWatched = false
  readonly #parts: RunningParts
  readonly #progress: Progress
  readonly #delivery: Delivery
  readonly #handling: Handling
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #replays: Replay[] = []
  #head = 0
  #wake: () => void = () => {}
  /** No event is begun any more. */
  #isStopping = false
  /** It is over: nothing is handled, replayed or waited for. */
  #hasEnded = false
  /** What has ended it, unless it was closed. */
  #failure: { readonly error: unknown } | undefined
  #closing: Promise<void> | undefined

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.#progress = parts.progress
    this.name = parts.request.name
    this.#delivery = new Delivery(parts)
    this.#handling = this.#delivery.handling
    this.#timer = setInterval(() => void this.#tick(), PAGE_TIME_MAX_MS)
    this.#done = this.#run()
    this.#done.catch(() => this.#warn())
  }

  get done(): Promise<void> {
    this.#isWatched = true
    return this.#done
  }

  /** For the store: `done`, whichever way, without being looked at. */
  async ended(): Promise<void> {
    await this.#done.catch(() => undefined)
  }

  get position(): number {
    return this.#progress.position
  }

  get skipped(): number {
    return this.#progress.skipped
  }

  async parked(): Promise<Parked[]> {
    return this.#progress.parking.list()
  }

  async replay(position: number): Promise<void> {
    this.#assertGoing()
    this.#progress.parking.assertParked(position)
    if (this.#handling.isWithin) return await this.#replay(position)
    await new Promise<void>((resolve, reject: (error: unknown) => void) => {
      this.#replays.push({ position, resolve, reject })
      this.#wake()
    })
  }

  async whenAt(position: number, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs } = checkWhenAt(position, options)
    if (this.#progress.position >= position) return
    this.#assertGoing()
    if (this.#handling.isWithin) throw waitsForItself(this.name, position)
    await this.#progress.waiters.wait(position, timeoutMs)
  }

  async close(): Promise<void> {
    this.#isStopping = true
    this.#wake()
    if (this.#handling.isWithin) return
    this.#closing ??= this.#awaitEnd()
    await this.#closing
  }

  /** As `close`, for a store that is about to let go of the log: from within the handler, what is done is saved now. */
  async closeWithStore(): Promise<void> {
    const isWithin = this.#handling.isWithin
    await this.close()
    if (isWithin) await this.#progress.save()
  }

  async #awaitEnd(): Promise<void> {
    const giveUp = setTimeout(() => this.#handling.abandon(), this.#parts.request.closeTimeoutMs)
    try {
      await this.#done
    } finally {
      clearTimeout(giveUp)
    }
  }

  async #run(): Promise<void> {
    void this.#watch()
    try {
      await this.#handling.inContext(() => this.#loop())
    } catch (error) {
      this.#fail(error)
    }
    await this.#end()
  }

  /** Learns of what is recorded; the loop sees only the newest head. */
  async #watch(): Promise<void> {
    try {
      for await (const head of this.#parts.backend.changed(this.#stop.signal)) {
        this.#head = head
        this.#wake()
      }
      if (!this.#isStopping) this.#fail(storeClosed())
    } catch (error) {
      if (!this.#isStopping) this.#fail(error)
    }
  }

  async #loop(): Promise<void> {
    while (!this.#isStopping) {
      const replay = this.#replays.shift()
      if (replay !== undefined) await this.#replayFor(replay)
      else if (this.#progress.position < this.#head) await this.#page()
      else await this.#sleep()
    }
  }

  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve))
  }

  async #page(): Promise<void> {
    const { reader, request } = this.#parts
    const { events, scannedTo, failures } = await reader.scan(request.query, this.#progress.position, this.#head)
    for (const event of events) {
      if (this.#isStopping) return
      const handled = this.#delivery.deliver(event, failures.get(event.position))
      if (handled !== undefined) await handled
      if (this.#progress.isSaveDue) await this.#progress.save()
      while (this.#replays.length > 0 && !this.#isStopping) await this.#replayFor(this.#replays.shift() as Replay)
    }
    if (this.#isStopping) return
    this.#progress.moveTo(scannedTo)
    // Where neither reading nor handling waits for anything, the rest of the program would get no turn.
    await nextTurn()
  }

  async #replayFor({ position, resolve, reject }: Replay): Promise<void> {
    await this.#replay(position).then(resolve, reject)
  }

  async #replay(position: number): Promise<void> {
    const outcome = await this.#delivery.retry(position)
    if (outcome === ABANDONED) throw this.#ending()
    await this.#save()
    if (outcome !== undefined) throw outcome.error
  }

  /** Notices that the name has been taken over, whatever the handler is doing, and saves what is not saved. */
  async #tick(): Promise<void> {
    try {
      this.#delivery.assertHeld()
      if (this.#progress.isSaveDue) await this.#progress.save()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #save(): Promise<void> {
    try {
      await this.#progress.save()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  #assertGoing(): void {
    if (this.#hasEnded || this.#isStopping) throw this.#ending()
  }

  /** What whoever waits is told once it is over. */
  #ending(): unknown {
    return this.#failure === undefined ? subscriptionClosed(this.name) : this.#failure.error
  }

  /** A consumer that stops must not do so unseen. What it failed with may quote what it was given, and is not repeated. */
  #warn(): void {
    if (this.#isWatched) return
    const { name } = this
    const said = `the subscription ${JSON.stringify(name)} has stopped at position ${this.position}; its done says why`
    process.emitWarning(said, 'PerdureWarning')
  }

  /** The first failure counts. The handler under way is not waited for. */
  #fail(error: unknown): void {
    if (this.#hasEnded) return
    this.#failure ??= { error }
    this.#isStopping = true
    this.#handling.abandon()
    this.#wake()
  }

  async #end(): Promise<void> {
    this.#isStopping = true
    this.#stop.abort()
    clearInterval(this.#timer)
    await this.#saveLast()
    await this.#parts.claim.release().catch((error: unknown) => this.#fail(error))
    this.#hasEnded = true
    const ending = this.#ending()
    for (const { reject } of this.#replays.splice(0)) reject(ending)
    this.#progress.waiters.endAll(ending)
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #saveLast(): Promise<void> {
    try {
      await this.#progress.save()
    } catch (error) {
      // A handler that closed its store has had saved what could be saved.
      if (!isPerdureError(error) || error.code !== 'store-closed') this.#fail(error)
    }
  }
}

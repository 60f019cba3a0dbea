/** Tells those who follow a log that its head has moved, within one process. */

/** The longest time a timer takes: it is there to be there. */
const ALIVE_INTERVAL_MS = 2_147_483_647

/** Keeps the newest head, and whoever waits for the next one; and the process, while somebody does. */
export class HeadNotices {
  #head: number
  #isClosed = false
  readonly #waiting = new Set<() => void>()
  /** A promise alone does not keep Node running: it would end, with code 13, under whoever awaits an event. */
  #alive: NodeJS.Timeout | undefined

  constructor(head: number) {
    this.#head = head
  }

  /** The head is here now. Waking those who wait costs nothing when nobody does. */
  moveTo(head: number): void {
    this.#head = head
    this.#wake()
  }

  close(): void {
    this.#isClosed = true
    this.#wake()
  }

  /** As `Backend.changed`. */
  async *watch(signal: AbortSignal): AsyncGenerator<number, void, void> {
    let seen = -1
    const isOver = (): boolean => signal.aborted || this.#isClosed
    while (!isOver()) {
      if (this.#head === seen) await this.#next(signal)
      if (isOver()) return
      if (this.#head === seen) continue
      seen = this.#head
      yield seen
    }
  }

  async #next(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        if (this.#waiting.size === 0) this.#letGo()
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      this.#alive ??= setInterval(() => {}, ALIVE_INTERVAL_MS)
      signal.addEventListener('abort', wake)
    })
  }

  #letGo(): void {
    clearInterval(this.#alive)
    this.#alive = undefined
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

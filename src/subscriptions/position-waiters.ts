/** Those who wait until a subscription has come to a position. */
import { PerdureError } from '../errors.js'

interface Waiter {
  readonly position: number
  readonly arrive: () => void
  readonly fail: (error: unknown) => void
}

/** The longest time a timer takes: 2^31 - 1 ms. */
const TIMEOUT_MAX_MS = 2_147_483_647

export class PositionWaiters {
  readonly #waiters = new Set<Waiter>()

  /** @throws PerdureError `timed-out`; or what `endAll` is given */
  async wait(position: number, timeoutMs: number | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    let waiter: Waiter | undefined
    try {
      await new Promise<void>((resolve, reject: (error: unknown) => void) => {
        waiter = { position, arrive: resolve, fail: reject }
        this.#waiters.add(waiter)
        if (timeoutMs === undefined) return
        const expire = (): void => reject(timedOut(position, timeoutMs))
        timer = setTimeout(expire, Math.min(timeoutMs, TIMEOUT_MAX_MS))
      })
    } finally {
      clearTimeout(timer)
      if (waiter !== undefined) this.#waiters.delete(waiter)
    }
  }

  moveTo(position: number): void {
    if (this.#waiters.size === 0) return
    for (const waiter of this.#waiters) if (waiter.position <= position) waiter.arrive()
  }

  endAll(error: unknown): void {
    for (const waiter of this.#waiters) waiter.fail(error)
  }
}

function timedOut(position: number, timeoutMs: number): PerdureError<'timed-out'> {
  return new PerdureError(
    'timed-out',
    `position ${position} was not reached within ${timeoutMs} ms`,
    { operation: 'whenAt', timeoutMs },
    { hint: 'The subscription goes on. Wait longer, or look at its `position` and at what its handler is doing.' },
  )
}

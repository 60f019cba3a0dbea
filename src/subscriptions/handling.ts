/** Calling a handler: one call at a time, given up on when nobody waits for it any more. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import type { SubscribeRequest } from './request.js'

/** Which handler is running here, in this call and in everything that it waits for. */
const running = new AsyncLocalStorage<Handling>()

/** Stands for the outcome of a call that was given up on. */
export const ABANDONED = Symbol('abandoned')

type Asked = Pick<SubscribeRequest, 'name' | 'handler' | 'timeoutMs'>

export class Handling {
  readonly #asked: Asked
  /** More than one: the handler has asked for a replay, and waits for it. */
  #calls = 0
  readonly #abandons = new Set<() => void>()

  constructor(asked: Asked) {
    this.#asked = asked
  }

  /** The caller is the handler that is under way, or something it has called: waiting for it would be for ever. */
  get isWithin(): boolean {
    return this.#calls > 0 && running.getStore() === this
  }

  /** Runs a loop whose handler calls are recognised by `isWithin`. One context for all of them costs least. */
  async inContext(loop: () => Promise<void>): Promise<void> {
    await running.run(this, loop)
  }

  /**
   * Undefined: it has been handled already. Else to be awaited. Throws, or rejects with, what the handler threw.
   *
   * @throws PerdureError `handler-timeout`; how the call ends later no longer matters
   */
  call(event: RecordedEvent): Promise<typeof ABANDONED | undefined> | undefined {
    this.#calls++
    let isPending = false
    try {
      const result: unknown = this.#asked.handler(event)
      if (!isThenable(result)) return undefined
      isPending = true
      return this.#settle(result, event.position)
    } finally {
      if (!isPending) this.#calls--
    }
  }

  /** What is under way counts as not done; how it ends no longer matters. */
  abandon(): void {
    for (const abandon of this.#abandons) abandon()
  }

  async #settle(result: PromiseLike<unknown>, position: number): Promise<typeof ABANDONED | undefined> {
    let abandon: (() => void) | undefined
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise((resolve, reject) => {
        abandon = () => resolve(ABANDONED)
        this.#abandons.add(abandon)
        timer = this.#limit(position, reject)
        result.then(() => resolve(undefined), reject)
      })
    } finally {
      clearTimeout(timer)
      if (abandon !== undefined) this.#abandons.delete(abandon)
      this.#calls--
    }
  }

  #limit(position: number, fail: (error: unknown) => void): NodeJS.Timeout | undefined {
    const { name, timeoutMs } = this.#asked
    if (timeoutMs === undefined) return undefined
    const expire = (): void => fail(handlerTimeout(name, position, timeoutMs))
    // After a pause of the whole process, what has been answered meanwhile is looked at first.
    return setTimeout(() => void setImmediate(expire), timeoutMs)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function handlerTimeout(name: string, position: number, timeoutMs: number): PerdureError<'handler-timeout'> {
  return new PerdureError(
    'handler-timeout',
    `the handler of the subscription ${JSON.stringify(name)} has not come to an end with the event at ${position} within ${timeoutMs} ms`,
    { name, position, timeoutMs },
    { hint: 'Find out what it waits for, and give that a limit of its own; or allow it more time with timeoutMs.' },
  )
}

/** The message of whatever was thrown, bounded. */
export function messageOf(error: unknown, lengthMax: number): string {
  return textOf(error).slice(0, lengthMax).toWellFormed()
}

function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error)
  } catch {
    return 'something that cannot be described'
  }
}

/** Events that could not be handled, put aside. */
import { isPerdureError, PerdureError } from '../errors.js'
import { messageOf } from './handling.js'
import type { Parked } from './subscription.js'

/** More than these is no longer a few bad events, but something else that is wrong. */
export const PARKED_LENGTH_MAX = 10_000
const MESSAGE_LENGTH_MAX = 1000
/** Where many are parked, messages are shorter: the checkpoint holds them all. */
const MANY = 500
const MESSAGE_OF_MANY_LENGTH_MAX = 100

export class Parking {
  readonly #name: string
  readonly #keepsMessages: boolean
  /** By position, which is the order in which they come. */
  readonly #parked: Map<number, Parked>

  /** `keepsMessages` false: the log is sealed, and what an error says may quote what it seals. */
  constructor(name: string, parked: readonly Parked[], keepsMessages: boolean) {
    this.#name = name
    this.#keepsMessages = keepsMessages
    this.#parked = new Map(parked.map((one) => [one.position, Object.freeze(one)]))
  }

  list(): Parked[] {
    return [...this.#parked.values()]
  }

  get isFull(): boolean {
    return this.#parked.size >= PARKED_LENGTH_MAX
  }

  /** The first time or again. */
  add(position: number, error: unknown, time: string): void {
    const message = messageOf(
      this.#keepsMessages ? safeToKeep(error) : kindOf(error),
      this.#parked.size < MANY ? MESSAGE_LENGTH_MAX : MESSAGE_OF_MANY_LENGTH_MAX,
    )
    const attempts = (this.#parked.get(position)?.attempts ?? 0) + 1
    this.#parked.set(position, Object.freeze({ position, error: message, attempts, time }))
  }

  remove(position: number): void {
    this.#parked.delete(position)
  }

  /** @throws PerdureError `not-parked` */
  assertParked(position: number): void {
    if (this.#parked.has(position)) return
    throw new PerdureError(
      'not-parked',
      `the subscription ${JSON.stringify(this.#name)} has parked no event at position ${String(position)}`,
      { name: this.#name, position },
      { hint: 'parked() lists those that are.' },
    )
  }
}

/** What went wrong, without its message. */
function kindOf(error: unknown): string {
  if (isPerdureError(error)) return error.code
  return error instanceof Error ? error.constructor.name : typeof error
}

/** The checkpoint is not sealed, and what an upcast function throws may quote the data that it was given. */
function safeToKeep(error: unknown): unknown {
  if (!isPerdureError(error) || error.code !== 'upcast-failed') return error
  const { type, version } = error.facts
  return `the upcast of ${type} from version ${version} failed`
}

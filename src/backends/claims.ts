/** Who is the one consumer of which name, for a backend that a single process has open. */
import type { Claim } from './protocol.js'

export class Claims {
  readonly #holders = new Map<string, object>()

  /** As `Backend.claim`. */
  claim(name: string, takeOver: boolean): Claim | undefined {
    if (!takeOver && this.#holders.has(name)) return undefined
    const holder = {}
    const holders = this.#holders
    const isHeld = (): boolean => holders.get(name) === holder
    holders.set(name, holder)
    return {
      get isHeld(): boolean {
        return isHeld()
      },
      release: async () => {
        if (isHeld()) holders.delete(name)
      },
    }
  }
}

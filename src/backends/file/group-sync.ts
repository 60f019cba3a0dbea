/** Waiting for the disk, in the cheaper of two ways. */
import type { File, Platform } from '../../files/platform.js'

/** A pause of the program that nobody notices: what a collection of garbage takes. */
const IN_PLACE_MAX_MS = 1

/** After so much waiting in place everything else gets a turn: timers, requests, signals. */
const IN_A_ROW_MAX_MS = 5

/**
 * A sync in another thread leaves the program free, but on a fast disk waking that thread takes as long as the sync. So
 * the sync of a commit that nobody waits beside is done in place while the disk answers within a millisecond.
 */
export class GroupSync {
  readonly #platform: Platform
  /** How long the disk took the last time. */
  #tookMs = Infinity
  /** In place, since the program last had a turn. */
  #inARowMs = 0

  constructor(platform: Platform) {
    this.#platform = platform
  }

  /** Rejects when the sync failed; then it must not be asked for again. */
  async sync(file: File, isAlone: boolean): Promise<void> {
    const inPlace = isAlone && this.#tookMs < IN_PLACE_MAX_MS
    const startedMs = this.#platform.monotonicMs()
    if (inPlace) file.syncNow()
    else await file.sync()
    this.#tookMs = this.#platform.monotonicMs() - startedMs
    this.#inARowMs = inPlace ? this.#inARowMs + this.#tookMs : 0
    if (this.#inARowMs < IN_A_ROW_MAX_MS) return
    await this.#platform.turn()
    this.#inARowMs = 0
  }
}

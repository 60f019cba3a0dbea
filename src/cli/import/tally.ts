/** What an import has found to be new, and what to be known. */
import type { Incoming } from './mapping.js'

export interface ImportCounts {
  /** Events of the file. */
  readonly events: number
  readonly newEvents: number
  /** Recorded by an earlier import, or earlier in this one. */
  readonly known: number
  /** Of the known, those that this import itself had recorded: the file holds them more than once. */
  readonly repeated: number
  /** Of the known that an earlier import recorded, those whose ids are derived from the name of the source. */
  readonly knownByName: number
  /** A row that an earlier import recorded stands after something new, as in no file that has only grown. */
  readonly isMixed: boolean
}

/** Counts what was new and what was known, in the order of the file. */
export class Tally {
  #newEvents = 0
  #known = 0
  #repeated = 0
  #knownByName = 0
  #isMixed = false

  /** `head`: where the log ended before the import. */
  constructor(readonly head: number) {}

  get counts(): ImportCounts {
    const [newEvents, known, repeated] = [this.#newEvents, this.#known, this.#repeated]
    const [knownByName, isMixed] = [this.#knownByName, this.#isMixed]
    return { events: newEvents + known, newEvents, known, repeated, knownByName, isMixed }
  }

  addNew(count: number): void {
    this.#newEvents += count
  }

  /** `isAfterNew`: also something of its own batch stands before it that is new. */
  addKnown({ derivedFrom }: Incoming, position: number, isAfterNew: boolean): void {
    this.#known++
    if (position > this.head) this.#repeated++
    else if (derivedFrom !== 'content') {
      this.#knownByName++
      this.#isMixed ||= derivedFrom === 'row' && (isAfterNew || this.#newEvents > 0)
    }
  }
}

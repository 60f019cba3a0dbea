/** What an import has found to be new, and what to be known. */

export interface ImportCounts {
  /** Events of the file. */
  readonly events: number
  readonly newEvents: number
  /** Recorded by an earlier import, or earlier in this one. */
  readonly known: number
  /** Of the known, those that this import itself had recorded: the file holds them more than once. */
  readonly repeated: number
  /** Something that an earlier import recorded stands after something new, as in no file that has only grown. */
  readonly isMixed: boolean
}

/** Counts what was new and what was known, in the order of the file. */
export class Tally {
  #newEvents = 0
  #known = 0
  #repeated = 0
  #isMixed = false

  /** `head`: where the log ended before the import. */
  constructor(readonly head: number) {}

  get counts(): ImportCounts {
    const [newEvents, known] = [this.#newEvents, this.#known]
    return { events: newEvents + known, newEvents, known, repeated: this.#repeated, isMixed: this.#isMixed }
  }

  addNew(count: number): void {
    this.#newEvents += count
  }

  /** `isAfterNew`: also something of its own batch stands before it that is new. */
  addKnown(count: number, position: number, isAfterNew: boolean): void {
    this.#known += count
    if (position > this.head) this.#repeated += count
    else this.#isMixed ||= isAfterNew || this.#newEvents > 0
  }
}

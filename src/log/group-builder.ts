/** Group commit: gathers concurrent commits into groups that a backend can write at once, and settles what is unknown. */
import type { Backend, Commit, CommitOutcome } from '../backends/protocol.js'
import { InvariantError, isPerdureError, PerdureError } from '../errors.js'
import { matches } from './selection.js'

/** From here on a larger group gains nothing: the sync is spread thin enough. */
export const GROUP_LENGTH_MAX_EVENTS = 2000
const GROUP_SIZE_MAX_CHARACTERS = 4 * 1024 * 1024

/** `settledAfter`: the first answer was lost; this one was asked for again, and what stands after here is our own. */
export type Outcome = CommitOutcome & { readonly settledAfter?: number }

interface Waiting {
  readonly commit: Commit
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * One for each open store. Commits are written in the order in which they came; each waits for the group that it is in.
 */
export class GroupBuilder {
  readonly #backend: Backend
  readonly #now: () => string
  #waiting: Waiting[] = []
  #isRunning = false
  /** The highest position known to be recorded. */
  #head: number

  constructor(backend: Backend, now: () => string, head: number) {
    this.#backend = backend
    this.#now = now
    this.#head = head
  }

  get head(): number {
    return this.#head
  }

  /** Somebody has seen the log to be this long. */
  noteHead(position: number): void {
    this.#head = Math.max(this.#head, position)
  }

  /**
   * Resolves with the commit's outcome, once it is durable.
   *
   * @throws PerdureError: `written: 'no'` when the backend says so, else `written: 'unknown'`, after having asked again
   */
  submit(commit: Commit): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject })
      if (this.#isRunning) return
      this.#isRunning = true
      // A microtask later: appends made in the same turn share the first group already.
      queueMicrotask(() => void this.#run())
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = takeGroup(this.#waiting)
      const group = taken === this.#waiting.length ? this.#waiting : this.#waiting.slice(0, taken)
      this.#waiting = taken === this.#waiting.length ? [] : this.#waiting.slice(taken)
      await this.#write(group)
    }
    this.#isRunning = false
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    const headBefore = this.#head
    const commits = group.map(({ commit }) => commit)
    try {
      this.#answer(group, await this.#backend.append(commits, this.#now()))
    } catch (error) {
      if (isPerdureError(error) && error.written === 'no') for (const { reject } of group) reject(error)
      else await this.#settle(group, commits, headBefore, error)
    }
  }

  /**
   * Whether the group was written is unknown. Sending it again answers that, because ids are remembered: what was
   * written is `known` and not written twice; what was not is written now, or refused.
   */
  async #settle(
    group: readonly Waiting[],
    commits: readonly Commit[],
    headBefore: number,
    cause: unknown,
  ): Promise<void> {
    try {
      const outcomes = await this.#backend.append(commits, this.#now())
      this.#answer(
        group,
        outcomes.map((outcome) => ({ ...outcome, settledAfter: headBefore })),
      )
    } catch {
      for (const { reject } of group) reject(unknownOutcome(cause))
    }
  }

  #answer(group: readonly Waiting[], outcomes: readonly Outcome[]): void {
    group.forEach(({ resolve, reject }, i) => {
      const outcome = outcomes[i]
      if (outcome === undefined) {
        reject(new InvariantError('a backend answers every commit of a group'))
        return
      }
      if (outcome.kind === 'written') this.noteHead(outcome.last)
      resolve(outcome)
    })
  }
}

function unknownOutcome(cause: unknown): unknown {
  if (isPerdureError(cause) && cause.written === 'unknown') return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  return new PerdureError(
    'backend-failed',
    `the backend failed while writing, and could not be asked again whether it had written: ${message}`,
    { operation: 'append' },
    { cause, written: 'unknown', hint: 'Append again with the same event ids: what is recorded is not written twice.' },
  )
}

/** How many of the waiting commits, from the first on, make a group. At least one. */
function takeGroup(waiting: readonly Waiting[]): number {
  if (waiting.length === 1) return 1
  const group = new Group()
  let count = 0
  for (const { commit } of waiting) {
    if (count > 0 && (group.isFull() || group.touches(commit))) break
    group.add(commit)
    count++
  }
  return count
}

/** What the commits of a group would change, as far as it decides whether another commit may join it. */
class Group {
  readonly #commits: Commit[] = []
  readonly #ids = new Set<string>()
  readonly #streams = new Set<string>()
  readonly #tags = new Set<string>()
  #events = 0
  #characters = 0

  isFull(): boolean {
    return this.#events >= GROUP_LENGTH_MAX_EVENTS || this.#characters >= GROUP_SIZE_MAX_CHARACTERS
  }

  add(commit: Commit): void {
    this.#commits.push(commit)
    for (const { stream, events } of commit.writes) {
      this.#streams.add(stream)
      this.#events += events.length
      for (const event of events) {
        this.#characters += event.back.length
        // An id that the store has just made up is known to nobody else.
        if (event.chosen) this.#ids.add(event.id)
        for (const tag of event.tags) this.#tags.add(tag)
      }
    }
  }

  /** Whether the outcome of this commit could depend on a commit in the group. */
  touches({ writes, unless, guards }: Commit): boolean {
    for (const { stream, expect, events } of writes) {
      if (expect !== 'any' && this.#streams.has(stream)) return true
      for (const { id, chosen } of events) if (chosen && this.#ids.has(id)) return true
    }
    if (guards !== undefined) for (const stream of Object.keys(guards)) if (this.#streams.has(stream)) return true
    return unless !== undefined && this.#matchesAny(unless.matcher)
  }

  #matchesAny(matcher: NonNullable<Commit['unless']>['matcher']): boolean {
    // Most conditions name a tag that nobody else in the group has: then there is nothing to walk through.
    const possible = matcher.filter(({ tags }) => tags?.every((tag) => this.#tags.has(tag)) ?? true)
    if (possible.length === 0) return false
    return this.#commits.some(({ writes }) =>
      writes.some(({ stream, events }) => events.some(({ type, tags }) => matches(possible, { stream, type, tags }))),
    )
  }
}

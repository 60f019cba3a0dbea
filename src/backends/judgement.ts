/** The order of judgement over a log held by this process: ids, then every condition. SQL backends do the same in SQL. */
import type { Expect } from '../events.js'
import type { Commit, CommitOutcome, FailedCondition, Line, Matcher } from './protocol.js'

/** What judging needs to know of a log. */
export interface LogState {
  /** Where this id stands. `chosen` false: the store has just made it up. */
  positionOf(id: string, chosen: boolean): number | undefined
  lineAt(position: number): Line
  revisionOf(stream: string): number
  /** The last position after `after` that matches; 0 if none does. */
  lastMatch(matcher: Matcher, after: number): number
}

/** The outcome of a commit that must not be written; undefined if it may be. */
export function judge(commit: Commit, state: LogState): CommitOutcome | undefined {
  return judgeIds(commit, state) ?? judgeConditions(commit, state)
}

function judgeIds({ writes }: Commit, state: LogState): CommitOutcome | undefined {
  let places: Map<string, number> | undefined
  let count = 0
  for (const { events } of writes) {
    count += events.length
    for (const { id, chosen } of events) {
      const position = state.positionOf(id, chosen)
      if (position !== undefined) (places ??= new Map()).set(id, position)
    }
  }
  if (places === undefined) return undefined
  if (places.size < count) return { kind: 'id-reused', places }
  return { kind: 'known', lines: [...places.values()].map((position) => state.lineAt(position)) }
}

function judgeConditions({ writes, unless, guards }: Commit, state: LogState): CommitOutcome | undefined {
  const conflicts: FailedCondition[] = []
  // What earlier writes of this commit add to a stream: later ones see it.
  const added = new Map<string, number>()
  writes.forEach(({ stream, expect, events }, write) => {
    const before = added.get(stream) ?? 0
    if (expect !== 'any') {
      const actual = state.revisionOf(stream) + before
      if (!holds(expect, actual)) conflicts.push({ kind: 'revision', write, actual })
    }
    if (write < writes.length - 1) added.set(stream, before + events.length)
  })
  if (unless !== undefined) {
    const actual = state.lastMatch(unless.matcher, unless.after)
    if (actual > 0) conflicts.push({ kind: 'query', actual })
  }
  for (const [stream, revision] of Object.entries(guards ?? {})) {
    const actual = state.revisionOf(stream)
    if (actual !== revision) conflicts.push({ kind: 'guard', stream, actual })
  }
  return conflicts.length === 0 ? undefined : { kind: 'conflict', conflicts }
}

function holds(expect: Expect, actual: number): boolean {
  switch (expect) {
    case 'any':
      return true
    case 'new':
      return actual === 0
    case 'exists':
      return actual > 0
    default:
      return actual === expect
  }
}

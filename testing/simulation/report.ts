/** What a campaign found, in a form that workers can send and sum up. */
import type { Invariant } from './invariants.js'

export interface Failure {
  readonly seed: number
  /** Undefined: not a broken promise but a crash of the simulation, which is as bad. */
  readonly invariant: Invariant | undefined
  readonly message: string
  readonly place: string
}

export interface Findings {
  /** Disk states from which the log was recovered and audited. */
  states: number
  cases: number
  readonly failures: Failure[]
  /** How often each branch of opening, refusing and failing was taken, by its text with numbers left out. */
  readonly branches: Map<string, number>
}

export function noFindings(): Findings {
  return { states: 0, cases: 0, failures: [], branches: new Map() }
}

export function addFindings(sum: Findings, more: Findings): void {
  sum.states += more.states
  sum.cases += more.cases
  sum.failures.push(...more.failures)
  for (const [branch, count] of more.branches) sum.branches.set(branch, (sum.branches.get(branch) ?? 0) + count)
}

/** The same branch has the same text, whatever the position, path or id it met. */
export function branchOf(text: string): string {
  return text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>').replace(/\d+/g, '#')
}

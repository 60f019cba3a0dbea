/** Runs numbered cases in this thread and gathers what they find. */
import { Cases } from './cases.js'
import { Violation } from './invariants.js'
import type { Subject } from './subject.js'
import { addFindings, branchOf, type Failure, type Findings, noFindings } from './report.js'
import type { Scenario } from './scenario.js'

export class Runner {
  #findings = noFindings()
  #cases: Cases | undefined
  readonly #branchOf = new Map<string, string>()

  private constructor() {}

  static async open(subject: Subject, scenarios?: readonly Scenario[]): Promise<Runner> {
    const runner = new Runner()
    const mark = (text: string): void => runner.#mark(text)
    const count = (states: number): void => void (runner.#findings.states += states)
    runner.#cases = await Cases.open({ subject, mark, count }, scenarios)
    return runner
  }

  get cases(): Cases {
    if (this.#cases === undefined) throw new Error('the runner is not open')
    return this.#cases
  }

  async run(seed: number): Promise<Failure | undefined> {
    this.#findings.cases++
    try {
      await this.cases.run(seed)
      return undefined
    } catch (error) {
      const invariant = error instanceof Violation ? error.invariant : undefined
      const message =
        error instanceof Violation ? error.message : error instanceof Error ? `${error.stack}` : String(error)
      const failure = { seed, invariant, message, place: this.cases.describe(seed) }
      this.#findings.failures.push(failure)
      return failure
    }
  }

  /** What was found since the last time. */
  takeFindings(): Findings {
    const taken = noFindings()
    addFindings(taken, this.#findings)
    this.#findings = noFindings()
    return taken
  }

  #mark(text: string): void {
    let branch = this.#branchOf.get(text)
    if (branch === undefined) {
      if (this.#branchOf.size > 5000) this.#branchOf.clear()
      this.#branchOf.set(text, (branch = branchOf(text)))
    }
    const { branches } = this.#findings
    branches.set(branch, (branches.get(branch) ?? 0) + 1)
  }
}

/** A complete check of a log's lines through the seam: order, commits, times, form, and the Merkle root. */
import type { Backend, Finding, Line } from '../backends/protocol.js'
import { isPerdureError } from '../errors.js'
import { checkLine, MalformedLine, type Envelope } from '../log/line.js'
import { MerkleTree } from './merkle.js'

const PAGE_SIZE_BYTES = 1024 * 1024

export interface LogCheck {
  /** How many events stand in order, from the first on. */
  readonly events: number
  readonly root: string
  readonly findings: readonly Finding[]
}

/** Ends at the first fault: after it, nothing can be said of order. */
export async function checkLog(backend: Backend): Promise<LogCheck> {
  const tree = new MerkleTree()
  const order = new OrderCheck()
  const { position: head } = await backend.head()
  const done = (findings: readonly Finding[]): LogCheck => ({ events: tree.size, root: tree.root(), findings })
  while (tree.size < head) {
    let lines: readonly Line[]
    try {
      const page = { after: tree.size, upTo: head, backwards: false, limit: Infinity, maxBytes: PAGE_SIZE_BYTES }
      ;({ lines } = await backend.read([{}], page))
    } catch (error) {
      if (isPerdureError(error)) return done([toFinding(error)])
      throw error
    }
    if (lines.length === 0) return done([corrupt(tree.size + 1, 'no line is there')])
    for (const line of lines) {
      const problem = order.check(line)
      if (problem !== undefined) return done([corrupt(tree.size + 1, problem)])
      tree.append(line)
    }
  }
  return done(order.isBetweenCommits ? [] : [corrupt(head, 'the log ends in the middle of a commit')])
}

/** Positions without a gap, whole commits, times that do not decrease, lines that can be read. */
class OrderCheck {
  #position = 0
  #time = ''
  #commitFirst = 0
  #commitCount = 0

  get isBetweenCommits(): boolean {
    return this.#position === this.#commitFirst + this.#commitCount - 1 || this.#position === 0
  }

  check(line: Line): string | undefined {
    let envelope: Envelope
    try {
      envelope = checkLine(line)
    } catch (error) {
      if (error instanceof MalformedLine) return `the line is malformed: ${error.message}`
      throw error
    }
    const { position, first, count, time, revision } = envelope
    const begins = this.isBetweenCommits
    if (position !== this.#position + 1) return `it says position ${position}`
    if (begins ? first !== position : first !== this.#commitFirst || count !== this.#commitCount) {
      return `it says commit [${first}, ${count}], which is not the commit that goes on here`
    }
    if (time < this.#time) return `its time ${time} is before that of the event before it`
    if (revision < 1 || count < 1) return 'its revision or its commit is not at least 1'
    this.#position = position
    this.#time = time
    this.#commitFirst = first
    this.#commitCount = count
    return undefined
  }
}

function corrupt(position: number, problem: string): Finding {
  return { code: 'log-corrupt', message: `at position ${position}: ${problem}`, facts: { position } }
}

function toFinding(error: { code: string; message: string; facts: object }): Finding {
  return { code: error.code, message: error.message, facts: error.facts as Finding['facts'] }
}

/** Whether lines that already have their places continue a log exactly. */
import { PerdureError } from '../errors.js'
import { checkLine, MalformedLine, type Envelope } from '../log/line.js'
import type { Line } from './protocol.js'

/** The end of the log that the lines should continue. */
export interface LogEnd {
  readonly position: number
  readonly time: string | undefined
  revisionOf(stream: string): number
  isRecorded(id: string): boolean
}

/**
 * The envelopes of the lines.
 *
 * @throws PerdureError `lines-invalid`, nothing written, unless they are whole commits, in order, with the next
 * positions and revisions, times that do not decrease, and ids that are new
 */
export function checkContinuation(lines: readonly Line[], end: LogEnd): Envelope[] {
  let { position, time = '' } = end
  let commitLeft = 0
  let commitFirst = 0
  let commitCount = 0
  const revisions = new Map<string, number>()
  const ids = new Set<string>()
  const envelopes = lines.map((line, index) => {
    const envelope = scan(line, index)
    const expect = (what: string, found: string | number, expected: string | number): void => {
      if (found !== expected) throw invalid(index, `${what} is ${found} where ${expected} belongs`, expected, found)
    }
    expect('the position', envelope.position, ++position)
    if (commitLeft === 0) {
      commitFirst = position
      commitCount = commitLeft = envelope.count
      if (commitCount < 1) throw invalid(index, 'the commit holds no event')
    }
    expect("the commit's first position", envelope.first, commitFirst)
    expect("the commit's number of events", envelope.count, commitCount)
    commitLeft--
    const revision = (revisions.get(envelope.stream) ?? end.revisionOf(envelope.stream)) + 1
    expect(`the revision of ${JSON.stringify(envelope.stream)}`, envelope.revision, revision)
    revisions.set(envelope.stream, revision)
    if (envelope.time < time) throw invalid(index, `the time ${envelope.time} is before ${time}`, time, envelope.time)
    time = envelope.time
    if (ids.has(envelope.id) || end.isRecorded(envelope.id))
      throw invalid(index, `the id ${envelope.id} is recorded already`)
    ids.add(envelope.id)
    return envelope
  })
  if (commitLeft > 0) throw invalid(lines.length, `the last commit ends ${commitLeft} events too early`)
  return envelopes
}

function scan(line: Line, index: number): Envelope {
  if (line.includes('\n')) throw invalid(index, 'it holds a newline')
  try {
    return checkLine(line)
  } catch (error) {
    if (error instanceof MalformedLine) throw invalid(index, `the line is malformed: ${error.message}`)
    throw error
  }
}

function invalid(index: number, problem: string, expected?: string | number, found?: string | number): PerdureError {
  return new PerdureError(
    'lines-invalid',
    `line ${index} does not continue the log: ${problem}`,
    { index, ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) },
    { written: 'no', hint: 'Copy whole commits, from exactly the position at which this log ends.' },
  )
}

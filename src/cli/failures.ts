/** What went wrong, in the one form that the command line prints: as JSON for programs, as text for people. */
import { CommanderError } from 'commander'
import { InvariantError, isPerdureError, type AnyPerdureError, type ErrorCode } from '../errors.js'
import type { Conflict } from '../events.js'
import { encodeJson, NotJson } from '../json.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import { plural, printable, shortened } from './text.js'

/** The command line's own codes beside those of the library. */
export type CommandErrorCode =
  | 'usage'
  | 'failed'
  | 'not-found'
  | 'conflict'
  | 'git-missing'
  | 'not-a-repository'
  | 'git-failed'
  | 'demo-differs'
  | 'not-intact'
  | 'internal'

/** A failure that the command line itself finds. */
export class CommandError extends Error {
  override readonly name = 'CommandError'

  constructor(
    readonly code: CommandErrorCode,
    message: string,
    readonly details: {
      readonly hint?: string
      readonly facts?: object
      readonly exit?: ExitCode
      readonly written?: 'no'
    } = {},
  ) {
    super(message)
  }
}

export interface Failure {
  readonly code: ErrorCode | CommandErrorCode
  readonly message: string
  readonly hint?: string
  readonly facts: object
  readonly written?: 'no' | 'unknown'
  readonly exit: ExitCode
}

/** How any thrown value is reported. `command` is what the person typed, for the hint of a usage error. */
export function failureOf(error: unknown, command = 'perdure'): Failure {
  if (isPerdureError(error)) return failureOfStore(error)
  if (error instanceof CommandError) {
    const { hint, facts = {}, exit, written } = error.details
    const ending = exit ?? (error.code === 'usage' ? EXIT.usage : EXIT.failed)
    const { code, message } = error
    return { code, message, ...(hint && { hint }), facts, ...(written && { written }), exit: ending }
  }
  if (error instanceof CommanderError) {
    // A suggestion stands on a line of its own.
    const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
    return { code: 'usage', message, hint: `Run ${command} --help.`, facts: {}, exit: EXIT.usage }
  }
  if (error instanceof NotJson) return { code: 'failed', message: error.message, facts: {}, exit: EXIT.failed }
  return unforeseen(error)
}

const EXITS: Partial<Record<ErrorCode, ExitCode>> = {
  conflict: EXIT.conflict,
  'options-invalid': EXIT.usage,
  // Here a query can only come from the command line.
  'query-invalid': EXIT.usage,
  'log-corrupt': EXIT.notIntact,
  'head-missing': EXIT.notIntact,
  'kv-corrupt': EXIT.notIntact,
  'seal-broken': EXIT.notIntact,
}

/** Some hints speak of calls; here there are options. */
function hintOf({ code, hint }: AnyPerdureError): string | undefined {
  if (code === 'store-locked') return `${hint ?? ''} Or let the command wait: --wait 10.`.trim()
  if (code !== 'keys-missing') return hint
  return 'Say where they are (--keys file:<folder>), or restore them from their newest backup. To read what needs no key: --no-keys.'
}

function failureOfStore(error: AnyPerdureError): Failure {
  const { code, message, facts, written } = error
  const hint = hintOf(error)
  const exit = EXITS[code] ?? EXIT.failed
  return { code, message, ...(hint !== undefined && { hint }), facts, ...(written && { written }), exit }
}

function unforeseen(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error)
  const isBug = error instanceof InvariantError || error instanceof TypeError || error instanceof RangeError
  if (!isBug) return { code: 'failed', message, facts: {}, exit: EXIT.failed }
  const hint = 'This is a fault in Perdure, not in what you did. Please report it with the command and this message.'
  return { code: 'internal', message, hint, facts: { stack: error.stack ?? '' }, exit: EXIT.failed }
}

/** One JSON line, without its newline. */
export function encodeFailure({ code, message, hint, facts, written }: Failure): string {
  return encodeJson({
    error: { code, message, ...(hint && { hint }), facts: plain(facts), ...(written && { written }) },
  })
}

/** Facts may hold absent members and events; what JSON has no word for is left out here, and only here. */
function plain(facts: object): unknown {
  return JSON.parse(JSON.stringify(facts))
}

/** Lines for a person. */
export function describeFailure(failure: Failure): string {
  const lines = [`perdure: ${printable(failure.message)} (${failure.code})`]
  const { conflicts, differences, places } = failure.facts as {
    conflicts?: readonly Conflict[]
    differences?: readonly string[]
    /** Of ids: where they are recorded. */
    places?: Readonly<Record<string, number>>
  }
  if (conflicts !== undefined) lines.push(...conflicts.flatMap(describeConflict))
  if (differences !== undefined) lines.push(...differences.map((difference) => `  ${printable(difference)}`))
  for (const [id, position] of Object.entries(places ?? {}))
    lines.push(`  ${printable(id)} is recorded at position ${position}`)
  if (failure.written === 'unknown') lines.push('  Whether it was written is not known.')
  if (failure.written === 'no') lines.push('  Nothing was written.')
  if (failure.hint !== undefined) lines.push(`  ${printable(failure.hint)}`)
  return lines.join('\n')
}

function describeConflict(conflict: Conflict): string[] {
  const about =
    conflict.kind === 'revision'
      ? `  ${printable(conflict.stream)} is at revision ${conflict.actual}; expected: ${conflict.expected}`
      : `  position ${conflict.actual} matches the query; nothing after ${conflict.expected.after} should`
  if (conflict.events.length === 0) return [about]
  const events = conflict.events.map((event) => {
    const data = shortened(printable(encodeJson(event.data)), 80)
    return `    ${event.position}  ${printable(event.stream)}@${event.revision}  ${printable(event.type)}  ${data}`
  })
  return [about, `  ${plural(events.length, 'event')} since:`, ...events]
}

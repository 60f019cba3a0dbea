/** What the doctor says: one thing that is well, worth knowing, or wrong. */
import { isPerdureError, type ErrorCode } from '../../errors.js'

export interface Finding {
  /** `problem`: opening the log, or reading it to its end, would fail with `code`. */
  readonly level: 'ok' | 'note' | 'problem'
  readonly code?: ErrorCode | 'index-damaged'
  readonly message: string
  /** What to do. */
  readonly hint?: string
  /** Of a problem: where, what was expected, what was found. */
  readonly facts?: object
}

export function ok(message: string): Finding {
  return { level: 'ok', message }
}

export function note(message: string, hint: string): Finding {
  return { level: 'note', message, hint }
}

export function problem(code: ErrorCode, message: string, hint: string): Finding {
  return { level: 'problem', code, message, hint }
}

/** Of what a crash has left behind. */
export const REMOVED_HINT = 'Nothing to do: the next opening removes it.'

const RESTORE_HINT = 'Restore the folder from a copy, and keep this one as it is until that is done.'

/** Runs one examination; what it throws for a caller is a problem found. */
export function attempt<T>(findings: Finding[], examine: () => T): T | undefined {
  try {
    return examine()
  } catch (error) {
    if (!isPerdureError(error)) throw error
    const { code, message, facts } = error
    // The general hint of this code is to ask the doctor.
    const hint = code === 'log-corrupt' ? RESTORE_HINT : error.hint
    findings.push({ level: 'problem', code, message, facts, ...(hint !== undefined && { hint }) })
    return undefined
  }
}

/** What a command needs of the process it runs in: output, errors, input, and the wish to stop. */
import type { Readable, Writable } from 'node:stream'
import type { Output } from './output.js'
import { createProgress, type Progress } from './progress.js'

export interface Io {
  readonly out: Output
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly errors: Writable & { readonly isTTY?: boolean }
  /** Aborted by Ctrl-C and by a polite kill. */
  readonly signal: AbortSignal
  /** Columns of the terminal that `out` goes to; absent for a file or a pipe, which get whole lines. */
  readonly columns?: number
  /** Whether `out` shows colours and bold letters. */
  readonly colours: boolean
  /** The command's exit code, when it is not decided by an error. */
  exit: number
}

/** Programs that read JSON get no progress among it. */
export function progressOf(io: Io, options: { readonly json?: boolean }): Progress {
  return createProgress(io.errors, options.json === true)
}

/** A question before what cannot be undone. Scripts answer it beforehand, with `--yes`. */
import { createInterface } from 'node:readline/promises'
import { CommandError } from './failures.js'
import type { Io } from './io.js'

export interface ConfirmOptions {
  readonly yes?: boolean
  readonly json?: boolean
}

/** @throws CommandError `usage` where nobody can be asked and nobody has said yes, `failed` when somebody says no */
export async function confirm(io: Io, { yes, json }: ConfirmOptions, question: string): Promise<void> {
  if (yes === true) return
  if (json === true || io.input.isTTY !== true || io.errors.isTTY !== true) {
    const hint = 'It cannot be undone. Say --yes where nobody can be asked.'
    throw new CommandError('usage', 'this needs a yes', { hint, written: 'no' })
  }
  const terminal = createInterface({ input: io.input, output: io.errors })
  try {
    const answer = await terminal.question(`${question} It cannot be undone. Type yes: `, { signal: io.signal })
    if (answer.trim() === 'yes') return
  } finally {
    terminal.close()
  }
  throw new CommandError('failed', 'it was not confirmed', { written: 'no' })
}

#!/usr/bin/env node
/** The command `perdure`: one process, one command, one exit code. */
import { Output } from './output.js'
import { runProgram } from './program.js'

const { stdin, stdout, stderr, env, argv } = process
const stopping = new AbortController()
let received: NodeJS.Signals | undefined

/** The first signal asks the command to close its store and end; the second one does not ask. */
function stop(signal: NodeJS.Signals): void {
  if (received !== undefined) end(signal)
  received = signal
  stopping.abort(new Error(`stopped by ${signal}`))
}

/** Ends as the signal would have ended the process, so that a shell or a supervisor sees what happened. */
function end(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

process.on('SIGINT', stop)
process.on('SIGTERM', stop)
// A reader of stderr that has gone is no reason to fail.
stderr.on('error', () => undefined)

process.exitCode = await runProgram(argv.slice(2), {
  out: new Output(stdout, stdout.isTTY),
  input: stdin,
  errors: stderr,
  signal: stopping.signal,
  ...(stdout.isTTY && { columns: stdout.columns }),
  colours: stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
  exit: 0,
})
if (received !== undefined) end(received)

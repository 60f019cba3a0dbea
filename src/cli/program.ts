/** The command line as a whole: its commands, its help, and how a run ends. */
import { Command, CommanderError } from 'commander'
import { createRequire } from 'node:module'
import { addAppend } from './commands/append.js'
import { addBench } from './commands/bench.js'
import { addBlob } from './commands/blob.js'
import { addCat } from './commands/cat.js'
import { addCheckpoint } from './commands/checkpoint.js'
import { addDemo } from './commands/demo.js'
import { addDoctor } from './commands/doctor.js'
import { addFollow } from './commands/follow.js'
import { addImport } from './commands/import.js'
import { addInit } from './commands/init.js'
import { addKeys } from './commands/keys.js'
import { addKv } from './commands/kv.js'
import { addProject } from './commands/project.js'
import { addRead } from './commands/read.js'
import { addRepair } from './commands/repair.js'
import { addShred } from './commands/shred.js'
import { addSnapshot } from './commands/snapshot.js'
import { addStreams } from './commands/streams.js'
import { addSubjects } from './commands/subjects.js'
import { addSubscription } from './commands/subscription.js'
import { addVerify } from './commands/verify.js'
import { EXIT } from './exit-codes.js'
import { describeFailure, encodeFailure, failureOf } from './failures.js'
import type { Io } from './io.js'
import { OutputClosed } from './output.js'
import { DEFAULT_STORE } from './store-option.js'
import { printable } from './text.js'

const HELP = `
Where the log is: --store <url>, or PERDURE_STORE, or else ${DEFAULT_STORE}.
  file:<folder>  a folder; it is the database      memory:  gone when the command ends
Where the keys of a sealed log are: --keys <url>, or PERDURE_KEYS, or else in <folder>.keys.

With --json, commands print JSON Lines, and errors as one line on stderr:
  {"error":{"code":…,"message":…,"hint":…,"facts":…,"written":"no" or "unknown"}}

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 conflict (a condition did not hold)
            4 rejected by the gate · 5 the log is not intact

Examples:
  perdure demo                                          the history of this repository, as a log
  perdure init && perdure append order-1 --type placed  a log of your own
  perdure read --stream order-1`

/** Runs one command line (without the names of node and the script); resolves with the exit code. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  const json = isJson(args)
  const program = createProgram(io, json)
  try {
    await program.parseAsync(args, { from: 'user' })
    await io.out.flush()
    return io.exit
  } catch (error) {
    return await ending(error, { args, io, json })
  }
}

interface Run {
  readonly args: readonly string[]
  readonly io: Io
  readonly json: boolean
}

async function ending(error: unknown, { args, io, json }: Run): Promise<number> {
  // Help and the version were printed; a help that nobody asked for comes with a usage error.
  if (error instanceof OutputClosed) return io.exit
  await io.out.flush().catch(() => undefined)
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
  if (io.signal.aborted) {
    if (!json) io.errors.write('perdure: stopped; the log is closed\n')
    return EXIT.failed
  }
  const failure = failureOf(error, commandOf(args))
  const encoded = encodeFailure(failure)
  if (json) io.errors.write((io.errors.isTTY === true ? printable(encoded) : encoded) + '\n')
  else if (!isHelp(error)) io.errors.write(describeFailure(failure) + '\n')
  return failure.exit
}

/** Whether the program was asked for JSON, also when the rest of the line cannot be understood. */
function isJson(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  return (end < 0 ? args : args.slice(0, end)).includes('--json')
}

function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help'
}

/** The command that the hint of a usage error names. */
function commandOf(args: readonly string[]): string {
  const [name] = args
  return name !== undefined && COMMANDS.has(name) ? `perdure ${name}` : 'perdure'
}

const COMMANDS = new Set<string>()

function createProgram(io: Io, json: boolean): Command {
  const program = new Command('perdure')
    .description('Keeps what happened, for good: an immutable, gapless event log in a folder you can read.')
    .version(packageVersion())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out.text(text),
      writeErr: (text) => (json ? undefined : io.errors.write(text)),
      // Said once, at the end, in one form for all errors.
      outputError: () => undefined,
    })
    .addHelpText('after', HELP)
  addCommands(program, io)
  for (const command of program.commands) COMMANDS.add(command.name())
  return program
}

function addCommands(program: Command, io: Io): void {
  program.commandsGroup('See it at work:')
  addDemo(program, io)
  program.commandsGroup('Write:')
  addInit(program, io)
  addAppend(program, io)
  addImport(program, io)
  program.commandsGroup('Read:')
  addRead(program, io)
  addFollow(program, io)
  addCat(program, io)
  addStreams(program, io)
  addProject(program, io)
  program.commandsGroup('Beside the log:')
  addKv(program, io)
  addBlob(program, io)
  addSnapshot(program, io)
  addSubscription(program, io)
  program.commandsGroup('Keep a secret, forget a person:')
  addKeys(program, io)
  addSubjects(program, io)
  addShred(program, io)
  program.commandsGroup('Look after it:')
  addCheckpoint(program, io)
  addVerify(program, io)
  addDoctor(program, io)
  addRepair(program, io)
  addBench(program, io)
  program.helpCommand('help [command]', 'show the help of a command')
}

function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('perdure/package.json') as { version: string }
  return version
}

/** `perdure bench`: the benchmarks, each as a ratio to the bare limit measured in the same run. */
import type { Command } from 'commander'
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'

interface BenchOptions {
  readonly quick?: boolean
  readonly only?: string
  readonly pairs?: string
  readonly json?: boolean
}

export function addBench(program: Command, io: Io): void {
  program
    .command('bench')
    .description('measure this machine: ratios to the bare limit, in the same run')
    .option('--quick', 'a look, not a measurement')
    .option('--only <name>', 'one row')
    .option('--pairs <n>', 'how often each side runs')
    .option('--json', 'print JSON Lines')
    .addHelpText('after', '\nExample:\n  perdure bench --quick')
    .action(async (options: BenchOptions) => bench(options, io))
}

/** The benchmarks run beside this process, in a folder of their own: when it is told to stop, both are gone. */
async function bench(options: BenchOptions, io: Io): Promise<void> {
  // Not an import declaration: the benchmarks are not loaded, nor even needed, by any other command.
  const main = fileURLToPath(new URL('../../../bench/main.js', import.meta.url))
  if (!existsSync(main)) throw new CommandError('failed', 'the benchmarks are not part of this installation')
  io.signal.throwIfAborted()
  const parent = resolve('.perdure', 'bench')
  mkdirSync(parent, { recursive: true })
  const cwd = mkdtempSync(join(parent, 'run-'))
  try {
    // A group of its own: the measuring programs that the benchmarks start end with them.
    const child = spawn(process.execPath, [main, ...argumentsOf(options)], { cwd, stdio: 'inherit', detached: true })
    const status = await exitOf(child, io.signal)
    io.signal.throwIfAborted()
    if (status === null) throw new CommandError('failed', 'the benchmarks were ended from outside')
    io.exit = status
  } finally {
    // A measuring program may write a last file while it dies.
    rmSync(cwd, { recursive: true, force: true, maxRetries: 5 })
  }
}

function argumentsOf({ quick, only, pairs, json }: BenchOptions): string[] {
  return [
    ...(quick === true ? ['--quick'] : []),
    ...(only === undefined ? [] : [`--only=${only}`]),
    ...(pairs === undefined ? [] : [`--pairs=${pairs}`]),
    ...(json === true ? ['--json'] : []),
  ]
}

/** The exit code, or nothing if a signal ended it, as the abort does. */
async function exitOf(child: ChildProcess, signal: AbortSignal): Promise<number | null> {
  const stop = (): void => {
    endGroup(child)
  }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise((done, fail) => {
      child.once('error', fail)
      child.once('exit', done)
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** What is measured needs no time to end in order: nothing of it is kept. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    // Windows has no groups of processes.
    if (process.platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/** `perdure bench`: the benchmarks, each as a ratio to the bare limit measured in the same run. */
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'

export function addBench(program: Command, io: Io): void {
  program
    .command('bench')
    .description('measure this machine: ratios to the bare limit, in the same run')
    .option('--quick', 'a look, not a measurement')
    .option('--only <name>', 'one row')
    .option('--pairs <n>', 'how often each side runs')
    .option('--json', 'print JSON Lines')
    .addHelpText('after', '\nExample:\n  perdure bench --quick')
    .action(async () => bench(io))
}

async function bench(io: Io): Promise<void> {
  // Not an import declaration: the benchmarks are not loaded, nor even needed, by any other command.
  const module = new URL('../../../bench/main.js', import.meta.url)
  if (!existsSync(module)) throw new CommandError('failed', 'the benchmarks are not part of this installation')
  // They read the options from the command line themselves.
  await import(module.href)
  io.exit = Number(process.exitCode ?? 0)
}

/** `perdure bench`: the benchmarks, each as a ratio to the bare limit measured in the same run. */
import type { Command } from 'commander'
import { existsSync } from 'node:fs'
import { CommandError } from '../failures.js'

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measure this machine: ratios to the bare limit, in the same run')
    .addHelpText('after', '\nExample:\n  perdure bench')
    .action(bench)
}

async function bench(): Promise<void> {
  // Not an import declaration: the benchmarks are not loaded, nor even needed, by any other command.
  const module = new URL('../../../bench/main.js', import.meta.url)
  if (!existsSync(module)) throw new CommandError('failed', 'the benchmarks are not part of this installation')
  await import(module.href)
}

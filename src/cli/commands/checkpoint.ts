/** `perdure checkpoint`: the size of a log and its Merkle root. */
import type { Command } from 'commander'
import type { Io } from '../io.js'
import { observesLines, withLines, type StoreOptions } from '../store-option.js'
import { plural } from '../text.js'

const HELP = `
Two logs with the same size and root hold the same lines. Keep a root somewhere
else, and nobody can change the log behind your back. Nothing is recorded or changed.

Example:
  perdure checkpoint --json >> roots.ndjson`

export function addCheckpoint(program: Command, io: Io): void {
  observesLines(program.command('checkpoint'))
    .description('print the size of the log and its Merkle root (RFC 6962)')
    .addHelpText('after', HELP)
    .action(async (options: StoreOptions) => checkpoint(options, io))
}

async function checkpoint(options: StoreOptions, io: Io): Promise<void> {
  await withLines(io, options, async (log) => {
    const { size, root } = await log.checkpoint()
    if (options.json) await io.out.json({ size, root })
    else await io.out.line(`${root}  of ${plural(size, 'event')}`)
  })
}

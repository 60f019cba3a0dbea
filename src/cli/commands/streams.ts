/** `perdure streams`: the streams of a log and their revisions. */
import type { Command } from 'commander'
import type { Io } from '../io.js'
import { observesLines, withLines, type StoreOptions } from '../store-option.js'
import { paddedLeft, printable } from '../text.js'

interface StreamsOptions extends StoreOptions {
  readonly prefix?: string
}

export function addStreams(program: Command, io: Io): void {
  observesLines(program.command('streams'))
    .description('list streams with their revisions (how many events each holds)')
    .option('--prefix <text>', 'only those whose names begin so')
    .addHelpText('after', '\nExample:\n  perdure streams --prefix order-')
    .action(async (options: StreamsOptions) => streams(options, io))
}

async function streams(options: StreamsOptions, io: Io): Promise<void> {
  const { prefix } = options
  await withLines(io, options, async (log) => {
    for await (const { stream, revision } of log.streams(prefix === undefined ? {} : { prefix })) {
      if (options.json) await io.out.json({ stream, revision })
      else await io.out.line(`${paddedLeft(String(revision), 8)}  ${printable(stream)}`)
    }
  })
}

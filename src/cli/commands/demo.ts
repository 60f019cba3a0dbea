/** `perdure demo`: the main job on real input, the history of a repository, and its proof. */
import type { Command } from 'commander'
import { progressOf, type Io } from '../io.js'
import { parsePositive } from '../values.js'
import { COMMITS_DEFAULT } from '../git/import.js'
import { runDemo } from '../demo/demo.js'
import { reportLines } from '../demo/report.js'

interface DemoOptions {
  readonly max: number
  readonly json?: boolean
}

const HELP = `
Imports the history of a Git repository into a log under .perdure/ (kept: a second
run adds only what is new), closes it, opens it again, replays it, and compares the
answers with those of git. Without a repository it uses a generated sample.

The log is sealed, and the first run forgets one author, in that log, for good: whoever
has the fewest commits. A later commit of the same author comes under a new random name.

Exit code 1: an answer differs from git's. 5: the log is not intact.

Examples:
  perdure demo
  perdure demo ../another-repository --max 500`

export function addDemo(program: Command, io: Io): void {
  program
    .command('demo')
    .description('see it at work on the history of a Git repository')
    .argument('[path]', 'the repository', '.')
    .option('--max <n>', 'the newest commits, this many', parsePositive, COMMITS_DEFAULT)
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (path: string, options: DemoOptions) => demo(path, options, io))
}

async function demo(path: string, options: DemoOptions, io: Io): Promise<void> {
  const progress = progressOf(io, options)
  let result
  try {
    result = await runDemo(path, options.max, progress, io)
  } finally {
    progress.end()
  }
  if (options.json) {
    const files = result.files.map(([file, totals]) => ({ file, ...totals }))
    return io.out.json({ ...result, files })
  }
  const bold = (text: string): string => (io.colours ? `\x1b[1m${text}\x1b[22m` : text)
  await io.out.lines(reportLines(result, bold))
}

/** `perdure import`: brings what happened elsewhere into a log. */
import type { Command } from 'commander'
import { COMMITS_DEFAULT, importHistory, readImported } from '../git/import.js'
import { inspectRepository, requireRepository } from '../git/repository.js'
import { addFileImports } from '../import/commands.js'
import { progressOf, type Io } from '../io.js'
import { takesStore, withStore, type StoreOptions } from '../store-option.js'
import { plural, printable } from '../text.js'
import { parsePositive } from '../values.js'

interface ImportGitOptions extends StoreOptions {
  readonly max: number
}

const HELP = `
Each commit becomes one commit of the log: an event on the stream of its author and
one on the stream of every file it touches. Authors get random names (author-k3…);
their own names and addresses stand only in the data of commit_authored, which a sealed
log seals for the author. Merges are left out. A second run adds only what is new.

Example:
  perdure init --store file:./history
  perdure import git . --store file:./history`

export function addImport(program: Command, io: Io): void {
  const group = program.command('import').description('bring what happened elsewhere into the log')
  takesStore(group.command('git'))
    .description('the history of a Git repository')
    .argument('[path]', 'the repository', '.')
    .option('--max <n>', 'the newest commits, this many', parsePositive, COMMITS_DEFAULT)
    .addHelpText('after', HELP)
    .action(async (path: string, options: ImportGitOptions) => importGit(path, options, io))
  addFileImports(group, io)
}

async function importGit(path: string, options: ImportGitOptions, io: Io): Promise<void> {
  const repository = requireRepository(await inspectRepository(path, options.max, io.signal), path)
  await withStore(io, options, async (store) => {
    const progress = progressOf(io, options)
    const result = await importHistory(store, repository, await readImported(store), { progress, signal: io.signal })
    progress.end()
    if (options.json) return io.out.json({ ...result, head: await store.head(), notes: repository.notes })
    for (const note of repository.notes) await io.out.line(printable(note))
    await io.out.line(
      `${plural(result.commits, 'commit')}: ${plural(result.newCommits, 'new commit')}, ${plural(result.newEvents, 'new event')}.`,
    )
  })
}

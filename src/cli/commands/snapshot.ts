/** `perdure snapshot`: saved states of projections, from which folding goes on. */
import type { Command } from 'commander'
import type { Snapshot } from '../../projections/saved-states.js'
import type { Io } from '../io.js'
import { loadProjection } from '../projection-file.js'
import { selectionOf, takesSelection, type SelectionOptions } from '../selection-options.js'
import { observesStore, takesStore, withObserver, withWriter, type StoreOptions } from '../store-option.js'
import { grouped, padded, paddedLeft, plural, printable } from '../text.js'

const GROUP_HELP = `
A snapshot is of a projection and of the events it selects; it is used by perdure
project, and by programs, only for the same of both. It is never the truth: what is
missing is folded again.

Examples:
  perdure snapshot take count.mjs --prefix order-
  perdure snapshot list`

export function addSnapshot(program: Command, io: Io): void {
  const group = program.command('snapshot').description('saved states of projections').addHelpText('after', GROUP_HELP)
  addList(group, io)
  addTake(group, io)
}

function addList(group: Command, io: Io): void {
  observesStore(group.command('list'))
    .description('list snapshots, oldest first')
    .argument('[name]', 'only of this projection')
    .addHelpText('after', '\nExample:\n  perdure snapshot list count')
    .action(async (name: string | undefined, options: StoreOptions) => list(name, options, io))
}

async function list(name: string | undefined, options: StoreOptions, io: Io): Promise<void> {
  await withObserver(io, options, async (log) => {
    for (const snapshot of await log.snapshots.list(name)) {
      if (options.json) await io.out.json(snapshot)
      else await io.out.line(describe(snapshot))
    }
  })
}

const TAKE_HELP = `
The file is as for perdure project; its state has to be plain JSON.

Examples:
  perdure snapshot take count.mjs
  perdure snapshot take count.mjs --stream order-1`

function addTake(group: Command, io: Io): void {
  takesSelection(takesStore(group.command('take')))
    .description('save the state of a projection as it is now')
    .argument('<file>', 'a JavaScript module whose default export is a projection')
    .addHelpText('after', TAKE_HELP)
    .action(async (file: string, options: StoreOptions & SelectionOptions) => take(file, options, io))
}

async function take(file: string, options: StoreOptions & SelectionOptions, io: Io): Promise<void> {
  const projection = await loadProjection(file)
  await withWriter(io, options, async (store) => {
    const snapshot = await store.snapshots.take(projection, selectionOf(options))
    if (options.json) return io.out.json(snapshot)
    const { name, position, bytes } = snapshot
    await io.out.line(`Saved ${printable(name)} as of position ${grouped(position)}, ${plural(bytes, 'byte')}.`)
  })
}

function describe({ name, version, selection, position, bytes }: Snapshot): string {
  const what = `${printable(name)} (version ${printable(String(version))})`
  const of = Object.keys(selection).length === 0 ? 'all events' : printable(JSON.stringify(selection))
  return `${paddedLeft(grouped(position), 10)}  ${padded(what, 32)}  ${paddedLeft(plural(bytes, 'byte'), 14)}  ${of}`
}

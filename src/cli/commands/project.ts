/** `perdure project`: folds events to one value, by a projection that a file exports. */
import type { Command } from 'commander'
import { encodeJson } from '../../json.js'
import type { Io } from '../io.js'
import { loadProjection } from '../projection-file.js'
import { selectionOf, takesSelection, type SelectionOptions } from '../selection-options.js'
import { observesStore, withObserver, type StoreOptions } from '../store-option.js'
import { printable } from '../text.js'
import { parsePositionOrTime } from '../values.js'

interface ProjectOptions extends StoreOptions, SelectionOptions {
  readonly at?: number | Date
}

const HELP = `
The file's default export is the projection. This is a whole count.mjs:
  export default {
    name: 'count', version: 1, initial: 0,
    on: { placed: (count, event) => count + 1 },
  }
Each handler gives the next state. What defineProjection returns will do as well; but
node finds 'perdure' only for a file in a clone of it, or below a node_modules/perdure.

Examples:
  perdure project count.mjs --prefix order-
  perdure project count.mjs --stream order-1 --at 2026-01-01T00:00:00Z`

export function addProject(program: Command, io: Io): void {
  takesSelection(observesStore(program.command('project')))
    .description('fold events to one value with a projection of your own')
    .argument('<file>', 'a JavaScript module whose default export is a projection')
    .option('--at <position|time>', 'as it was then', parsePositionOrTime)
    .addHelpText('after', HELP)
    .action(async (file: string, options: ProjectOptions) => project(file, options, io))
}

async function project(file: string, options: ProjectOptions, io: Io): Promise<void> {
  const projection = await loadProjection(file)
  await withObserver(io, options, async (log) => {
    const selection = { ...selectionOf(options), ...(options.at !== undefined && { at: options.at }) }
    const { state, position, revision } = await log.project(projection, selection)
    const { at } = options
    if (typeof at === 'number' && at > position && options.json !== true) {
      io.errors.write(`perdure: the log ends at position ${position}: this is as of then, not of ${at}\n`)
    }
    if (!options.json) return io.out.line(readableState(state))
    const { name, version } = projection
    await io.out.json({ name, version, state, position, ...(revision !== undefined && { revision }) })
  })
}

/** The state as indented JSON; refuses what JSON would lose (a Map, say) with the place. */
function readableState(state: unknown): string {
  const indented = JSON.stringify(JSON.parse(encodeJson(state)), null, 2)
  return indented.split('\n').map(printable).join('\n')
}

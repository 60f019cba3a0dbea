/** `perdure project`: folds events to one value, by a projection that a file exports. */
import type { Command } from 'commander'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { encodeJson } from '../../json.js'
import { defineProjection, type Projection, type ProjectionDefinition } from '../../index.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { selectionOf, takesSelection, type SelectionOptions } from '../selection-options.js'
import { takesStore, withObserver, type StoreOptions } from '../store-option.js'
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
  takesSelection(takesStore(program.command('project')))
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
    const { state, position, revision } = await log.project(guarded(projection, file), selection)
    const { at } = options
    if (typeof at === 'number' && at > position && options.json !== true) {
      io.errors.write(`perdure: the log ends at position ${position}: this is as of then, not of ${at}\n`)
    }
    if (!options.json) return io.out.line(readableState(state))
    const { name, version } = projection
    await io.out.json({ name, version, state, position, ...(revision !== undefined && { revision }) })
  })
}

/** The projection, with its own errors told apart from Perdure's. */
function guarded(projection: Projection<unknown>, file: string): Projection<unknown> {
  const handlers = Object.entries(projection.on).map(([type, handle]): [string, typeof handle] => {
    const guard: typeof handle = (state, event) => {
      try {
        return handle(state, event)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        const facts = { position: event.position, type, ...(error instanceof Error && { stack: error.stack ?? '' }) }
        throw new CommandError('failed', `${file} failed at position ${event.position} (${type}): ${why}`, { facts })
      }
    }
    return [type, guard]
  })
  return { ...projection, on: Object.fromEntries(handlers) }
}

/** The state as indented JSON; refuses what JSON would lose (a Map, say) with the place. */
function readableState(state: unknown): string {
  const indented = JSON.stringify(JSON.parse(encodeJson(state)), null, 2)
  return indented.split('\n').map(printable).join('\n')
}

async function loadProjection(file: string): Promise<Projection<unknown>> {
  let module: { readonly default?: unknown }
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as { readonly default?: unknown }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const hint = /'perdure'/.test(why)
      ? "Leave out the import, and export the object itself: `export default { name: …, version: …, initial: …, on: { … } }`. Or keep the file where node finds 'perdure'."
      : 'Correct the file; perdure project --help shows a whole one.'
    throw new CommandError('failed', `cannot load ${file}: ${why}`, { hint })
  }
  if (isProjection(module.default)) return defineProjection(module.default)
  const hint = 'Write `export default { name: …, version: …, initial: …, on: { … } }`.'
  throw new CommandError('usage', `the default export of ${file} is not a projection`, { hint })
}

function isProjection(value: unknown): value is ProjectionDefinition<unknown> {
  return isObject(value) && 'name' in value && 'version' in value && 'on' in value && isObject(value.on)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

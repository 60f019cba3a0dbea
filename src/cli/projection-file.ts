/** A projection from a file: a JavaScript module whose default export it is. */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { defineProjection, type Projection, type ProjectionDefinition } from '../index.js'
import { CommandError } from './failures.js'

/**
 * The projection, with its own errors told apart from Perdure's.
 *
 * @throws CommandError when the file cannot be loaded or exports no projection
 */
export async function loadProjection(file: string): Promise<Projection<unknown>> {
  return guarded(await load(file), file)
}

async function load(file: string): Promise<Projection<unknown>> {
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

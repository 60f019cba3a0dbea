/** How this program can be called again: `npx perdure` works only where npm finds it. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shellQuoted } from './text.js'

/** What to type in this folder. */
export function commandFrom(folder: string): string {
  if (isFoundByNpm(folder)) return 'npx perdure'
  const main = fileURLToPath(new URL('main.js', import.meta.url))
  const nearby = relative(folder, main)
  return `node ${shellQuoted(nearby.startsWith('..') ? main : nearby)}`
}

/** Below a package that has it installed; or in a clone, whose own command it is. */
function isFoundByNpm(folder: string): boolean {
  if (existsSync(join(folder, 'node_modules', '.bin', 'perdure'))) return true
  if (existsSync(join(folder, 'package.json'))) return nameOf(join(folder, 'package.json')) === 'perdure'
  return dirname(folder) !== folder && isFoundByNpm(dirname(folder))
}

function nameOf(manifest: string): unknown {
  try {
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly name?: unknown }).name
  } catch {
    return undefined
  }
}

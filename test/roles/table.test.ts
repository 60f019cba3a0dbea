/** The table of methods and roles: complete, kept by every handle cell by cell, and the one that the page shows. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { open, openObserver, type Store } from '../../src/index.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { METHODS, ROLES, type MethodOf, type Role } from '../../src/roles.js'
import { CALLS, openAs, openWorld } from './calls.js'

const PATHS = Object.keys(METHODS) as MethodOf<'operator'>[]

/** Protected, which nobody sees at run time; and what every handle has. */
const NOT_OF_THE_TABLE = ['constructor', 'assertOpen', 'finish', 'snapshotReader', 'required', 'close']

/** All that can be called by name on an object, on whatever prototype it stands. */
function callablesOf(object: object): string[] {
  const names = new Set<string>()
  for (let at: unknown = object; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name)
  }
  const isCallable = (name: string): boolean => typeof Reflect.get(object, name) === 'function'
  return [...names].filter((name) => isCallable(name) && !NOT_OF_THE_TABLE.includes(name))
}

/** Paths of what can be called on a store and on its parts. */
function pathsOf(store: object): string[] {
  const parts = Object.entries(store).filter(([, part]) => typeof part === 'object')
  const within = parts.flatMap(([part, value]) => callablesOf(value as object).map((name) => `${part}.${name}`))
  return [...callablesOf(store), ...within].sort()
}

/** What stands at a path of a handle. */
function at(handle: unknown, path: string): unknown {
  let here = handle
  for (const name of path.split('.')) here = (here as Record<string, unknown> | undefined)?.[name]
  return here
}

test('roles: the table names every public method of a store, and no other', async () => {
  const store: Store = await open('memory:')
  expect(pathsOf(store)).toEqual(PATHS.toSorted())
  await store.close()
})

test('roles: the role of an observer has what an observer has, and an operator has everything', async () => {
  const observer = await openObserver(openMemoryBackend())
  expect(PATHS.filter((path) => (METHODS[path] as readonly Role[]).includes('observer')).sort()).toEqual(
    pathsOf(observer),
  )
  expect(PATHS.filter((path) => !METHODS[path].includes('operator'))).toEqual([])
  await observer.close()
})

const cells = ROLES.flatMap((role) => PATHS.map((path) => [role, path] as const))
const isAllowed = (role: Role, path: MethodOf<'operator'>): boolean => (METHODS[path] as readonly Role[]).includes(role)

test.each(cells.filter(([role, path]) => isAllowed(role, path)))(
  'roles: what the table says is there, and works: %s, %s',
  async (role, path) => {
    const world = await openWorld()
    const handle = await openAs(world, role)
    const [call, answer] = CALLS[path]
    const given = await call(handle as Parameters<typeof call>[0])
    if (typeof answer === 'object') expect(given).toMatchObject(answer as object)
    else expect(given).toEqual(answer)
    await handle.close()
  },
)

test.each(cells.filter(([role, path]) => !isAllowed(role, path)))(
  'roles: what the table does not say is not there: %s, %s',
  async (role, path) => {
    const handle = await openAs(await openWorld(), role)
    expect(at(handle, path)).toBeUndefined()
    await handle.close()
  },
)

test('docs/api.md: shows the table of methods and roles as it is', () => {
  const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| (.+) \| (yes|) ?\| (yes|) ?\| (yes|) ?\| (yes|) ?\|$/gm)]
  const shown = rows.flatMap(([, names = '', ...allowed]) =>
    [...names.matchAll(/`([\w.]+)`/g)].map(([, path]) => [path, ROLES.filter((_, i) => allowed[i] === 'yes')]),
  )
  expect(Object.fromEntries(shown)).toEqual(METHODS)
  expect(shown).toHaveLength(PATHS.length)
  expect(page).toContain(`| method | ${ROLES.join(' | ')} |`)
})

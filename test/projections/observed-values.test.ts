/** An observer is for reading also to whom types say nothing: nothing that it holds leads to something that writes. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'vitest'
import { open, openObserver } from '../../src/index.js'
import { temporaryFolder } from '../store/folders.js'

const WRITING = new Set(['put', 'delete', 'remove', 'append', 'adopt', 'claim', 'take', 'commit', 'decide'])

/** Names of all that can be reached from an object by its properties, its prototypes' included. */
function reachable(object: object, seen = new Set<object>()): string[] {
  if (seen.has(object)) return []
  seen.add(object)
  const names: string[] = []
  for (let one: object | null = object; one !== null && one !== Object.prototype; one = prototypeOf(one)) {
    if (one === Function.prototype) break
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(one))) {
      names.push(name)
      if (typeof value === 'object' && value !== null) names.push(...reachable(value as object, seen))
    }
  }
  return names
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null
}

const places = {
  'memory:': () => 'memory:observed-values',
  'file:': () => `file:${join(temporaryFolder(), 'log')}`,
}

for (const [kind, place] of Object.entries(places)) {
  test(`kv: over ${kind} an observer’s values and snapshots lead to nothing that writes`, async () => {
    const at = place()
    await using store = await open(at, { create: true })
    await store.kv.put('a', 1)
    const observer = await openObserver(at)
    assert.equal((await observer.kv.get('a'))?.value, 1)
    for (const room of [observer.kv, observer.snapshots]) {
      const names = reachable(room)
      assert.ok(names.includes('list'))
      assert.deepEqual(
        names.filter((name) => WRITING.has(name) || name === 'backend'),
        [],
      )
    }
    await observer.close()
  })
}

/** The key stores that come with the library, held to what every key store promises; and that the suite can fail. */
import { expect, test } from 'vitest'
import { testKeyStore } from '../../../conformance/index.js'
import { openKeyStore, type KeyStore } from '../../../src/index.js'
import { createPlace, openKeysAt } from './places.js'

testKeyStore({ name: 'memory', test, shared: false, openKeyStore: async () => ({ keys: openKeyStore('memory:') }) })

testKeyStore({
  name: 'folder',
  test,
  openKeyStore: async () => {
    const { keys } = createPlace()
    return { keys: openKeysAt(keys, { create: true }), open: async () => openKeysAt(keys) }
  },
})

/** Each is wrong in one thing. @returns the promises that find it out */
async function caught(twist: (keys: KeyStore) => Partial<KeyStore>): Promise<string[]> {
  const runs: [string, () => Promise<void>][] = []
  testKeyStore({
    name: 'twin',
    shared: false,
    test: (title, run) => runs.push([title.replace(/^twin: /, ''), run]),
    openKeyStore: async () => {
      const keys = openKeyStore('memory:')
      const { name, provider } = keys
      const bound = { read: keys.read.bind(keys), list: keys.list.bind(keys), write: keys.write.bind(keys) }
      return { keys: { name, provider, ...bound, close: async () => {}, ...twist(keys) } }
    },
  })
  const failed: string[] = []
  for (const [title, run] of runs) await run().catch(() => failed.push(title))
  return failed
}

test('testKeyStore: finds nothing wrong with a store that is right', async () => {
  expect(await caught(() => ({}))).toEqual([])
})

test('testKeyStore: a store that writes what it can of a batch is found out', async () => {
  const failed = await caught((keys) => ({
    write: async (changes) => {
      let isWritten = true
      for (const change of changes) isWritten = (await keys.write([change])) && isWritten
      return isWritten
    },
  }))
  expect(failed).toContain('write: all changes or none, if one record is not as expected')
})

test('testKeyStore: a store that does not look at what is expected is found out', async () => {
  const failed = await caught((keys) => ({
    write: async (changes) => {
      const found = await keys.read(changes.map(({ name }) => name))
      return await keys.write(changes.map((change) => ({ ...change, expect: found.get(change.name) })))
    },
  }))
  expect(failed).toEqual(['write: all changes or none, if one record is not as expected'])
})

test('testKeyStore: a store that lists in the order of JavaScript is found out', async () => {
  const failed = await caught((keys) => ({
    list: async (prefix, { after, limit }) => {
      const all = await keys.list(prefix, { after: '', limit: 1000 })
      const sorted = all.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      return sorted.filter(({ name }) => name > after).slice(0, limit)
    },
  }))
  expect(failed).toEqual(['list: names that begin with the prefix, in the order of their UTF-8 bytes, page by page'])
})

test('testKeyStore: a provider that does not look at the context is found out', async () => {
  const failed = await caught(({ provider }) => ({
    provider: {
      name: provider.name,
      current: () => provider.current(),
      wrap: (master, key) => provider.wrap(master, key, ''),
      unwrap: (master, wrapped) => provider.unwrap(master, wrapped, ''),
    },
  }))
  expect(failed).toEqual(['unwrap: as something else, or when a byte was changed, it fails'])
})

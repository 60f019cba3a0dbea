/** Promises of `Backend.snapshots`: texts by key and position. */
import assert from 'node:assert/strict'
import type { Backend } from '../../src/index.js'
import type { Promises } from '../case.js'
import { failsWith, range } from '../expectations.js'

const keys = ['a', 'b', '{"name":"x","selection":[{}]}', '../../up', 'é🦀\uff5e', 'x'.repeat(5000)]

/** These are snapshots of nothing, which a store refuses. */
async function removeAll({ snapshots }: Backend): Promise<void> {
  for (const place of await snapshots.list()) await snapshots.remove(place)
}

const inUtf8Order = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

export const seamSnapshottingPromises: Promises = {
  'seam snapshots: a text comes back as it was put, at its place and at no other': async ({ backend }) => {
    const { snapshots } = backend
    const text = `{"state":"\u2028 🦀 ${'x'.repeat(200_000)}"}`
    await snapshots.put({ key: 'a', position: 3 }, text)
    assert.equal(await snapshots.read({ key: 'a', position: 3 }), text)
    for (const place of [
      { key: 'a', position: 2 },
      { key: 'a', position: 30 },
      { key: 'b', position: 3 },
    ]) {
      assert.equal(await snapshots.read(place), undefined)
    }
    await removeAll(backend)
  },

  'seam snapshots: one that is there already stays': async ({ backend }) => {
    const place = { key: 'a', position: 1 }
    await backend.snapshots.put(place, 'first')
    await Promise.all(range(1, 5).map((i) => backend.snapshots.put(place, `${i}`)))
    assert.equal(await backend.snapshots.read(place), 'first')
    assert.equal((await backend.snapshots.list()).length, 1)
    await removeAll(backend)
  },

  'seam snapshots: list gives all, or those of a key, by key and position': async ({ backend }) => {
    const { snapshots } = backend
    assert.deepEqual(await snapshots.list(), [])
    for (const key of keys) for (const position of [10, 9, 1_000_000, 1]) await snapshots.put({ key, position }, 'é')
    const ofKey = (key: string) => [1, 9, 10, 1_000_000].map((position) => ({ key, position }))
    const listed = await snapshots.list()
    assert.deepEqual(listed, inUtf8Order.flatMap(ofKey))
    for (const key of keys) {
      const own = await snapshots.list(key)
      assert.deepEqual(
        own,
        listed.filter((one) => one.key === key),
      )
    }
    assert.deepEqual(await snapshots.list('never'), [])
    await removeAll(backend)
  },

  'seam snapshots: what is removed is gone, and removing it again does nothing': async ({ backend }) => {
    const { snapshots } = backend
    for (const position of [1, 2, 3]) await snapshots.put({ key: 'a', position }, 'x')
    for (let twice = 0; twice < 2; twice++) await snapshots.remove({ key: 'a', position: 2 })
    await snapshots.remove({ key: 'never', position: 1 })
    assert.deepEqual(
      (await snapshots.list('a')).map(({ position }) => position),
      [1, 3],
    )
    assert.equal(await snapshots.read({ key: 'a', position: 2 }), undefined)
    await snapshots.put({ key: 'a', position: 2 }, 'again')
    assert.equal(await snapshots.read({ key: 'a', position: 2 }), 'again')
    for (const position of [1, 2, 3]) await snapshots.remove({ key: 'a', position })
    assert.deepEqual(await snapshots.list(), [])
  },

  'seam snapshots: after closing, every call is refused': async (it) => {
    const { backend } = it
    const place = { key: 'a', position: 1 }
    await it.close()
    await failsWith('store-closed', () => backend.snapshots.put(place, 'x'))
    await failsWith('store-closed', () => backend.snapshots.list())
    await failsWith('store-closed', () => backend.snapshots.read(place))
    await failsWith('store-closed', () => backend.snapshots.remove(place))
  },
}

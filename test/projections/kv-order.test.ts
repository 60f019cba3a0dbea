/** Keys in order while some come and go: as if sorted anew, and without doing so. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { SortedKeys } from '../../src/backends/sorted-keys.js'
import { compareUtf8 } from '../../src/log/utf8-order.js'
import { kinds } from './stores.js'

const KEYS = 1500
const PAGES = 3

for (const [kind, openStore] of Object.entries(kinds)) {
  test(`kv: over ${kind}, a list through many pages sorts once, though keys come and go between them`, async () => {
    const under = await openStore()
    const { kv } = under.store
    await Promise.all(Array.from({ length: KEYS }, (_, i) => kv.put(`k${i}`, i)))
    const sort = vi.spyOn(Array.prototype, 'sort')
    try {
      let seen = 0
      for await (const { key } of kv.list('k')) {
        if (seen++ % (KEYS / PAGES) === 0)
          await Promise.all([kv.put(`a${key}`, 1), kv.put(`z${key}`, 1), kv.delete(key)])
      }
      expect(seen).toBe(KEYS)
      const large = sort.mock.contexts.filter((sorted) => (sorted as unknown[]).length >= KEYS / 2)
      expect(large).toHaveLength(1)
    } finally {
      sort.mockRestore()
      await under.end()
    }
  })
}

test('kv: keys that are moved to their places are in the order of a sort', () => {
  const key = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('a', 'é', '🦀', '\uff5e'))
  const step = fc.record({ key, isThere: fc.boolean(), isLooked: fc.boolean() })
  const property = fc.property(fc.array(step), (steps) => {
    const map = new Map<string, number>()
    const keys = new SortedKeys()
    keys.of(map)
    for (const one of steps) {
      if (one.isThere) map.set(one.key, 1)
      else map.delete(one.key)
      keys.note(one.key)
      if (one.isLooked) assert.deepEqual(keys.of(map), [...map.keys()].sort(compareUtf8))
    }
    assert.deepEqual(keys.of(map), [...map.keys()].sort(compareUtf8))
  })
  fc.assert(property)
})

test('kv: when thousands of keys have come since the last look, they are in order too', () => {
  const map = new Map<string, number>()
  const keys = new SortedKeys()
  for (const length of [1, 3000, 3001]) {
    for (let i = map.size; i < length; i++) {
      map.set(`k${(i * 7919) % 10007}`, i)
      keys.note(`k${(i * 7919) % 10007}`)
    }
    assert.deepEqual(keys.of(map), [...map.keys()].sort(compareUtf8))
  }
})

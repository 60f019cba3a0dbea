/** `read` against a naive filter: any log, any query, pages of any size, both directions. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { open } from '../../src/index.js'
import { aroundBackend, justCall, manualClock } from '../../testing/index.js'
import { openFileUnderTest } from '../conformance/file-under-test.js'
import { commit, query } from './arbitraries.js'
import { Model } from './model.js'

const openers = {
  memory: () => Promise.resolve({ backend: openMemoryBackend(), dispose: () => Promise.resolve() }),
  file: () => openFileUnderTest({ segmentBytes: 1000 }),
}

for (const [kind, openBackend] of Object.entries(openers)) {
  test(
    `read: over ${kind}, it selects what a naive filter selects, in pages of any size`,
    { timeout: 240_000 },
    async () => {
      const log = fc.array(fc.tuple(commit, fc.nat({ max: 2000 })), { minLength: 1, maxLength: 25 })
      const asked = fc.array(fc.tuple(query, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 })), {
        minLength: 20,
        maxLength: 30,
      })
      const property = fc.asyncProperty(log, asked, async (commits, questions) => {
        const { backend, dispose } = await openBackend()
        const model = new Model()
        const clock = manualClock()
        const store = await open(backend, { clock })
        for (const [{ writes }, ms] of commits) {
          model.commit({ writes: writes.map((write) => ({ ...write, expect: 'any' })) })
          await store.commit(writes.map((write) => ({ ...write, expect: 'any' }))).catch(() => undefined)
          clock.advance(ms)
          model.nowMs += ms
        }
        for (const [one, limit, maxBytes] of questions) {
          const paged = await open({
            ...aroundBackend(backend, justCall),
            read: (matcher, page) =>
              backend.read(matcher, {
                ...page,
                limit: Math.min(limit, page.limit),
                maxBytes: Math.min(maxBytes, page.maxBytes),
              }),
          })
          const positions: number[] = []
          for await (const { position } of paged.read(one)) positions.push(position)
          assert.deepEqual(positions, model.read(one), JSON.stringify(one))
        }
        await store.close()
        await dispose?.()
      })
      await fc.assert(property, { numRuns: kind === 'file' ? 40 : 150 })
    },
  )
}

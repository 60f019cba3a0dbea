/** Promises of `Backend.changed` and `Backend.claim`: what consumers of a log are made of. */
import assert from 'node:assert/strict'
import type { Backend } from '../../src/index.js'
import type { Promises } from '../case.js'
import { range } from '../expectations.js'
import { appendOne, commit } from './commits.js'

/** Heads until one is at least `upTo`. */
async function headsUpTo(backend: Backend, upTo: number): Promise<number[]> {
  const heads: number[] = []
  for await (const head of backend.changed(new AbortController().signal)) {
    heads.push(head)
    if (head >= upTo) return heads
  }
  assert.fail(`it ended at ${heads.join()}`)
}

export const seamFollowingPromises: Promises = {
  'seam changed: the head is given at once, and again when it has moved': async ({ backend }) => {
    assert.deepEqual(await headsUpTo(backend, 0), [0])
    await appendOne(backend, commit('a', ['1', '2']))
    assert.deepEqual(await headsUpTo(backend, 2), [2])
    const heads = headsUpTo(backend, 5)
    await appendOne(backend, commit('a', ['3']))
    await appendOne(backend, commit('a', ['4', '5']))
    assert.equal((await heads).at(-1), 5)
  },

  'seam changed: many watch at once, and each comes to the newest head': async ({ backend }) => {
    const watchers = range(1, 20).map(() => headsUpTo(backend, 30))
    for (const i of range(1, 30)) await appendOne(backend, commit('a', [`${i}`]))
    for (const heads of await Promise.all(watchers)) assert.equal(heads.at(-1), 30)
  },

  'seam changed: who is slow meets the newest head, not every one': async ({ backend }) => {
    const heads = backend.changed(new AbortController().signal)[Symbol.asyncIterator]()
    const next = async (): Promise<number> => {
      const result = await heads.next()
      return result.done === true ? NaN : result.value
    }
    assert.equal(await next(), 0)
    for (const i of range(1, 10)) await appendOne(backend, commit('a', [`${i}`]))
    const met = [await next()]
    while (met.at(-1) !== 10 && met.length < 5) met.push(await next())
    assert.ok(met.at(-1) === 10 && met.length <= 3, `it was given ${met.join()}`)
    await heads.return?.()
  },

  'seam changed: adopted lines move the head too': async (it) => {
    const source = await it.another()
    await appendOne(source, commit('a', ['1', '2', '3']))
    const { lines } = await source.read([{}], { after: 0, upTo: 3, backwards: false, limit: 9, maxBytes: 1e6 })
    const heads = headsUpTo(it.backend, 3)
    await it.backend.adopt(lines)
    assert.equal((await heads).at(-1), 3)
  },

  'seam changed: it ends without an error when aborted, at once if that was before': async ({ backend }) => {
    const aborted: number[] = []
    for await (const head of backend.changed(AbortSignal.abort())) aborted.push(head)
    assert.ok(aborted.length <= 1)
    const controller = new AbortController()
    const watching = (async () => {
      for await (const head of backend.changed(controller.signal)) aborted.push(head)
    })()
    await new Promise((resolve) => setTimeout(resolve, 5))
    controller.abort()
    await watching
  },

  'seam changed: it ends without an error when the backend is closed': async (it) => {
    const { backend } = it
    const watching = (async () => {
      for await (const _head of backend.changed(new AbortController().signal)) continue
    })()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await it.close()
    await watching
  },

  'seam claim: one holds a name, until it lets go': async ({ backend }) => {
    const first = await backend.claim('a', false)
    assert.ok(first?.isHeld)
    assert.equal(await backend.claim('a', false), undefined)
    const other = await backend.claim('b', false)
    assert.ok(other?.isHeld)
    await first.release()
    await first.release()
    assert.equal(first.isHeld, false)
    const second = await backend.claim('a', false)
    assert.ok(second?.isHeld && other.isHeld)
    await first.release()
    assert.ok(second.isHeld, 'a former holder has let go of what is not its own')
  },

  'seam claim: who takes over holds it, and the former holder is told': async ({ backend }) => {
    const first = await backend.claim('a', true)
    const second = await backend.claim('a', true)
    assert.deepEqual([first?.isHeld, second?.isHeld], [false, true])
    await first?.release()
    assert.equal(await backend.claim('a', false), undefined)
    assert.ok(second?.isHeld)
  },

  'seam claim: of those who claim at the same time, one holds': async ({ backend }) => {
    const claims = await Promise.all(range(1, 20).map(() => backend.claim('a', false)))
    assert.equal(claims.filter((claim) => claim?.isHeld === true).length, 1)
    const takers = await Promise.all(range(1, 20).map(() => backend.claim('a', true)))
    assert.equal(takers.filter((claim) => claim?.isHeld === true).length, 1)
    assert.ok(claims.every((claim) => claim?.isHeld !== true))
  },
}

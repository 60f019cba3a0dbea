/** Promises of `Backend.kv`: texts by key, each with the revision of its write. */
import assert from 'node:assert/strict'
import type { Backend, KvEntry } from '../../src/index.js'
import type { Promises } from '../case.js'
import { byNumber, failsWith, range } from '../expectations.js'

const ALL = { after: '', limit: 1000, maxBytes: Infinity }

/** The revision of a put that must be written. */
async function put(backend: Backend, key: string, text: string | undefined): Promise<number> {
  const outcome = await backend.kv.put(key, text, 'any')
  assert.equal(outcome.kind, 'written')
  return outcome.kind === 'written' ? outcome.revision : 0
}

const keysOf = (entries: readonly KvEntry[]): string[] => entries.map(({ key }) => key)

export const seamKeepingValuesPromises: Promises = {
  'seam kv: a text comes back as it was put, with the revision of its write': async ({ backend }) => {
    const texts = [
      '{"value":null}',
      '{ "value" : 1.0 }',
      '{"value":"\u2028 🦀 \\u0000"}',
      `{"v":"${'x'.repeat(100_000)}"}`,
    ]
    for (const [i, text] of texts.entries()) {
      const revision = await put(backend, `k${i}`, text)
      assert.deepEqual(await backend.kv.get(`k${i}`), { key: `k${i}`, text, revision })
    }
    assert.equal(await backend.kv.get('k'), undefined)
  },

  'seam kv: every expectation, met and not met, at every state of the entry': async ({ backend }) => {
    const { kv } = backend
    assert.deepEqual(await kv.put('a', '{}', 1), { kind: 'conflict', actual: 0 })
    assert.deepEqual(await kv.put('a', undefined, 1), { kind: 'conflict', actual: 0 })
    assert.deepEqual(await kv.put('a', undefined, 'any'), { kind: 'written', revision: 0 })
    assert.deepEqual(await kv.put('a', undefined, 'new'), { kind: 'written', revision: 0 })
    const first = await put(backend, 'a', '{"n":1}')
    assert.deepEqual(await kv.put('a', '{}', 'new'), { kind: 'conflict', actual: first })
    assert.deepEqual(await kv.put('a', undefined, first + 1), { kind: 'conflict', actual: first })
    const second = await kv.put('a', '{"n":2}', first)
    assert.ok(second.kind === 'written' && second.revision > first)
    const deleted = await kv.put('a', undefined, second.revision)
    assert.ok(deleted.kind === 'written' && deleted.revision > second.revision)
    assert.deepEqual(await kv.put('a', '{}', second.revision), { kind: 'conflict', actual: 0 })
    assert.deepEqual(await kv.put('a', '{}', deleted.revision), { kind: 'conflict', actual: 0 })
    assert.equal((await kv.put('a', '{}', 'new')).kind, 'written')
  },

  'seam kv: writes at the same time each get a revision of their own, and the last one stands': async ({ backend }) => {
    const outcomes = await Promise.all(
      range(1, 60).map((i) => backend.kv.put(`k${i % 3}`, i % 7 === 0 ? undefined : `{"n":${i}}`, 'any')),
    )
    const written = outcomes.map((outcome) => (outcome.kind === 'written' ? outcome.revision : -1)).filter((one) => one)
    assert.equal(new Set(written).size, written.length)
    const entries = await backend.kv.list('', ALL)
    for (const { key, text, revision } of entries) {
      const i = Number((JSON.parse(text) as { n: number }).n)
      assert.deepEqual([outcomes[i - 1], `k${i % 3}`], [{ kind: 'written', revision }, key])
    }
    assert.ok(written.sort(byNumber).at(-1) !== undefined)
  },

  'seam kv: of those who expect the same at the same time, one is written': async ({ backend }) => {
    const outcomes = await Promise.all(range(1, 50).map((i) => backend.kv.put('a', `{"n":${i}}`, 'new')))
    const won = outcomes.filter((outcome) => outcome.kind === 'written')
    assert.equal(won.length, 1)
    const actual = won[0]?.revision ?? 0
    for (const outcome of outcomes) if (outcome.kind === 'conflict') assert.equal(outcome.actual, actual)
  },

  'seam kv: list gives keys with a prefix after a key, in UTF-8 byte order': async ({ backend }) => {
    const keys = ['$own', '!', 'a', 'a!', 'ab', 'b', 'é', '\uff5e', '\ufffd', '🦀', '🦀x', '__proto__']
    for (const key of keys) await put(backend, key, '{}')
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const prefix of ['', 'a', 'ab', '🦀', '$', '\uff5e', 'never', '\u{10ffff}']) {
      for (const after of ['', '!', 'a', 'aa', 'b', '\uff5e', '🦀', '🦀x', '\u{10ffff}']) {
        const expected = sorted.filter(
          (key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0,
        )
        assert.deepEqual(keysOf(await backend.kv.list(prefix, { ...ALL, after })), expected, `${prefix} after ${after}`)
      }
    }
  },

  'seam kv: a page of a list ends at its limit, or once it holds so many bytes, but is never empty': async ({
    backend,
  }) => {
    const keys = range(10, 29).map((i) => `k${i}`)
    for (const key of keys) await put(backend, key, `{"v":"${'x'.repeat(100)}"}`)
    for (const [limit, maxBytes] of [
      [1, Infinity],
      [7, Infinity],
      [100, 1],
      [100, 350],
    ] as const) {
      const seen: string[] = []
      for (let page = await backend.kv.list('k', { after: '', limit, maxBytes }); page.length > 0;) {
        assert.ok(page.length <= limit && (maxBytes > 1 || page.length === 1))
        seen.push(...keysOf(page))
        page = await backend.kv.list('k', { after: seen.at(-1) ?? '', limit, maxBytes })
      }
      assert.deepEqual(seen, keys)
    }
  },

  'seam kv: after closing, every call is refused': async (it) => {
    const { backend } = it
    await put(backend, 'a', '{}')
    await it.close()
    await failsWith('store-closed', () => backend.kv.get('a'))
    await failsWith('store-closed', () => backend.kv.list('', ALL))
    assert.equal((await failsWith('store-closed', () => backend.kv.put('a', '{}', 'any'))).written, 'no')
  },
}

/** Current values against a Map: any sequence of calls is answered as the model answers it. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import type { Json, KvResult, Store } from '../../src/index.js'
import { json } from '../properties/arbitraries.js'
import { kinds, type StoreUnderTest } from './stores.js'

const RUNS: Readonly<Record<string, number>> = { memory: 300, file: 60 }

type Expectation = 'any' | 'new' | 'current' | 'stale'

/** What a store of current values should hold. */
class Model {
  readonly entries = new Map<string, { readonly value: Json; readonly revision: number }>()
  last = 0

  /** The `expect` that this expectation comes to. */
  expectOf(key: string, expectation: Expectation): { expect?: number | 'new' } {
    const revision = this.entries.get(key)?.revision ?? 0
    if (expectation === 'any') return {}
    return { expect: expectation === 'new' ? 'new' : expectation === 'current' ? revision : revision + 1 }
  }

  /** Holds an answer against what was to be expected, and takes over its revision. */
  write(key: string, value: Json | undefined, expect: number | 'new' | undefined, result: KvResult): void {
    const actual = this.entries.get(key)?.revision ?? 0
    const isMet = expect === undefined || actual === (expect === 'new' ? 0 : expect)
    if (!isMet) return assert.deepEqual(result, { ok: false, actual })
    assert.ok(result.ok)
    if (value === undefined && actual === 0) return assert.equal(result.revision, 0)
    assert.ok(result.revision > this.last, 'a revision does not rise')
    this.last = result.revision
    if (value === undefined) this.entries.delete(key)
    else this.entries.set(key, { value, revision: result.revision })
  }
}

type Command = fc.AsyncCommand<Model, StoreUnderTest>

const command = (shown: string, run: (model: Model, under: StoreUnderTest) => Promise<void>): Command => ({
  check: () => true,
  run,
  toString: () => shown,
})

const key = fc.constantFrom('a', 'ab', 'b', '🦀', '\uff5e', '__proto__', 'a/b')
const expectation = fc.constantFrom<Expectation[]>('any', 'any', 'new', 'current', 'stale')

const putting = fc.tuple(key, json, expectation).map(([name, value, expected]) =>
  command(`put ${name} ${JSON.stringify(value)} ${expected}`, async (model, { store }) => {
    const options = model.expectOf(name, expected)
    // -0 is kept as 0, as everywhere.
    const kept = JSON.parse(JSON.stringify(value)) as Json
    model.write(name, kept, options.expect, await store.kv.put(name, value, options))
  }),
)

const deleting = fc.tuple(key, expectation).map(([name, expected]) =>
  command(`delete ${name} ${expected}`, async (model, { store }) => {
    const options = model.expectOf(name, expected)
    model.write(name, undefined, options.expect, await store.kv.delete(name, options))
  }),
)

const racing = fc.tuple(key, fc.integer({ min: 2, max: 6 })).map(([name, count]) =>
  command(`race ${name} ${count}`, async (model, { store }) => {
    const options = model.expectOf(name, 'current')
    const results = await Promise.all(Array.from({ length: count }, (_, i) => store.kv.put(name, i, options)))
    const winner = results.findIndex((result) => result.ok)
    model.write(name, winner, options.expect, results[winner] as KvResult)
    assert.equal(results.filter((result) => result.ok).length, 1)
  }),
)

const listing = fc
  .constantFrom('', 'a', 'a/', '🦀', 'never')
  .map((prefix) => command(`list ${prefix}`, async (model, { store }) => assertSame(model, store, prefix)))

const reopening = fc.constant(command('reopen', async (_model, under) => under.reopen()))

async function assertSame(model: Model, store: Store, prefix: string): Promise<void> {
  const listed: unknown[] = []
  for await (const entry of store.kv.list(prefix)) listed.push(entry)
  const expected = [...model.entries]
    .filter(([name]) => name.startsWith(prefix))
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([name, entry]) => ({ key: name, ...entry }))
  assert.deepEqual(listed, expected)
  for (const [name, entry] of model.entries) assert.deepEqual(await store.kv.get(name), entry)
}

const commands = fc.commands([putting, putting, deleting, racing, listing, reopening], { maxCommands: 30, size: 'max' })

for (const [kind, openStore] of Object.entries(kinds)) {
  test(`kv: over ${kind}, any sequence of calls is answered as a map answers it`, { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(commands, async (sequence) => {
      const under = await openStore()
      try {
        const model = new Model()
        await fc.asyncModelRun(() => ({ model, real: under }), sequence)
        await under.reopen()
        await assertSame(model, under.store, '')
      } finally {
        await under.end()
      }
    })
    await fc.assert(property, { numRuns: RUNS[kind] ?? 50 })
  })
}

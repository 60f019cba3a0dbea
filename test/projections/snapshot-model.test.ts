/** With snapshots and without, at any place and after anything that was done, a projection folds the same. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'vitest'
import { defineProjection, type Json, type RecordedEvent, type Selection, type Store } from '../../src/index.js'
import { event, selection, stream } from '../properties/arbitraries.js'
import { kinds } from './stores.js'

const RUNS: Readonly<Record<string, number>> = { memory: 200, file: 30 }

interface Seen {
  readonly events: { position: number; data: Json }[]
  byTag: { [tag: string]: number }
}

/** Sees everything of two types, and changes its state in place. */
const seen = (version: number) =>
  defineProjection<Seen>({
    name: 'seen',
    version,
    initial: { events: [], byTag: {} },
    on: { placed: noteEvent, paid: noteEvent },
  })

function noteEvent(state: Seen, { position, data, tags }: RecordedEvent): Seen {
  state.events.push({ position, data })
  for (const tag of tags) state.byTag[tag] = (state.byTag[tag] ?? 0) + 1
  return state
}

/** The same without a snapshot's help: from the events themselves. */
async function folded(store: Store, selected: Selection, upTo: number): Promise<Seen> {
  let state: Seen = { events: [], byTag: {} }
  for await (const one of store.read({ ...selected, upTo })) {
    if (one.type === 'placed' || one.type === 'paid') state = noteEvent(state, one)
  }
  return state
}

/** Mostly such as select something. */
const selections = fc.array(
  fc.oneof(
    fc.constantFrom<Selection[]>(
      {},
      { stream: 'a' },
      { tags: ['k:1'] },
      { streamPrefix: 'a' },
      { streamPrefix: '🦀' },
      { any: [{ tags: ['k:2'] }, { streamPrefix: 'a' }] },
    ),
    selection,
  ),
  { minLength: 1, maxLength: 3 },
)

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      stream,
      events: fc.array(event, { minLength: 1, maxLength: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('take' as const, 'project' as const, 'decide' as const),
      pick: fc.nat(),
      version: fc.constantFrom(1, 1, 2),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('at' as const),
      pick: fc.nat(),
      version: fc.constantFrom(1, 1, 2),
      at: fc.nat({ max: 60 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
)

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never

async function take(store: Store, given: readonly Selection[], one: Step): Promise<void> {
  if (one.kind === 'reopen') return
  if (one.kind === 'append') {
    // Ids are left out: a repeat or a reuse is not what this is about.
    const events = one.events.map(({ id: _id, ...rest }) => rest)
    await store.append(one.stream, events)
    return
  }
  const selected = given[one.pick % given.length] as Selection
  const head = await store.head()
  if (one.kind === 'take') await store.snapshots.take(seen(one.version), selected)
  else if (one.kind === 'decide') await decided(store, selected, one.version)
  else {
    const at = one.kind === 'at' ? { at: one.at } : {}
    const { state, position } = await store.project(seen(one.version), { ...selected, ...at })
    assert.equal(position, one.kind === 'at' ? Math.min(one.at, head) : head)
    assert.deepEqual(state, await folded(store, selected, position))
  }
}

async function decided(store: Store, query: Selection, version: number): Promise<void> {
  const answer = await store.decide({ stream: 'decided', query }, seen(version), async (state, { position }) => {
    assert.deepEqual(state, await folded(store, query, position))
    return [{ type: 'placed', data: state.events.length }]
  })
  assert.ok(answer.ok)
}

for (const [kind, openStore] of Object.entries(kinds)) {
  test(
    `snapshot: over ${kind}, with any snapshots taken, what is folded is the same as without`,
    { timeout: 120_000 },
    async () => {
      const options = fc.record(
        { everyEvents: fc.integer({ min: 1, max: 5 }), keep: fc.integer({ min: 1, max: 3 }) },
        { requiredKeys: [] },
      )
      const property = fc.asyncProperty(
        options,
        selections,
        fc.array(step, { maxLength: 40, size: 'max' }),
        async (snapshots, given, steps) => {
          const under = await openStore({ snapshots })
          try {
            for (const one of steps) {
              if (one.kind === 'reopen') await under.reopen()
              await take(under.store, given, one)
              // A turn in which what goes on in the background goes on.
              await new Promise((resolve) => setImmediate(resolve))
            }
            const head = await under.store.head()
            for (const selected of given) {
              for (const at of [0, head >> 1, head]) {
                const { state } = await under.store.project(seen(1), { ...selected, at })
                assert.deepEqual(state, await folded(under.store, selected, at))
              }
            }
            assert.equal(under.store.report().snapshots.failed, 0)
          } finally {
            await under.end()
          }
        },
      )
      await fc.assert(property, { numRuns: RUNS[kind] ?? 50 })
    },
  )
}

/** What can be done to a store, and how its answer is held against the model's. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  defineProjection,
  isPerdureError,
  type Query,
  type RecordedEvent,
  type Selection,
  type Store,
} from '../../src/index.js'
import { naiveRoot } from '../../conformance/naive-root.js'
import { commit, prefix, query, selection } from './arbitraries.js'
import { type Model, selects, type Answer, type ModelCommit } from './model.js'
import type { StoreUnderTest } from './stores.js'

export type Command = fc.AsyncCommand<Model, StoreUnderTest>

/** A command that is always possible. `shown` is how a failing sequence prints it. */
function command(shown: string, run: (model: Model, under: StoreUnderTest) => Promise<void>): Command {
  return { check: () => true, run, toString: () => shown }
}

const show = (value: unknown): string => JSON.stringify(value)

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

/** The store's answer in the words of the model. */
async function answerOf(store: Store, { writes, unless }: ModelCommit): Promise<Answer> {
  try {
    const result = await store.commit(writes, unless === undefined ? {} : { unless })
    if (result.ok) {
      const { first, last, revisions, duplicate } = result
      return { kind: 'appended', first, last, revisions, duplicate }
    }
    const conflicts = result.conflicts.map(({ kind, actual, events }) => ({
      kind,
      actual,
      events: events.map(({ position }) => position),
    }))
    return { kind: 'refused', conflicts }
  } catch (error) {
    if (!isPerdureError(error)) throw error
    assert.equal(error.written, 'no')
    return { kind: 'error', code: error.code }
  }
}

function assertAnswer(actual: Answer, expected: Answer): void {
  if (expected.kind === 'error' && actual.kind === 'error')
    assert.ok(expected.code.split(' or ').includes(actual.code), show(actual))
  else { const strip = (a: Answer) => a.kind === 'refused' ? { ...a, conflicts: a.conflicts.map((c) => ({ ...c, events: [] })) } : a; assert.deepEqual(strip(actual), strip(expected)) }
}

const appending = commit.map((one) =>
  command(`commit ${show(one)}`, async (model, { store }) => {
    assertAnswer(await answerOf(store, one), model.commit(one))
  }),
)

const repeating = fc.tuple(fc.nat(), fc.constantFrom('same', 'part', 'moved', 'changed')).map(([pick, how]) =>
  command(`repeat ${pick} ${how}`, async (model, { store }) => {
    const chosen = model.events.filter(({ id }) => id !== undefined)
    const event = chosen[pick % Math.max(1, chosen.length)]
    if (event === undefined) return
    const [first, count] = event.commit
    const originals = model.events.slice(first - 1, first - 1 + count)
    const again = originals.map(({ stream, position: _p, commit: _c, revision: _r, time: _t, id, ...content }) => ({
      stream: how === 'moved' ? 'elsewhere' : stream,
      expect: 'new' as const,
      events: [{ ...content, ...(id === undefined ? {} : { id }), ...(how === 'changed' ? { data: 'changed' } : {}) }],
    }))
    const one = { writes: how === 'part' ? again.slice(0, -1) : again }
    assertAnswer(await answerOf(store, one), model.commit(one))
  }),
)

const concurrent = fc.array(commit, { minLength: 2, maxLength: 6 }).map((commits) =>
  command(`at once ${show(commits)}`, async (model, { store }) => {
    const answers = await Promise.all(commits.map((one) => answerOf(store, one)))
    // They are judged in the order in which they were made; only what is refused before is not in it.
    for (const [i, one] of commits.entries()) {
      const answer = answers[i] as Answer
      const early = answer.kind === 'error' && answer.code === 'condition-invalid'
      if (!early) assertAnswer(answer, model.commit(one))
    }
  }),
)

const reading = query.map((one) =>
  command(`read ${show(one)}`, async (model, { store }) => {
    const events = await collect(store.read(one))
    assert.deepEqual(
      events.map(({ position }) => position),
      model.read(one),
    )
    for (const event of events) assertEvent(event, model)
  }),
)

function assertEvent({ id, ...event }: RecordedEvent, model: Model): void {
  const { id: given, ...expected } = model.events[event.position - 1] as Model['events'][number]
  assert.deepEqual(event, expected)
  if (given !== undefined) assert.equal(id, given)
}

const projecting = fc.tuple(selection, fc.oneof(fc.nat({ max: 40 }), fc.constant(undefined))).map(([selected, at]) =>
  command(`project ${show(selected)} at ${at ?? 'head'}`, async (model, { store }) => {
    const position = Math.min(at ?? Infinity, model.head)
    const expected = model.events.filter(
      (event) => event.position <= position && selects(selected, event) && event.type !== 'paid',
    )
    const projected = await store.project(seen, { ...selected, ...(at === undefined ? {} : { at }) })
    assert.deepEqual(
      projected.state,
      expected.map((event) => event.position),
    )
    assert.equal(projected.position, position)
    if (selected.stream !== undefined) assert.equal(projected.revision, model.revision(selected.stream, position))
  }),
)

const note = (state: number[], event: RecordedEvent): number[] => [...state, event.position]
/** Handles two of the three types. */
const seen = defineProjection<number[]>({ name: 'seen', version: 1, initial: [], on: { placed: note, shipped: note } })

const listing = prefix.map((one) =>
  command(`streams ${show(one)}`, async (model, { store }) => {
    const names = [...new Set(model.events.map((event) => event.stream))].filter((name) => name.startsWith(one))
    const expected = names
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map((name) => ({ stream: name, revision: model.revision(name) }))
    assert.deepEqual(await collect(store.streams({ prefix: one })), expected)
  }),
)

const moving = fc.integer({ min: -3000, max: 3000 }).map((ms) =>
  command(`clock ${ms} ms`, async (model, { clock }) => {
    clock.advance(ms)
    model.nowMs += ms
    return await Promise.resolve()
  }),
)

/** The whole log, by every road: read, line by line, event by event, root. */
const checking = fc.constant(
  command('check', async (model, { store }) => {
    const events = await collect(store.read())
    assert.equal(events.length, model.head)
    assert.equal(await store.head(), model.head)
    for (const event of events) {
      assertEvent(event, model)
      assert.deepEqual(await store.event(event.id), event)
    }
    const root = naiveRoot(await collect(store.lines()))
    assert.deepEqual(await store.checkpoint(), { size: model.head, root })
    const report = await store.verify()
    assert.deepEqual([report.findings, report.root], [[], root])
  }),
)

const reopening = fc.constant(command('reopen', async (_model, under) => await under.reopen()))

/** Lost while commits are under way: whole ones of them may have been written, in the order in which they were made. */
const crashing = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }).map((sizes) =>
  command(`crash under ${show(sizes)}`, async (model, under) => {
    const commits = sizes.map((size, i) => ({
      writes: [
        {
          stream: `lost-${i}`,
          expect: 'any' as const,
          events: Array.from({ length: size }, () => ({ type: 'paid', data: i })),
        },
      ],
    }))
    const underWay = commits.map((one) => answerOf(under.store, one))
    // As far as some of them get.
    if (sizes.length % 2 === 0) await underWay[0]
    await under.crash()
    await Promise.all(underWay)
    const head = await under.store.head()
    for (const { writes } of commits) if (model.head < head) model.record(writes)
    assert.equal(head, model.head, 'a commit was found in part')
  }),
)

/** @param persistent the log outlives its process */
export function commandsFor(persistent: boolean): fc.Arbitrary<Iterable<Command>> {
  const always = [
    appending,
    appending,
    appending,
    repeating,
    concurrent,
    reading,
    reading,
    projecting,
    listing,
    moving,
    checking,
  ]
  return fc.commands(persistent ? [...always, reopening, crashing] : always, { maxCommands: 40, size: 'max' })
}

export type { Query, Selection }

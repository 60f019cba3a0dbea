/** given/when/then: what holds passes, what does not is an AssertionError that says what was expected of whom. */
import { AssertionError } from 'node:assert'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { defineEvents, defineProjection, type NewEventOf } from '../../src/index.js'
import { given } from '../../testing/index.js'

const events = defineEvents({
  seats_offered: {
    version: 2,
    schema: z.object({ seats: z.number() }),
    upcast: { 1: (data: { count: number }) => ({ seats: data.count }) },
  },
  seat_sold: { version: 1, schema: z.object({ to: z.string() }) },
})

const seatsLeft = defineProjection({
  name: 'seats-left',
  version: 1,
  events,
  initial: 0,
  on: { seats_offered: (left, { data }) => left + data.seats, seat_sold: (left) => left - 1 },
})

const sellTo =
  (to: string) =>
  (left: number): NewEventOf<typeof events, 'seat_sold'>[] =>
    left > 0 ? [{ type: 'seat_sold', data: { to }, tags: [`guest:${to}`] }] : []

const offered = (seats: number) => ({ stream: 'hall', type: 'seats_offered', data: { seats } }) as const
const sold = (to: string) => ({ stream: 'hall', type: 'seat_sold', data: { to } }) as const

async function failureOf(expectation: Promise<void>): Promise<AssertionError> {
  const failure: unknown = await expectation.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(failure instanceof AssertionError)) throw new Error('no AssertionError', { cause: failure })
  return failure
}

test('project: the state that a projection becomes', async () => {
  await given([]).project(seatsLeft).becomes(0)
  await given([offered(2), sold('ann')], { events })
    .project(seatsLeft)
    .becomes(1)
  await given([offered(2), sold('ann')])
    .project(seatsLeft, { at: 1 })
    .becomes(2)
  await given([offered(2), { ...sold('ann'), stream: 'stalls' }])
    .project(seatsLeft, { stream: 'hall' })
    .becomes(2)
})

test('project: another state is an AssertionError with both states', async () => {
  const failure = await failureOf(
    given([offered(2)])
      .project(seatsLeft)
      .becomes(3),
  )
  expect(failure).toMatchObject({ actual: 2, expected: 3, operator: 'deepStrictEqual' })
  expect(failure.message).toMatch(/^seats-left becomes another state\. /)
  const lists = { ...seatsLeft, initial: () => ['a'], on: { seats_offered: (all: string[]) => [...all, 'b'] } }
  const { message } = await failureOf(
    given([offered(2)])
      .project(lists)
      .becomes(['a', 'c']),
  )
  expect(message).toContain("+   'b'")
  expect(message).toContain("-   'c'")
})

test('project: a projection that remembers something beside its state is found out', async () => {
  let calls = 0
  const counting = { ...seatsLeft, on: { seats_offered: () => ++calls } }
  const failure = await failureOf(
    given([offered(2)])
      .project(counting)
      .becomes(1),
  )
  expect(failure.message).toContain('when the same events are replayed')
})

test('project: what a handler throws is expected, or it is not', async () => {
  const strict = {
    ...seatsLeft,
    on: {
      seat_sold: (): number => {
        throw new RangeError('oversold')
      },
    },
  }
  await given([sold('ann')])
    .project(strict)
    .throws()
  await given([sold('ann')])
    .project(strict)
    .throws(/oversold/)
  await given([sold('ann')])
    .project(strict)
    .throws(RangeError)
  await given([sold('ann')])
    .project(strict)
    .throws({ message: 'oversold' })
  await expect(
    given([sold('ann')])
      .project(strict)
      .becomes(0),
  ).rejects.toThrow('oversold')
  const other = await failureOf(
    given([sold('ann')])
      .project(strict)
      .throws(/sold out/),
  )
  expect(other.message).toContain('oversold')
  const none = await failureOf(given([]).project(strict).throws())
  expect(none.message).toBe('seats-left throws nothing; its state is 0')
})

test('given: events of older versions are brought up to date, and events that do not fit are refused', async () => {
  const older = { stream: 'hall', type: 'seats_offered', version: 1, data: { count: 7 } } as const
  await given([older], { events }).project(seatsLeft).becomes(7)
  const misfit = { ...offered(1), data: { seats: 'one' } }
  // @ts-expect-error: seats is a number
  const project = given([misfit], { events }).project(seatsLeft)
  await expect(project.becomes(1)).rejects.toMatchObject({ code: 'event-invalid', facts: { pointer: '/data/seats' } })
})

test('given: positions, revisions, ids and times are always the same', async () => {
  const seen = defineProjection<unknown[]>({
    name: 'seen',
    version: 1,
    initial: () => [],
    on: { seat_sold: (all, { position, revision, id, time }) => [...all, { position, revision, id, time }] },
  })
  const states: unknown[][] = []
  for (const _ of [1, 2]) {
    // The state is in the error that says that nothing was thrown.
    const { actual } = await failureOf(
      given([sold('ann'), sold('bob')])
        .project(seen)
        .throws(),
    )
    states.push(actual as unknown[])
  }
  const [first, second] = states
  expect(first).toMatchObject([
    { position: 1, revision: 1, time: '2026-01-01T00:00:00.000Z' },
    { position: 2, revision: 2, time: '2026-01-01T00:00:01.000Z' },
  ])
  expect(second).toEqual(first)
})

test('decide: the events that are recorded', async () => {
  const log = given([offered(1)], { events })
  await log
    .decide('hall', seatsLeft, sellTo('ann'))
    .records([{ type: 'seat_sold', data: { to: 'ann' }, tags: ['guest:ann'] }])
  // Only what is expected of it is asked of the rest.
  const inFull = { ...sold('ann'), stream: 'hall', version: 1, meta: {}, tags: ['guest:ann'] } as const
  await log.decide('hall', seatsLeft, sellTo('ann')).records([inFull])
  await given([offered(1), sold('ann')], { events })
    .decide('hall', seatsLeft, sellTo('bob'))
    .recordsNothing()
  await log
    .decide({ stream: 'hall', query: { types: ['seats_offered', 'seat_sold'] } }, seatsLeft, async (left) =>
      Promise.resolve([{ type: 'seat_sold', data: { to: `seat ${left}` } }]),
    )
    .records([{ type: 'seat_sold', data: { to: 'seat 1' } }])
})

test('decide: other events are an AssertionError with the difference', async () => {
  const decision = given([offered(1)], { events }).decide('hall', seatsLeft, sellTo('ann'))
  const { message } = await failureOf(decision.records([{ type: 'seat_sold', data: { to: 'bob' } }]))
  expect(message).toMatch(/^the decision records other events\. /)
  expect(message).toContain("+       to: 'ann'")
  expect(message).toContain("-       to: 'bob'")
  expect(message).toContain('guest:ann')
  await failureOf(decision.recordsNothing())
  const elsewhere = { stream: 'stalls', type: 'seat_sold', data: { to: 'ann' }, tags: ['guest:ann'] } as const
  expect((await failureOf(decision.records([elsewhere]))).message).toContain("stream: 'hall'")
})

test('decide: what a decision throws is expected, or passes through', async () => {
  const sell = (left: number): NewEventOf<typeof events, 'seat_sold'>[] => {
    if (left === 0) throw new Error('sold out')
    return sellTo('ann')(left)
  }
  await given([], { events })
    .decide('hall', seatsLeft, sell)
    .throws(/sold out/)
  await expect(given([], { events }).decide('hall', seatsLeft, sell).recordsNothing()).rejects.toThrow('sold out')
  const none = await failureOf(
    given([offered(1)], { events })
      .decide('hall', seatsLeft, sell)
      .throws(),
  )
  expect(none.message).toMatch(/^the decision throws nothing; it records .*seat_sold/s)
})

test('decide: what others record meanwhile makes it decide again', async () => {
  const log = given([offered(1)], { events }).meanwhile([sold('bob')])
  await log.decide('hall', seatsLeft, sellTo('ann')).recordsNothing()
  const more = given([offered(2)], { events }).meanwhile([sold('bob')])
  await more
    .decide('hall', seatsLeft, sellTo('ann'))
    .records([{ type: 'seat_sold', data: { to: 'ann' }, tags: ['guest:ann'] }])
})

test('decide: without retries a decision is refused when others are quicker, and only then', async () => {
  const log = given([offered(2)], { events })
  const once = { retries: 0 }
  const late = log.meanwhile([sold('bob')]).decide('hall', seatsLeft, sellTo('ann'), once)
  await late.isRefused()
  expect((await failureOf(late.recordsNothing())).message).toContain('the decision is refused')
  expect((await failureOf(late.throws())).message).toContain('it is refused')
  const { message } = await failureOf(log.decide('hall', seatsLeft, sellTo('ann'), once).isRefused())
  expect(message).toContain('the decision is not refused; it records')
})

test('an expectation can be awaited again, and each has a log of its own', async () => {
  const decision = given([offered(1)], { events }).decide('hall', seatsLeft, sellTo('ann'))
  await Promise.all([1, 2, 3].map(() => failureOf(decision.recordsNothing())))
})

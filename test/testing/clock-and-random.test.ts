/** The manual clock and seeded randomness: what a store is opened with, so that a test is the same each time. */
import { expect, test } from 'vitest'
import { open } from '../../src/index.js'
import { manualClock, seededRandom, type ManualClock } from '../../testing/index.js'

async function recorded(clock: ManualClock, seed: number): Promise<{ id: string; time: string }[]> {
  const random = seededRandom(seed)
  const store = await open('memory:', { clock, random: (length) => random.bytes(length) })
  for (let i = 0; i < 3; i++) {
    await store.append('a', { type: 'ticked', data: i })
    clock.advance(1500)
  }
  clock.set('2020-01-01T00:00:00Z')
  await store.append('a', { type: 'ticked', data: 3 })
  const events = []
  for await (const { id, time } of store.read()) events.push({ id, time })
  await store.close()
  return events
}

test('manualClock: stands still until it is moved, and a log never goes back with it', async () => {
  const times = (await recorded(manualClock('2026-05-01T00:00:00Z'), 1)).map(({ time }) => time)
  const last = '2026-05-01T00:00:03.000Z'
  expect(times).toEqual(['2026-05-01T00:00:00.000Z', '2026-05-01T00:00:01.500Z', last, last])
  expect(manualClock()().toISOString()).toBe('2026-01-01T00:00:00.000Z')
})

test('seededRandom: one seed repeats a log to the byte, another gives other ids', async () => {
  const first = await recorded(manualClock(), 7)
  expect(await recorded(manualClock(), 7)).toEqual(first)
  const ids = new Set([...first, ...(await recorded(manualClock(), 8))].map(({ id }) => id))
  expect(ids.size).toBe(8)
})

test('seededRandom: draws are within their bounds', () => {
  const random = seededRandom(42)
  expect(new Set(Array.from({ length: 200 }, () => random.integer(6)))).toEqual(new Set([0, 1, 2, 3, 4, 5]))
  expect(random.shuffle([1, 2, 3]).toSorted()).toEqual([1, 2, 3])
  expect([1, 2, 3]).toContain(random.pick([1, 2, 3]))
  expect([random.chance(0), random.chance(1), random.bytes(5).length]).toEqual([false, true, 5])
})

test('seededRandom: how many are drawn from a fork does not move what is drawn here', () => {
  const draw = (count: number): number => {
    const random = seededRandom(42)
    const fork = random.fork()
    for (let i = 0; i < count; i++) fork.integer(10)
    return random.integer(2 ** 32)
  }
  expect(draw(5)).toBe(draw(0))
})

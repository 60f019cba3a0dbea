/** file: forgetting one person among a hundred thousand, against one among a hundred. */
import { cpSync } from 'node:fs'
import { open } from '../src/index.js'
import { time, type Timing } from './measure.js'
import { compareTimes, freshNames } from './rate-row.js'
import type { Row } from './row.js'
import { logOfPeople } from './sealed.js'

/** One is too short to time well. */
const SHREDS_COUNT = 5

export const shred: Row = {
  name: 'shred',
  title: 'file: shred one subject among 100,000 against one among 100',
  against: 'one among 100',
  unit: 'times',
  goal: 5,
  aim: 2,
  measure: async ({ folder, shared, pairs, scale }) => {
    const next = freshNames(folder)
    const [many, few] = await Promise.all([scale(100_000), 100].map((people) => oneEventEach(shared, people)))
    return await compareTimes(
      pairs,
      () => shredOf(many as string, next()),
      () => shredOf(few as string, next()),
    )
  },
}

async function oneEventEach(shared: string, people: number): Promise<string> {
  return await logOfPeople(`${shared}/each-${people}`, people, people, true)
}

/** In a copy: who is forgotten stays so. */
async function shredOf(log: string, copy: string): Promise<Timing> {
  cpSync(log, copy, { recursive: true })
  cpSync(`${log}.keys`, `${copy}.keys`, { recursive: true })
  const store = await open(`file:${copy}`)
  const timing = await time(SHREDS_COUNT, async () => {
    for (let i = 0; i < SHREDS_COUNT; i++) await store.subjects.shred(`customer:p${i * 7}`, { reason: 'asked' })
  })
  await store.close()
  return timing
}

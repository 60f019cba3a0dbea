/** file: putting current values by several at once, each awaiting its own. */
import { open } from '../src/index.js'
import { HandGroupCommit } from './baseline/group-commit.js'
import { time, type Timing } from './measure.js'
import { compareRates, freshNames } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, sampleEvent } from './sample-events.js'

const PUTTERS_COUNT = 50
const KEYS_COUNT = 10_000

export const kvPut: Row = {
  name: 'kv-put',
  title: 'file: kv.put, 50 concurrent',
  against: 'the same group commit of the same bytes, by hand',
  unit: 'ratio',
  goal: 0.6,
  aim: 0.8,
  measure: async (context) => {
    const puts = context.scale(400)
    const next = freshNames(context.folder)
    return await compareRates(
      { ...context, pairs: context.pairs * 4 },
      () => putIntoStore(next(), puts),
      () => putByHand(next(), puts),
    )
  },
}

async function putIntoStore(folder: string, puts: number): Promise<Timing> {
  const store = await open(`file:${folder}`, { create: true })
  let revision = 0
  const timing = await timePuts(puts, async (index) => {
    const put = await store.kv.put(keyOf(index), valueOf(index))
    if (put.ok) revision = Math.max(revision, put.revision)
  })
  assertCount('kv:', revision, timing.count)
  await store.close()
  return timing
}

async function putByHand(path: string, puts: number): Promise<Timing> {
  const file = new HandGroupCommit(path)
  const timing = await timePuts(puts, async (index) => {
    await file.append([{ revision: index + 1, key: keyOf(index), value: valueOf(index) }])
  })
  assertCount('by hand', file.close(), timing.count)
  return timing
}

function keyOf(index: number): string {
  return `order-${index % KEYS_COUNT}`
}

function valueOf(index: number): ReturnType<typeof sampleEvent>['data'] {
  return sampleEvent(index).data
}

async function timePuts(puts: number, put: (index: number) => Promise<void>): Promise<Timing> {
  return await time(PUTTERS_COUNT * puts, async () => {
    let next = 0
    const putter = async (): Promise<void> => {
      for (let i = 0; i < puts; i++) await put(next++)
    }
    await Promise.all(Array.from({ length: PUTTERS_COUNT }, putter))
  })
}

/** file: append, one event at a time, each durable before the next begins. */
import { open, type Store } from '../src/index.js'
import { writeDurably } from './baseline/durable-write.js'
import { time, type Timing } from './measure.js'
import { compareRates, freshNames } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, handLine, sampleEvent, sampleStream } from './sample-events.js'

/** Until the compiler has seen enough of an append, it takes longer; that is not measured. */
const WARM_UP_ROUNDS = 5

export const fileAppendSingle: Row = {
  name: 'file-append-single',
  title: 'file: append, 1 at a time',
  against: 'bare write + fdatasync of the same bytes',
  unit: 'ratio',
  goal: 0.6,
  aim: 0.8,
  measure: async (context) => {
    const count = context.scale(2000)
    const next = freshNames(context.folder)
    // One log for all rounds: a store that is closed takes with it what the compiler has learnt of it.
    const store = await open(`file:${next()}`, { create: true })
    for (let i = 0; i < WARM_UP_ROUNDS; i++) await appendToStore(store, count)
    // More pairs than elsewhere: a disk has good and bad seconds, and both sides should have the same ones.
    const rates = await compareRates(
      { ...context, pairs: context.pairs * 4 },
      () => appendToStore(store, count),
      () => appendBare(next(), count),
    )
    await store.close()
    return rates
  },
}

async function appendToStore(store: Store, count: number): Promise<Timing> {
  const before = await store.head()
  const timing = await time(count, async () => {
    for (let i = 0; i < count; i++) await store.append(sampleStream(i), sampleEvent(i))
  })
  assertCount('file:', await store.head(), before + count)
  return timing
}

async function appendBare(path: string, count: number): Promise<Timing> {
  const lines = Array.from({ length: count }, (_, i) => Buffer.from(handLine(1 + i)))
  const expected = lines.reduce((sum, line) => sum + line.length, 0)
  let written = 0
  const timing = await time(count, () => {
    written = writeDurably(path, lines)
  })
  assertCount('by hand, in bytes', written, expected)
  return timing
}

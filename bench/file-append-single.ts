/** file: append, one event at a time, each durable before the next begins. */
import { open } from '../src/index.js'
import { writeDurably } from './baseline/durable-write.js'
import { time, type Timing } from './measure.js'
import { compareRates, freshNames } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, handLine, sampleEvent, sampleStream } from './sample-events.js'

export const fileAppendSingle: Row = {
  name: 'file-append-single',
  title: 'file: append, 1 at a time',
  against: 'bare write + fdatasync of the same bytes',
  unit: 'ratio',
  goal: 0.6,
  aim: 0.8,
  measure: async (context) => {
    // Long enough that the compiler's first steps do not count.
    const count = context.scale(2000)
    const next = freshNames(context.folder)
    // More pairs than elsewhere: a disk has good and bad seconds, and both sides should have the same ones.
    return await compareRates(
      { ...context, pairs: context.pairs * 4 },
      () => appendToStore(next(), count),
      () => appendBare(next(), count),
    )
  },
}

async function appendToStore(folder: string, count: number): Promise<Timing> {
  const store = await open(`file:${folder}`, { create: true })
  // Makes the first segment, once in the life of a log.
  await store.append(sampleStream(0), sampleEvent(0))
  const timing = await time(count, async () => {
    for (let i = 1; i <= count; i++) await store.append(sampleStream(i), sampleEvent(i))
  })
  assertCount('file:', await store.head(), 1 + count)
  await store.close()
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

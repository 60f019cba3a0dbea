/** memory: append, one event at a time over a thousand streams, each awaited. */
import { open } from '../src/index.js'
import { appendByHand } from './baseline/memory-append.js'
import { time, type Timing } from './measure.js'
import { compareRates } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, sampleEvent, sampleStream } from './sample-events.js'

export const memoryAppend: Row = {
  name: 'memory-append',
  title: 'memory: append, 1 event at a time over 1000 streams',
  against: 'building, freezing and pushing the same events to arrays by hand',
  unit: 'ratio',
  goal: 0.3,
  aim: 0.5,
  measure: async (context) => {
    const count = context.scale(200_000)
    return await compareRates(
      context,
      () => appendToStore(count),
      async () => await time(count, () => assertCount('by hand', appendByHand(count), count)),
    )
  },
}

async function appendToStore(count: number): Promise<Timing> {
  const store = await open('memory:')
  const timing = await time(count, async () => {
    for (let i = 0; i < count; i++) await store.append(sampleStream(i), sampleEvent(i))
  })
  assertCount('memory:', await store.head(), count)
  await store.close()
  return timing
}

/** file: opening a log that was closed in order, of a million events and of ten thousand. */
import { open } from '../src/index.js'
import { bigLog } from './big-log.js'
import { time, type Timing } from './measure.js'
import { compareTimes } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount } from './sample-events.js'

/** One opening is too short to time well. */
const OPENINGS_COUNT = 5

export const fileOpen: Row = {
  name: 'file-open',
  title: 'file: open with valid indexes, 1,000,000 against 10,000 events',
  against: 'opening the short log',
  unit: 'times',
  goal: 5,
  aim: 2,
  measure: async ({ shared, pairs, scale }) => {
    const [many, few] = [scale(1_000_000), scale(10_000)]
    const long = await bigLog(shared, many)
    const short = await bigLog(shared, few)
    return await compareTimes(
      pairs,
      () => openAndClose(long, many),
      () => openAndClose(short, few),
    )
  },
}

/** Opens, asks for the head and an event in the middle, so that nothing can be put off; closes outside the time. */
async function openAndClose(folder: string, count: number): Promise<Timing> {
  let seconds = 0
  for (let i = 0; i < OPENINGS_COUNT; i++) {
    let store: Awaited<ReturnType<typeof open>> | undefined
    const opening = await time(1, async () => {
      store = await open(`file:${folder}`)
      assertCount('opened', await store.head(), count)
    })
    const middle = await store?.event(count / 2)
    assertCount('the event in the middle', middle?.position ?? 0, count / 2)
    await store?.close()
    seconds += opening.seconds
  }
  return { count: OPENINGS_COUNT, seconds }
}

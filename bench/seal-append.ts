/** file: append in batches with keys, against the same store without. The keys are there before the time begins. */
import { time, type Timing } from './measure.js'
import { compareRates, freshNames } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, sampleStream } from './sample-events.js'
import { greet, openNew, sampleEventOf, SUBJECTS_COUNT } from './sealed.js'

const APPENDERS_COUNT = 10
const COMMIT_LENGTH_EVENTS = 100

export const sealAppend: Row = {
  name: 'seal-append',
  title: 'file: append 10 × 100 sealed, for 1,000 people',
  against: 'the same without keys',
  unit: 'ratio',
  goal: 0.4,
  aim: 0.55,
  measure: async (context) => {
    const next = freshNames(context.folder)
    const commits = context.scale(50)
    return await compareRates(
      { ...context, pairs: context.pairs * 4 },
      () => append(next(), commits, true),
      () => append(next(), commits, false),
    )
  },
}

async function append(folder: string, commits: number, isSealed: boolean): Promise<Timing> {
  const store = await openNew(folder, isSealed)
  await greet(store, SUBJECTS_COUNT)
  const timing = await time(APPENDERS_COUNT * commits * COMMIT_LENGTH_EVENTS, async () => {
    let begun = 0
    const appender = async (): Promise<void> => {
      for (let commit = 0; commit < commits; commit++) {
        const first = COMMIT_LENGTH_EVENTS * begun++
        const events = Array.from({ length: COMMIT_LENGTH_EVENTS }, (_, i) => sampleEventOf(first + i))
        await store.append(sampleStream(first / COMMIT_LENGTH_EVENTS), events)
      }
    }
    await Promise.all(Array.from({ length: APPENDERS_COUNT }, appender))
  })
  assertCount('file:', await store.head(), SUBJECTS_COUNT + timing.count)
  await store.close()
  return timing
}

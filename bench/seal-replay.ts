/** file: replay through `project` of a log whose data is sealed, against the same log without keys. */
import { defineProjection, open } from '../src/index.js'
import { time, type Timing } from './measure.js'
import { compareRates } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, TYPES } from './sample-events.js'
import { logOfPeople, SUBJECTS_COUNT } from './sealed.js'

const count = (total: number): number => total + 1
const total = defineProjection({
  name: 'total',
  version: 1,
  initial: 0,
  on: Object.fromEntries(TYPES.map((type) => [type, count])),
})

export const sealReplay: Row = {
  name: 'seal-replay',
  title: 'file: replay sealed events of 1,000 people through project',
  against: 'the same without keys',
  unit: 'ratio',
  goal: 0.1,
  aim: 0.2,
  measure: async (context) => {
    const events = context.scale(200_000)
    const sealed = await logOfPeople(`${context.shared}/sealed-${events}`, events, SUBJECTS_COUNT, true)
    const open = await logOfPeople(`${context.shared}/people-${events}`, events, SUBJECTS_COUNT, false)
    return await compareRates(
      context,
      () => replay(sealed, events),
      () => replay(open, events),
    )
  },
}

/** Opening is outside the time, the first asking for each key within. */
async function replay(folder: string, events: number): Promise<Timing> {
  const store = await open(`file:${folder}`)
  const timing = await time(events, async () => {
    assertCount('folded', (await store.project(total)).state, events)
  })
  await store.close()
  return timing
}

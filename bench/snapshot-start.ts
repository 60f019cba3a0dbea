/** file: opening a store and asking for a state that has a snapshot, with a long log behind it and with a short one. */
import { defineProjection, open, type RecordedEvent } from '../src/index.js'
import { bigLog } from './big-log.js'
import { time, type Timing } from './measure.js'
import { compareTimes } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, TYPES } from './sample-events.js'

const count = (state: number, _event: RecordedEvent): number => state + 1
const total = defineProjection({
  name: 'total',
  version: 1,
  initial: 0,
  on: Object.fromEntries(TYPES.map((type) => [type, count])),
})

export const snapshotStart: Row = {
  name: 'snapshot-start',
  title: 'file: open and project with a snapshot, 1,000,000 against 10,000 events',
  against: 'the same with the short log',
  unit: 'times',
  goal: 5,
  aim: 2,
  measure: async ({ shared, pairs, scale }) => {
    const [many, few] = [scale(1_000_000), scale(10_000)]
    const long = await withSnapshot(await bigLog(shared, many))
    const short = await withSnapshot(await bigLog(shared, few))
    return await compareTimes(
      pairs * 4,
      () => openAndProject(long, many),
      () => openAndProject(short, few),
    )
  },
}

async function withSnapshot(folder: string): Promise<string> {
  const store = await open(`file:${folder}`)
  await store.snapshots.take(total)
  await store.close()
  return folder
}

async function openAndProject(folder: string, expected: number): Promise<Timing> {
  let store: Awaited<ReturnType<typeof open>> | undefined
  const timing = await time(1, async () => {
    store = await open(`file:${folder}`)
    assertCount('folded', (await store.project(total)).state, expected)
  })
  await store?.close()
  return timing
}

/** file: a subscription catching up with a long log, one checkpoint a page. */
import { open, type RecordedEvent } from '../src/index.js'
import { foldFolder } from './baseline/replay.js'
import { bigLog } from './big-log.js'
import { time, type Timing } from './measure.js'
import { compareRates, freshNames } from './rate-row.js'
import type { Row } from './row.js'
import { assertCount, TYPES } from './sample-events.js'

export const subscribe: Row = {
  name: 'subscribe',
  title: 'file: subscribe over a million events, one checkpoint a page',
  against: 'bare read + JSON.parse of every line, and the same handler',
  unit: 'ratio',
  goal: 0.6,
  aim: 0.8,
  measure: async (context) => {
    const count = context.scale(1_000_000)
    const folder = await bigLog(context.shared, count)
    const next = freshNames('bench')
    return await compareRates(
      context,
      () => subscribeToAll(folder, next(), count),
      () => time(count, () => assertCount('handled by hand', handleByHand(folder), count)),
    )
  },
}

async function subscribeToAll(folder: string, name: string, count: number): Promise<Timing> {
  const store = await open(`file:${folder}`)
  let handled = 0
  const timing = await time(count, async () => {
    const subscription = await store.subscribe(name, {}, () => {
      handled++
    })
    await subscription.whenAt(count)
    await subscription.close()
  })
  assertCount('handled by the subscription', handled, count)
  await store.close()
  return timing
}

function handleByHand(folder: string): number {
  const count = (handled: number, _event: Pick<RecordedEvent, 'data'>): number => handled + 1
  return foldFolder(`${folder}/segments`, { initial: 0, on: Object.fromEntries(TYPES.map((type) => [type, count])) })
}

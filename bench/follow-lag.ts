/** file: how long after its append was answered a follower has an event in hand, while appends go on. */
import { open } from '../src/index.js'
import { median, quantile } from './measure.js'
import type { Row } from './row.js'
import { assertCount, sampleEvent, sampleStream } from './sample-events.js'

/** Appends of one event, one every so often: load, but not more than the disk takes. */
const INTERVAL_MS = 2

export const followLag: Row = {
  name: 'follow-lag',
  title: 'file: follow, from append to delivery, under load',
  against: 'the append itself, from call to answer',
  unit: 'times',
  goal: 2,
  aim: 1.1,
  measure: async ({ folder, scale }) => {
    const count = scale(3000)
    const store = await open(`file:${folder}/log`, { create: true })
    const called: number[] = []
    const answered: number[] = []
    const delivered: number[] = []
    const follower = (async () => {
      for await (const { position } of store.follow()) {
        delivered[position - 1] = performance.now()
        if (position === count) return
      }
    })()
    for (let i = 0; i < count; i++) {
      called[i] = performance.now()
      await store.append(sampleStream(i), sampleEvent(i))
      answered[i] = performance.now()
      await new Promise((done) => setTimeout(done, INTERVAL_MS))
    }
    await follower
    assertCount('delivered', delivered.length, count)
    await store.close()
    const appends = called.map((start, i) => (answered[i] as number) - start)
    const lags = called.map((start, i) => (delivered[i] as number) - start)
    const ratios = lags.map((lag, i) => lag / (appends[i] as number))
    return {
      ours: `${median(lags).toFixed(2)} ms`,
      bare: `${median(appends).toFixed(2)} ms`,
      value: median(ratios),
      low: quantile(ratios, 0.25),
      high: quantile(ratios, 0.75),
    }
  },
}

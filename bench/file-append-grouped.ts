/** file: append by several appenders at once, each awaiting its own: what group commit is for. Two rows. */
import { open } from '../src/index.js'
import { HandGroupCommit } from './baseline/group-commit.js'
import { time, type Timing } from './measure.js'
import { compareRates, freshNames } from './rate-row.js'
import type { Context, Figures, Row } from './row.js'
import { assertCount, handEvent, sampleEvent, sampleStream } from './sample-events.js'

/** So many appenders, each of which appends so many commits of so many events, one after the other. */
interface Load {
  readonly appenders: number
  readonly commits: number
  readonly events: number
}

export const fileAppendConcurrent: Row = {
  name: 'file-append-concurrent',
  title: 'file: append, 50 concurrent × 1',
  against: 'the same group commit written by hand',
  unit: 'ratio',
  goal: 0.6,
  aim: 0.8,
  measure: async (context) => await compareLoads(context, { appenders: 50, commits: context.scale(400), events: 1 }),
}

export const fileAppendBatches: Row = {
  name: 'file-append-batches',
  title: 'file: append, 10 × 100',
  against: 'stringify + write + one sync a group by hand',
  unit: 'ratio',
  goal: 0.6,
  aim: 0.75,
  measure: async (context) => await compareLoads(context, { appenders: 10, commits: context.scale(50), events: 100 }),
}

async function compareLoads(context: Context, load: Load): Promise<Figures> {
  const next = freshNames(context.folder)
  return await compareRates(
    { ...context, pairs: context.pairs * 4 },
    () => appendToStore(next(), load),
    () => appendByHand(next(), load),
  )
}

async function appendToStore(folder: string, load: Load): Promise<Timing> {
  const store = await open(`file:${folder}`, { create: true })
  const timing = await timeLoad(load, async (first) => {
    const events = Array.from({ length: load.events }, (_, i) => sampleEvent(first + i))
    await store.append(sampleStream(first / load.events), events)
  })
  assertCount('file:', await store.head(), timing.count)
  await store.close()
  return timing
}

async function appendByHand(path: string, load: Load): Promise<Timing> {
  const log = new HandGroupCommit(path)
  const timing = await timeLoad(load, async (first) => {
    await log.append(Array.from({ length: load.events }, (_, i) => handEvent(first + i)))
  })
  assertCount('by hand', log.close(), timing.count)
  return timing
}

/** `append` is given the index of the first event of each commit. */
async function timeLoad(
  { appenders, commits, events }: Load,
  append: (first: number) => Promise<void>,
): Promise<Timing> {
  return await time(appenders * commits * events, async () => {
    let next = 0
    const appender = async (): Promise<void> => {
      for (let commit = 0; commit < commits; commit++) await append(events * next++)
    }
    await Promise.all(Array.from({ length: appenders }, appender))
  })
}

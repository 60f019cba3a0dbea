/** file: replay through `project`, of a fold that handles all types and of one that handles one in five. Two rows. */
import { defineProjection, open, type RecordedEvent } from '../src/index.js'
import { foldFolder } from './baseline/replay.js'
import { bigLog } from './big-log.js'
import { time, type Timing } from './measure.js'
import { compareRates } from './rate-row.js'
import type { Context, Figures, Row } from './row.js'
import { assertCount, TYPES } from './sample-events.js'

interface Turnover {
  count: number
  amount: number
}

function add(turnover: Turnover, { data }: Pick<RecordedEvent, 'data'>): Turnover {
  turnover.count += 1
  turnover.amount += (data as { amount: number }).amount
  return turnover
}

function handlers(types: readonly string[]): Record<string, typeof add> {
  return Object.fromEntries(types.map((type) => [type, add]))
}

const AGAINST = 'bare read + JSON.parse of every line, and the same fold'

export const fileReplay: Row = {
  name: 'file-replay',
  title: 'file: replay through project, all types handled',
  against: AGAINST,
  unit: 'ratio',
  goal: 1,
  aim: 2,
  measure: (context) => compareReplays(context, TYPES),
}

export const fileReplaySkipping: Row = {
  name: 'file-replay-skipping',
  title: 'file: replay through project, 1 of 5 types handled',
  against: AGAINST,
  unit: 'ratio',
  goal: 1,
  aim: 2,
  measure: (context) => compareReplays(context, TYPES.slice(0, 1)),
}

async function compareReplays(context: Context, types: readonly string[]): Promise<Figures> {
  const count = context.scale(1_000_000)
  const folder = await bigLog(context.shared, count)
  const expected = foldByHand(folder, types)
  assertCount('folded by hand', expected.count, (count * types.length) / TYPES.length)
  return await compareRates(
    context,
    () => replay(folder, { count, types, expected }),
    () => time(count, () => assertCount('folded by hand', foldByHand(folder, types).count, expected.count)),
  )
}

function foldByHand(folder: string, types: readonly string[]): Turnover {
  return foldFolder(`${folder}/segments`, { initial: { count: 0, amount: 0 }, on: handlers(types) })
}

interface Replay {
  readonly count: number
  readonly types: readonly string[]
  readonly expected: Turnover
}

async function replay(folder: string, { count, types, expected }: Replay): Promise<Timing> {
  const initial = (): Turnover => ({ count: 0, amount: 0 })
  const turnover = defineProjection({ name: 'turnover', version: 1, initial, on: handlers(types) })
  const store = await open(`file:${folder}`)
  let found = initial()
  const timing = await time(count, async () => {
    found = (await store.project(turnover)).state
  })
  assertCount('folded by project', found.count, expected.count)
  if (found.amount !== expected.amount) throw new Error(`project: ${found.amount} instead of ${expected.amount}`)
  await store.close()
  return timing
}

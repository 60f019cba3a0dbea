/** Faults during recovery: the power fails again, or a call fails, while a crashed log is being opened. */
import { type CrashVariant, randomVariant } from '../crash.js'
import type { Effect } from '../faults.js'
import { Life } from '../life.js'
import { type CrashState, Moments } from '../moments.js'
import { Random } from '../random.js'
import { put, type Scenario } from '../scenario.js'
import type { Volume } from '../volume.js'
import { type Campaign, type Context, goOn, recover, resume } from './campaign.js'

const CRASHES_PER_CASE = 3
const FAILURES_PER_CASE = 2

/** A case is a moment of the scenario; which of its recoveries' moments are taken is drawn from the case's number. */
export function nestedCampaign(context: Context, scenario: Scenario, life: Life): Campaign {
  const moments = new Moments(life.recordings)
  const stateOf = (k: number): CrashState => moments.stateAt(k, (volume) => variantOf(volume, new Random(k)))
  return {
    name: `${scenario.name}: recovery is interrupted`,
    count: moments.list.length,
    describe: (k) => stateOf(k).place,
    run: async (k) => {
      const first = resume(context, scenario, stateOf(k), k)
      await first.open()
      const openingCalls = first.disk.calls
      await first.append([put('first', 'f1 f2')])
      await first.close()
      context.count(first.opened)
      await crashAgain(context, scenario, first, k)
      await failCalls(context, scenario, stateOf(k), openingCalls, k)
    },
  }
}

function variantOf(volume: Volume, random: Random): CrashVariant {
  const draw = random.below(3)
  if (draw === 0) return { rest: 'apply' }
  return draw === 1 ? { rest: 'drop' } : randomVariant(volume.pending, random)
}

async function crashAgain(context: Context, scenario: Scenario, first: Life, k: number): Promise<void> {
  const again = new Moments(first.recordings)
  for (let i = 0; i < CRASHES_PER_CASE; i++) {
    const random = new Random(k * CRASHES_PER_CASE + i)
    const state = again.stateAt(random.below(again.list.length), (volume) => variantOf(volume, random))
    await recover(context, scenario, state, k + i)
  }
}

async function failCalls(
  context: Context,
  scenario: Scenario,
  state: CrashState,
  calls: number,
  k: number,
): Promise<void> {
  const effects: readonly Effect[] = [
    { kind: 'fail' },
    { kind: 'fail' },
    { kind: 'no-space', bytes: 0 },
    { kind: 'short', bytes: 9 },
  ]
  for (let i = 0; i < FAILURES_PER_CASE; i++) {
    const nth = 1 + new Random(k * FAILURES_PER_CASE + i).below(calls)
    const fault = { effect: effects[i % effects.length] ?? { kind: 'fail' }, nth }
    const life = new Life(context.subject, scenario, k, context.mark, state, { disk: 0, fault })
    await life.open()
    life.disk.clearFaults()
    if (life.backend === undefined) await life.open()
    await life.take({ do: 'power', leaves: i % 2 === 0 ? 'lose' : 'keep' })
    await goOn(life, k + i)
    context.count(life.opened)
  }
}

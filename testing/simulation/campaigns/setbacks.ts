/** The n-th call to the disk fails, once or from then on, for every n; then the faults stop and the log is recovered. */
import { randomVariant } from '../crash.js'
import type { CallKind, Effect, Fault } from '../faults.js'
import { Life } from '../life.js'
import { Random } from '../random.js'
import type { Scenario } from '../scenario.js'
import { type Campaign, type Context, goOn } from './campaign.js'

interface Setback {
  readonly disk: number
  readonly fault: Fault
}

export function setbackCampaign(context: Context, scenario: Scenario, recorded: Life): Campaign {
  const setbacks = recorded.calls.flatMap((calls, disk) =>
    calls.flatMap((call, i) => faultsOf(call, i).map((fault): Setback => ({ disk, fault: { ...fault, nth: i + 1 } }))),
  )
  const describe = (k: number): string => JSON.stringify(setbacks[k])
  return {
    name: `${scenario.name}: a call fails`,
    count: setbacks.length,
    describe,
    run: async (k) => {
      const life = new Life(context.subject, scenario, k, context.mark, undefined, setbacks[k])
      await life.run()
      await recoverFrom(life, k)
      context.count(life.opened)
    },
  }
}

const LOOKS: ReadonlySet<CallKind> = new Set(['list', 'open', 'size', 'read'])

function faultsOf(call: CallKind, i: number): Omit<Fault, 'nth'>[] {
  const faults = effectsOf(call, i).flatMap((effect): Omit<Fault, 'nth'>[] =>
    effect.kind === 'fail' || effect.kind === 'no-space' ? [{ effect }, { effect, forever: true }] : [{ effect }],
  )
  // The many calls that only look fail once, for good, or not at all by turns.
  return LOOKS.has(call) ? faults.slice(i % 3, (i % 3) + 1) : faults
}

/** Sizes alternate from call to call: every kind of call meets each of them. */
function effectsOf(call: CallKind, i: number): Effect[] {
  const isOdd = i % 2 === 1
  switch (call) {
    case 'lock':
      return [{ kind: 'crash-after' }]
    case 'list':
    case 'open':
    case 'size':
    case 'read':
      return [{ kind: 'fail' }]
    case 'write':
      return [
        { kind: 'fail' },
        { kind: 'no-space', bytes: isOdd ? 30 : 0 },
        { kind: 'short', bytes: isOdd ? 200 : 1 },
        { kind: isOdd ? 'crash-before' : 'crash-after' },
      ]
    case 'sync':
      return [{ kind: 'fail', kept: isOdd ? 1 : 0 }, { kind: 'lie' }, { kind: isOdd ? 'crash-before' : 'crash-after' }]
    case 'create':
    case 'makeFolder':
    case 'rename':
      return [{ kind: 'fail' }, { kind: 'no-space', bytes: 0 }, { kind: 'crash-after' }]
    case 'remove':
    case 'syncFolder':
    case 'truncate':
      return [{ kind: 'fail' }, { kind: isOdd ? 'crash-before' : 'crash-after' }]
  }
}

/** The faults are over: the log is opened in one of the ways it can be left, and must have kept what it promised. */
async function recoverFrom(life: Life, turn: number): Promise<void> {
  life.disk.clearFaults()
  const random = new Random(turn)
  if (life.disk.crashed) {
    const variant = random.chance(30) ? undefined : randomVariant(life.disk.volume.pending, random)
    await life.reviveAfter(variant ?? { rest: random.pick(['apply', 'drop'] as const) })
  } else if (turn % 4 === 0) await life.open()
  else if (turn % 4 === 1) await life.take({ do: 'power', leaves: 'lose' })
  else if (turn % 4 === 2) await life.take({ do: 'power', leaves: 'keep' })
  else await life.take({ do: 'kill' })
  if (life.backend === undefined) return
  await goOn(life, turn)
  if (turn % 4 === 0) await life.take({ do: 'power', leaves: 'lose' })
}

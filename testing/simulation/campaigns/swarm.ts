/** Random lives: the seed picks which kinds of trouble there are at all, how often, and what is asked of the log. */
import type { Fault } from '../faults.js'
import type { PutSpec } from '../kv-model.js'
import { Life } from '../life.js'
import type { CommitSpec } from '../model.js'
import { Random } from '../random.js'
import { type PowerLoss, put, type Scenario, type Step, together } from '../scenario.js'
import { type Context, goOn } from './campaign.js'

type Trouble = 'power' | 'kill' | 'fail' | 'no-space' | 'short' | 'indexes' | 'crash'
const TROUBLES: readonly Trouble[] = ['power', 'kill', 'fail', 'no-space', 'short', 'indexes', 'crash']
const LEAVINGS: readonly PowerLoss[] = ['lose', 'keep', 'torn', 'grown', 'garbage']

/** @throws Violation */
export async function runSwarm(context: Context, seed: number): Promise<void> {
  const scenario = randomScenario(seed)
  const life = new Life(context.subject, scenario, seed, context.mark)
  await life.run()
  life.disk.clearFaults()
  await life.take({ do: 'power', leaves: new Random(seed).pick(LEAVINGS) })
  await goOn(life, seed)
  context.count(life.opened)
}

export function describeSwarm(seed: number): string {
  return JSON.stringify(randomScenario(seed).steps)
}

export function randomScenario(seed: number): Scenario {
  const random = new Random(seed)
  const troubles = TROUBLES.filter(() => random.chance(35))
  const hasFacets = random.chance(40)
  const steps: Step[] = []
  const length = 4 + random.below(12)
  for (let i = 0; i < length; i++) {
    steps.push(
      ...(hasFacets && random.chance(50) ? [randomFacet(random, i)] : randomSteps(random, troubles, hasFacets, i)),
    )
  }
  return {
    name: `swarm ${seed}`,
    segmentBytes: random.pick([500, 700, 1200, 3000, 100_000]),
    syncHead: random.chance(15) ? 'close' : 'idle',
    kvCompactionBytes: random.pick([1, 400, 900, 100_000]),
    steps,
  }
}

function randomSteps(random: Random, troubles: readonly Trouble[], hasFacets: boolean, i: number): Step[] {
  const draw = random.below(100)
  if (draw < 55 || troubles.length === 0) return [{ do: 'append', group: randomGroup(random, i) }]
  if (draw < 62) return [{ do: 'idle', waiting: random.chance(60) }]
  if (draw < 66) return [{ do: 'read' }]
  if (draw < 72) return [{ do: 'reopen' }]
  const write: Step =
    hasFacets && random.chance(60)
      ? randomFacet(random, 300 + i)
      : { do: 'append', group: randomGroup(random, 100 + i) }
  return troubleSteps(random, random.pick(troubles), write)
}

/** What troubles the disk, and what is written meanwhile. */
function troubleSteps(random: Random, trouble: Trouble, write: Step): Step[] {
  switch (trouble) {
    case 'power':
      return [{ do: 'power', leaves: random.pick(LEAVINGS) }]
    case 'kill':
      return [{ do: 'kill' }]
    case 'indexes':
      return [{ do: 'power', leaves: 'keep', indexes: random.pick(['deleted', 'emptied', 'outdated'] as const) }]
    case 'crash': {
      const effect = { kind: random.chance(50) ? 'crash-before' : 'crash-after' } as const
      const fault: Fault = { effect, nth: 1 + random.below(12) }
      const after: Step = random.chance(30) ? { do: 'kill' } : { do: 'power', leaves: random.pick(LEAVINGS) }
      return [{ do: 'fault', fault }, write, after]
    }
    default: {
      const where = random.chance(50) ? { path: random.pick(['segments', 'head', 'index', 'kv', 'snapshots']) } : {}
      const effect = trouble === 'fail' ? ({ kind: trouble } as const) : { kind: trouble, bytes: random.below(300) }
      const fault: Fault = {
        effect,
        nth: 1 + random.below(8),
        ...where,
        forever: trouble !== 'short' && random.chance(30),
      }
      return [
        { do: 'fault', fault },
        write,
        { do: 'healthy' },
        ...(random.chance(60) ? [{ do: 'reopen' } as const] : []),
      ]
    }
  }
}

function randomFacet(random: Random, i: number): Step {
  const draw = random.below(10)
  if (draw === 0) return { do: 'snapshot', key: random.pick(['p', 'q']), position: 1 + random.below(3) }
  if (draw === 1) {
    return { do: 'snapshot', key: random.pick(['p', 'q']), position: 1 + random.below(3), remove: true }
  }
  const puts = Array.from({ length: random.chance(60) ? 1 : 1 + random.below(4) }, (_, j) =>
    randomPut(random, `${i}${j}`),
  )
  return draw < 8 ? { do: 'put', puts } : { do: 'meanwhile', group: randomGroup(random, 200 + i), puts }
}

function randomPut(random: Random, value: string): PutSpec {
  const key = random.pick(['a', 'b', 'c', 'é'])
  const expect = random.chance(75) ? 'any' : random.pick(['new', 1, 2, 3] as const)
  return random.chance(25) ? { key, expect } : { key, expect, value, bytes: random.pick([4, 60, 200, 700]) }
}

/** Commits of a group never touch each other: each has its own ids, streams and tags. */
function randomGroup(random: Random, i: number): CommitSpec[] {
  return Array.from({ length: random.chance(70) ? 1 : 1 + random.below(3) }, (_, j) =>
    randomCommit(random, `${i}${'abc'[j]}`, j),
  )
}

function randomCommit(random: Random, id: string, j: number): CommitSpec {
  const stream = `s${j}${random.below(2)}`
  const events = Array.from({ length: random.chance(60) ? 1 : 1 + random.below(5) }, (_, k) => `${id}${k}`).join(' ')
  const commit = put(stream, events, {
    bytes: random.pick([8, 8, 60, 200, 900]),
    type: random.pick(['opened', 'closed']),
    tags: random.chance(40) ? [`k${j}:${random.below(3)}`] : [],
  })
  const draw = random.below(10)
  if (draw === 0) return { ...commit, unless: { matcher: [{ tags: [`k${j}:1`] }], after: 0 } }
  if (draw === 1)
    return {
      ...commit,
      writes: commit.writes.map((write) => ({ ...write, expect: random.pick(['new', 'exists', 1] as const) })),
    }
  return draw === 2 ? together(commit, put(`${stream}x`, `${id}x`)) : commit
}

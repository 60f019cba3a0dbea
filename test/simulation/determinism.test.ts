/** A seed is a run: the same one makes the same calls, writes the same bytes, and fails in the same way. */
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { randomScenario } from '../../testing/simulation/campaigns/swarm.js'
import { Life } from '../../testing/simulation/life.js'
import type { Scenario } from '../../testing/simulation/scenario.js'
import { SCENARIOS } from '../../testing/simulation/scenarios.js'
import { traceHash } from '../../testing/simulation/trace.js'

async function hashOf(scenario: Scenario, seed: number): Promise<string> {
  const life = new Life({ openFileBackend }, scenario, seed, () => undefined)
  await life.run()
  return `${traceHash(life.recordings)} ${JSON.stringify(life.calls)}`
}

test('every scenario makes the same calls and writes the same bytes each time', async () => {
  for (const scenario of SCENARIOS) {
    expect(await hashOf(scenario, 7), scenario.name).toBe(await hashOf(scenario, 7))
  }
})

test('random lives are repeated by their seeds, and other seeds give other lives', async () => {
  const hashes = new Set<string>()
  for (let seed = 1_000_000; seed < 1_000_040; seed++) {
    const hash = await hashOf(randomScenario(seed), seed)
    expect(await hashOf(randomScenario(seed), seed), `seed ${seed}`).toBe(hash)
    hashes.add(hash)
  }
  expect(hashes.size).toBe(40)
})

test('another seed gives a log another id, and nothing else', async () => {
  const [scenario] = SCENARIOS.filter(({ name }) => name === 'many segments')
  if (scenario === undefined) throw new Error('the scenario is gone')
  expect(await hashOf(scenario, 1)).not.toBe(await hashOf(scenario, 2))
})

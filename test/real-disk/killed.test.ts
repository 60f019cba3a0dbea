/** A writer killed with SIGKILL at random moments on a real disk, while its parent keeps account of what it was told. */
import { expect, test } from 'vitest'
import { Random } from '../../testing/simulation/random.js'
import { Appender, audit, temporaryFolder } from './child.js'

const SEED = Number(process.env['SEED'] ?? 20261120)
const ROUNDS = 20
const EVENT_BYTES = 120

test('a writer killed at any moment loses nothing that it acknowledged', { timeout: 120_000 }, async () => {
  console.log(`real disk: ${ROUNDS} writers are killed, seed ${SEED} (SEED=${SEED} repeats it)`)
  const random = new Random(SEED)
  const folder = temporaryFolder()
  const acknowledged = new Set<number>()
  const sent = new Set<number>()
  let first = 1
  let killed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const child = new Appender({ folder, segmentBytes: 6000, first, count: 5000, bytes: EVENT_BYTES })
    const enough = random.below(60)
    await child.until((messages) => messages.length > enough)
    // Somewhere inside an append, not always at the same place of it.
    await new Promise((resolve) => setTimeout(resolve, random.below(4)))
    child.process.kill('SIGKILL')
    const told = await child.end()
    expect(told.stderr).toBe('')
    if (told.signal === 'SIGKILL') killed++
    for (const commit of told.acknowledged) acknowledged.add(commit)
    for (const commit of told.sent) sent.add(commit)
    await audit(folder, EVENT_BYTES, acknowledged, sent)
    first = Math.max(0, ...sent) + 1
  }
  expect(killed, `seed ${SEED}: writers that were killed before they were done`).toBe(ROUNDS)
  expect(acknowledged.size, `seed ${SEED}`).toBeGreaterThan(ROUNDS)
})

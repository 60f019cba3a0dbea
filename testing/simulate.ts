/** `npm run sim`: replays one simulated disk state (`--seed=N`), or runs a campaign of many (`--states=N`). */
import { availableParallelism } from 'node:os'
import { openFileBackend } from '../src/backends/file/backend.js'
import { repairFolder } from '../src/backends/file/repair.js'
import { runCampaign } from './simulation/campaign.js'
import { describeFindings } from './simulation/description.js'
import { Runner } from './simulation/runner.js'

const USAGE = `npm run sim -- --seed=N                     replay one state
npm run sim -- --states=N [--from=N]        a campaign of at least N states (default 200000)
               [--workers=N] [--branches]   and the branches it took`

function numberOf(name: string): number | undefined {
  const text = process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3)
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) throw new RangeError(`--${name} is a whole number, not ${text}\n${USAGE}`)
  return Number(text)
}

async function replay(seed: number): Promise<boolean> {
  const runner = await Runner.open({ openFileBackend, repairFolder })
  runner.takeFindings()
  console.log(runner.cases.describe(seed))
  const failure = await runner.run(seed)
  const { states, branches } = runner.takeFindings()
  for (const [branch, count] of branches) console.log(`  ${count} x ${branch}`)
  console.log(failure === undefined ? `seed ${seed}: ${states} states, every invariant holds` : failure.message)
  return failure === undefined
}

async function campaign(states: number, seed: number, workers: number): Promise<boolean> {
  const startedAt = performance.now()
  let shownAt = startedAt
  const findings = await runCampaign({
    seed,
    states,
    workers,
    onProgress: (sum) => {
      if (performance.now() - shownAt < 5000) return
      shownAt = performance.now()
      console.log(`${sum.states} states, ${sum.failures.length} failures`)
    },
  })
  const showBranches = process.argv.includes('--branches')
  console.log(describeFindings(findings, (performance.now() - startedAt) / 1000, showBranches))
  return findings.failures.length === 0
}

if (process.argv.includes('--help')) console.log(USAGE)
else {
  const seed = numberOf('seed')
  const workers = numberOf('workers') ?? availableParallelism()
  const isSound =
    seed === undefined
      ? await campaign(numberOf('states') ?? 200_000, numberOf('from') ?? 0, workers)
      : await replay(seed)
  process.exitCode = isSound ? 0 : 1
}

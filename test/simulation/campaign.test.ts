/** The campaign that every run of the tests makes: every crash, tear, failure and damage of every scenario, and random lives. */
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type * as Campaign from '../../testing/simulation/campaign.js'
import { missingBranches, unlistedBranches } from '../../testing/simulation/branches.js'
import { describeFindings } from '../../testing/simulation/description.js'

const STATES = 200_000
const SEED = Number(process.env['SEED'] ?? 1)
const WORKERS = 2

/** The compiled one: its threads run compiled code. */
const COMPILED = pathToFileURL(join(import.meta.dirname, '../../dist/testing/simulation/campaign.js')).href

test(`${STATES} simulated disk states: every invariant holds after every recovery`, { timeout: 600_000 }, async () => {
  const { runCampaign } = (await import(/* @vite-ignore */ COMPILED)) as typeof Campaign
  const startedAt = performance.now()
  const findings = await runCampaign({ seed: SEED, states: STATES, workers: WORKERS })
  const description = describeFindings(findings, (performance.now() - startedAt) / 1000, false)
  console.log(`simulated disk (SEED=${SEED}): ${description}`)
  expect(findings.failures, description).toEqual([])
  expect(findings.states).toBeGreaterThanOrEqual(STATES)
  expect(missingBranches(findings.branches), 'branches that no state reached').toEqual([])
  expect(unlistedBranches(findings.branches), 'branches that testing/simulation/branches.ts does not list').toEqual([])
})

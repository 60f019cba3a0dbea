/** A campaign's findings in words. */
import { missingBranches, unlistedBranches } from './branches.js'
import type { Findings } from './report.js'

export function describeFindings(findings: Findings, seconds: number, showBranches: boolean): string {
  const { states, cases, failures, branches } = findings
  const rate = Math.round(states / seconds)
  const lines = [
    `${states} disk states in ${cases} cases, ${seconds.toFixed(1)} s, ${rate} states/s, ${branches.size} branches`,
  ]
  if (showBranches) for (const [branch, count] of [...branches].sort()) lines.push(`  ${count} x ${branch}`)
  for (const branch of missingBranches(branches)) lines.push(`never reached: ${branch}`)
  for (const branch of unlistedBranches(branches)) lines.push(`not listed: ${branch}`)
  for (const { seed, message, place } of failures) {
    lines.push(`seed ${seed}: ${message}`, `  ${place}`, `  replay: npm run sim -- --seed=${seed}`)
  }
  lines.push(failures.length === 0 ? 'every invariant holds' : `${failures.length} failures`)
  return lines.join('\n')
}

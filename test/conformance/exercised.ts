/**
 * Writes down which backends the conformance suite really met, one small file for each under
 * `node_modules/.cache/perdure/backends/`: the run's last lines are made of them.
 *
 * The name is the one the opened backend gives itself, so that a suite called `file` over a memory backend is seen.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Backend } from '../../src/index.js'

export const EXERCISED_FOLDER = join(import.meta.dirname, '../../node_modules/.cache/perdure/backends')

/** Run → how many cases were kept in it. */
type Runs = Record<string, number>

const met = new Map<string, Runs>()

/** A case of this run has been kept by this backend. */
export function noteKept(backend: Backend, run: string): void {
  const runs = met.get(backend.name) ?? {}
  runs[run] = (runs[run] ?? 0) + 1
  met.set(backend.name, runs)
}

/** Call it once, after all runs of a test file. Runs of the same backend in other files stay. */
export function writeExercised(): void {
  mkdirSync(EXERCISED_FOLDER, { recursive: true })
  for (const [backend, runs] of met) {
    const path = join(EXERCISED_FOLDER, backend)
    writeFileSync(path, JSON.stringify({ backend, runs: { ...earlierRuns(path), ...runs } }) + '\n')
  }
}

function earlierRuns(path: string): Runs {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { runs: Runs }).runs
  } catch {
    return {}
  }
}

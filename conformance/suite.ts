/** The suite: every promise becomes one test of the runner that is handed in. What is promised stands beside it. */
import assert from 'node:assert/strict'
import { Case, type BackendUnderTest, type Promises } from './case.js'
import type { Backend } from '../src/index.js'
import { durablePromises, callPromises, seamPromises, storePromises } from './promises.js'

export interface BackendSuiteOptions {
  /** Begins every title: which backend, and under what circumstances. */
  readonly name: string
  /** The runner's own: `test` of vitest, of node:test, … */
  readonly test: (title: string, run: () => Promise<void>) => unknown
  /** A new, empty log in a backend of its own; one or more for every test. */
  readonly openBackend: () => Promise<BackendUnderTest>
  /** Title → why this backend does not keep the promise (yet). Fails once the promise is kept: unlist it then. */
  readonly knownGaps?: Readonly<Record<string, string>>
  /** `false`: nothing outlives `close`, so promises about opening again are not tested. Default true. */
  readonly durable?: boolean
  /**
   * Makes appends fail now and then (`seededFaults`). It is put between the backend and the stores of the cases, which
   * repeat an append that failed with `written: 'no'`. Promises of the backend's own methods, and those that say what
   * happens to calls made in one moment, are not tested then: a repeated call is a later one.
   */
  readonly faults?: (backend: Backend) => Backend
}

/** Registers a test for each promise, and answers with their titles. */
export function testBackend(options: BackendSuiteOptions): readonly string[] {
  const { name, test, knownGaps = {}, durable = true, faults } = options
  const promises: Promises = {
    ...(faults === undefined ? { ...seamPromises, ...callPromises } : {}),
    ...storePromises,
    ...(durable ? durablePromises : {}),
  }
  for (const gap of Object.keys(knownGaps)) {
    assert.ok(gap in promises, `${name}: known gap names no promise: ${gap}`)
  }
  for (const title of Object.keys(promises)) {
    test(`${name}: ${title}`, async () => {
      const reason = knownGaps[title]
      if (reason === undefined) return await keep(promises, title, options)
      await assert.rejects(keep(promises, title, options), `the gap is closed, unlist it (it was: ${reason})`)
    })
  }
  return Object.keys(promises)
}

/** Runs the promise on a new backend; then everything that is still open is checked, closed and thrown away. */
async function keep(promises: Promises, title: string, options: BackendSuiteOptions): Promise<void> {
  const it = await Case.begin(options)
  let kept = false
  try {
    await promises[title]?.(it)
    kept = true
  } finally {
    // After a failure only clean up: the first error is the one to show.
    await it.end({ check: kept })
  }
}

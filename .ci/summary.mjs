/** Prints `N passed, N failed, N skipped` from vitest's JSON results: `node .ci/summary.mjs <file>`. No file: all 0. */
import { existsSync, readFileSync } from 'node:fs'

const path = process.argv[2]
const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }
const results = path !== undefined && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : none

// A file that could not even be loaded has no failed test in it, and is a failure all the same.
const unloaded = results.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)

const passed = results.numPassedTests
const failed = results.numFailedTests + unloaded.length
const skipped = results.numPendingTests + results.numTodoTests
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)

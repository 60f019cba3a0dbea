/** About fifty scripted lives of a log. Between them they take every way through appending, rolling, closing and opening. */
import type { Scenario } from './scenario.js'
import { APPENDING } from './scenarios/appending.js'
import { FAILING } from './scenarios/failing.js'
import { JUDGING } from './scenarios/judging.js'
import { ROLLING } from './scenarios/rolling.js'
import { VALUES } from './scenarios/values.js'

export const SCENARIOS: readonly Scenario[] = [...APPENDING, ...JUDGING, ...ROLLING, ...FAILING, ...VALUES]

/**
 * Those whose disks are also damaged at rest: between them, every kind of file and every shape of log. The others differ
 * in what is done, not in what the bytes look like. A write of theirs is torn at every so many bytes.
 */
export const THOROUGH: ReadonlyMap<string, number> = new Map([
  ['many segments', 5],
  ['groups of three commits', 1],
  ['events over several sectors', 2],
  ['a torn group at the same place twice', 1],
  ['values are compacted', 3],
  ['snapshots are taken and removed', 3],
])

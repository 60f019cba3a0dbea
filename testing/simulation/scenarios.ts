/** About fifty scripted lives of a log. Between them they take every way through appending, rolling, closing and opening. */
import type { Scenario } from './scenario.js'
import { APPENDING } from './scenarios/appending.js'
import { FAILING } from './scenarios/failing.js'
import { JUDGING } from './scenarios/judging.js'
import { ROLLING } from './scenarios/rolling.js'
import { VALUES } from './scenarios/values.js'

export const SCENARIOS: readonly Scenario[] = [...APPENDING, ...JUDGING, ...ROLLING, ...FAILING, ...VALUES]

/**
 * Those whose writes are torn at every byte, and whose disks are also damaged at rest: between them, every kind of file
 * and every shape of log. The others differ in what is done, not in what the bytes look like.
 */
export const THOROUGH: ReadonlySet<string> = new Set([
  'many segments',
  'groups of three commits',
  'events over several sectors',
  'a torn group at the same place twice',
  'values are compacted',
  'snapshots are taken and removed',
])

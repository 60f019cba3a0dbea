/** The answers of the demo's projections, computed together and compared as one value. */
import { isDeepStrictEqual } from 'node:util'
import type { Store } from '../../store.js'
import {
  changedTogether,
  contributors,
  fileTotals,
  type Among,
  type Contributor,
  type FileTotals,
} from './projections.js'

export interface Answers {
  readonly contributors: ReadonlyMap<string, Contributor>
  readonly files: ReadonlyMap<string, FileTotals>
  readonly pairs: ReadonlyMap<string, number>
}

/** Replays the log three times. */
export async function answersOf(store: Store, among: Among): Promise<Answers> {
  const who = await store.project(contributors(among))
  const what = await store.project(fileTotals(among))
  const together = await store.project(changedTogether(among))
  return { contributors: who.state, files: what.state, pairs: together.state.pairs }
}

export function sameAnswers(a: Answers, b: Answers): boolean {
  return isDeepStrictEqual(a, b)
}

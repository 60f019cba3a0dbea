/** What is wrong with current values, as errors that name the place and say what to do. */
import { PerdureError } from '../../errors.js'
import type { CorruptFacts } from './failures.js'
import type { FolderPaths } from './folder.js'
import type { Damage } from './segment-walk.js'

export const REPAIR_HINT =
  'Restore it from a copy. If there is none, perdure repair --accept-tail takes the values as they stand.'

const ALL_GONE_HINT =
  'Restore the folder kv from a copy. If there is none, perdure repair --accept-tail goes on without the current ' +
  'values and without the checkpoints of subscriptions.'

export function kvCorrupt(
  problem: string,
  facts: Omit<CorruptFacts, 'position'>,
  hint = 'Nothing has been changed. Restore the folder kv of the log from a copy. If there is none, move it away: ' +
    'perdure repair --accept-tail then goes on without the current values and the checkpoints of subscriptions.',
): PerdureError<'kv-corrupt'> {
  const where = facts.offset === undefined ? facts.path : `${facts.path} at byte ${facts.offset}`
  return new PerdureError('kv-corrupt', `${where}: ${problem}`, facts, { hint })
}

export function kvDamaged(path: string, { problem, offset, expected, found }: Damage): PerdureError<'kv-corrupt'> {
  return kvCorrupt(problem, {
    path,
    offset,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  })
}

export function fileMissing(path: string): PerdureError<'kv-corrupt'> {
  return kvCorrupt('the file of current values that its head names is missing', { path })
}

/** `hasFiles`: only the head is gone, and a repair can make it anew. */
export function kvHeadMissing({ kvHead }: FolderPaths, hasFiles: boolean): PerdureError<'head-missing'> {
  const what = hasFiles
    ? 'so what was acknowledged of the current values cannot be known'
    : 'but the head of the log says that there are current values'
  const hint = hasFiles ? REPAIR_HINT : ALL_GONE_HINT
  return new PerdureError('head-missing', `${kvHead} is missing, ${what}`, { path: kvHead }, { hint })
}

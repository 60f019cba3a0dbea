/** What the doctor says of the current values: their head, every byte that it vouches for, and the checkpoints in them. */
import { join } from 'node:path'
import type { FolderPaths } from '../../backends/file/folder.js'
import { textOf } from '../../backends/file/kv-line.js'
import { surveyKv, type KvSurvey } from '../../backends/file/kv-survey.js'
import { checkValues } from '../../backends/file/kv-verification.js'
import type { KvRecord } from '../../backends/file/kv-vouched.js'
import type { KvWalk } from '../../backends/file/kv-walk.js'
import { nodePlatform } from '../../files/node-platform.js'
import { isPerdureError } from '../../errors.js'
import { KEY_PREFIX, parseCheckpoint } from '../../subscriptions/checkpoint.js'
import { checkHistory } from '../../subscriptions/history.js'
import { grouped, plural } from '../text.js'
import { attempt, note, REMOVED_HINT, type Finding } from './finding.js'
import type { SoundLog } from './segments.js'

const { files } = nodePlatform

export interface ValuesQuestion {
  readonly paths: FolderPaths
  readonly record: KvRecord
  /** The log; undefined: it is damaged, and nobody knows. */
  readonly sound: SoundLog | undefined
  readonly isFree: boolean
}

/** @returns how many there are */
export function examineValues(problems: Finding[], notes: Finding[], question: ValuesQuestion): number {
  const { paths, record, isFree } = question
  const checked = attempt(problems, () => checkValues(files, paths, record, undefined))
  // What a live process has half done is no leftover.
  if (checked === undefined || !isFree) return checked?.values ?? 0
  const survey = attempt(problems, () => surveyKv(files, paths, record, false))
  if (survey === undefined) return checked.values
  notes.push(...leftoversOf(paths, survey), ...endOf(paths, survey))
  if (survey.walk === undefined) return checked.values
  for (const [key, place] of survey.walk.places) {
    if (key.startsWith(KEY_PREFIX)) examineCheckpoint(problems, question, survey.walk, { key, ...place })
  }
  return survey.walk.places.size
}

interface CheckpointPlace {
  readonly key: string
  readonly offset: number
  readonly bytes: number
}

/** As subscribing looks at it. */
function examineCheckpoint(
  problems: Finding[],
  { paths, sound }: ValuesQuestion,
  { bytes: all, from }: KvWalk,
  { key, offset, bytes }: CheckpointPlace,
): void {
  const text = textOf(all.toString('utf8', offset, offset + bytes))
  try {
    const checkpoint = parseCheckpoint(key, text)
    if (sound !== undefined) checkHistory(key, checkpoint, sound.last, sound.idAt(checkpoint.position))
  } catch (error) {
    if (!isPerdureError(error)) throw error
    const { code, message, facts, hint = '' } = error
    problems.push({ level: 'problem', code, message, hint, facts: { ...facts, path: paths.kvFile(from), offset } })
  }
}

function leftoversOf({ kv }: FolderPaths, { leftovers }: KvSurvey): Finding[] {
  const { unfinished, unfollowed, outdated } = leftovers
  const why: [readonly string[], string][] = [
    [unfinished, 'was being made when a process ended'],
    [unfollowed, 'was made by a compaction that a crash cut short'],
    [outdated, 'is from before a compaction'],
  ]
  return why.flatMap(([names, what]) => names.map((name) => note(`${join(kv, name)} ${what}`, REMOVED_HINT)))
}

function endOf(paths: FolderPaths, { walk, head, torn }: KvSurvey): Finding[] {
  const findings: Finding[] = []
  if (walk === undefined) return findings
  const beyond = walk.last - (head?.state.last ?? walk.last)
  if (beyond > 0) {
    const message = `${plural(beyond, 'write')} of current values beyond their head: perhaps not yet acknowledged`
    findings.push(note(message, 'Nothing to do: the next opening keeps what is whole.'))
  }
  if (torn !== undefined) {
    const path = paths.kvFile(walk.from)
    const message = `${path} ends in an unfinished write (byte ${grouped(torn.pieceOffset)}), as a crash leaves it`
    findings.push(note(message, 'Nothing to do: the next opening keeps it aside in torn/ and says so.'))
  }
  return findings
}

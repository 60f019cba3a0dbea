/** What the doctor says of what lies beside the log: snapshots, every byte of them, and current values. */
import type { FolderPaths } from '../../backends/file/folder.js'
import type { HeadState } from '../../backends/file/format.js'
import { nodePlatform } from '../../files/node-platform.js'
import { snapshotPaths, unfinishedSnapshots } from '../../backends/file/snapshot-backend.js'
import { parseFirstLine, readSnapshot } from '../../backends/file/snapshot-file.js'
import { parseSnapshot, snapshotMalformed } from '../../projections/snapshot-text.js'
import { plural } from '../text.js'
import { attempt, note, ok, REMOVED_HINT, type Finding } from './finding.js'
import type { SoundLog } from './segments.js'
import { examineValues } from './values.js'

const { files } = nodePlatform

/**
 * `head`: the log's. `sound`: undefined: the log is damaged, and nobody knows. `isFree`: nobody can be writing meanwhile.
 */
export function examineBeside(
  paths: FolderPaths,
  head: HeadState,
  sound: SoundLog | undefined,
  isFree: boolean,
): Finding[] {
  const problems: Finding[] = []
  const notes: Finding[] = []
  // Whoever has the log open may have gone on since its end was found.
  const end = isFree ? (sound?.last ?? Infinity) : Infinity
  const values = examineValues(problems, notes, { paths, record: head, sound, isFree })
  const snapshots = attempt(problems, () => snapshotPaths(files, paths)) ?? []
  for (const path of snapshots) attempt(problems, () => examineSnapshot(path, head.log, end))
  if (isFree) notes.push(...unfinishedOf(paths))
  if (problems.length > 0) return [...problems, ...notes]
  if (values + snapshots.length === 0) return notes
  const whole = `${plural(values, 'current value')} and ${plural(snapshots.length, 'snapshot')}, every byte as written`
  return [ok(whole), ...notes]
}

function unfinishedOf(paths: FolderPaths): Finding[] {
  const unfinished = attempt([], () => unfinishedSnapshots(files, paths)) ?? []
  return unfinished.map((path) => note(`${path} was being made when a process ended`, REMOVED_HINT))
}

/** As opening looks at the newest ones. @throws PerdureError `snapshot-malformed` */
function examineSnapshot(path: string, log: string, end: number): void {
  const text = readSnapshot(files, path, log)
  const place = parseFirstLine(files, path)
  parseSnapshot(text, place, path)
  if (place.position <= end) return
  const facts = { expected: end, found: place.position }
  throw snapshotMalformed(path, place, `the log ends at ${end}; it is of a longer one`, facts)
}

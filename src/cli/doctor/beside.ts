/** What the doctor says of what lies beside the log: snapshots, every byte of them, and current values. */
import type { FolderPaths } from '../../backends/file/folder.js'
import { nodePlatform } from '../../files/node-platform.js'
import { snapshotPaths } from '../../backends/file/snapshot-backend.js'
import { parseFirstLine, readSnapshot } from '../../backends/file/snapshot-file.js'
import { parseSnapshot, snapshotMalformed } from '../../projections/snapshot-text.js'
import { plural } from '../text.js'
import { attempt, ok, type Finding } from './finding.js'
import { examineValues } from './values.js'

const { files } = nodePlatform

/**
 * `log`: the log's id, as its head has it. `last`: where the log ends; undefined: it is damaged, and nobody knows.
 * `isFree`: nobody can be writing meanwhile.
 */
export function examineBeside(paths: FolderPaths, log: string, last: number | undefined, isFree: boolean): Finding[] {
  const problems: Finding[] = []
  const notes: Finding[] = []
  // Whoever has the log open may have gone on since its end was found.
  const end = isFree ? (last ?? Infinity) : Infinity
  const values = examineValues(problems, notes, { paths, log, end, isFree })
  const snapshots = attempt(problems, () => snapshotPaths(files, paths)) ?? []
  for (const path of snapshots) attempt(problems, () => examineSnapshot(path, log, end))
  if (problems.length > 0) return [...problems, ...notes]
  if (values + snapshots.length === 0) return notes
  const sound = `${plural(values, 'current value')} and ${plural(snapshots.length, 'snapshot')}, every byte as written`
  return [ok(sound), ...notes]
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

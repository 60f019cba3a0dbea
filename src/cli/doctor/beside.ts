/** What the doctor says of what lies beside the log: current values and snapshots, every byte of them. */
import type { FolderPaths } from '../../backends/file/folder.js'
import { checkValues } from '../../backends/file/kv-verification.js'
import { nodePlatform } from '../../backends/file/node-platform.js'
import { snapshotPaths } from '../../backends/file/snapshot-backend.js'
import { readSnapshot } from '../../backends/file/snapshot-file.js'
import { plural } from '../text.js'
import { attempt, ok, type Finding } from './finding.js'

const { files } = nodePlatform

/** `log`: the log's id, as its head has it. */
export function examineBeside(paths: FolderPaths, log: string): Finding[] {
  const findings: Finding[] = []
  const checked = attempt(findings, () => checkValues(files, paths, log, undefined))
  const snapshots = attempt(findings, () => snapshotPaths(files, paths)) ?? []
  for (const path of snapshots) attempt(findings, () => readSnapshot(files, path, log))
  if (findings.length > 0) return findings
  const values = checked?.values ?? 0
  if (values + snapshots.length === 0) return []
  return [ok(`${plural(values, 'current value')} and ${plural(snapshots.length, 'snapshot')}, every byte as written`)]
}

/** Makes the folder of current values what the survey found it to be, and opens it for writing. */
import { join } from 'node:path'
import { count, type BootReport } from './boot-report.js'
import type { FolderPaths } from './folder.js'
import type { HeadState } from './format.js'
import type { GroupFile, Headed } from './group-writer.js'
import { encodeHeadFile, HeadFile } from './head-file.js'
import type { KvPlace, KvSurvey, KvWalk } from './kv-survey.js'
import type { Files, Platform } from './platform.js'
import { describeTorn, keepTorn } from './settling.js'
import { createWhole, writeWhole } from './whole-write.js'

/** The current values of a log whose folder is open for writing. */
export interface OpenKv extends Headed {
  readonly places: Map<string, KvPlace>
  /** Undefined: the next put begins a file. */
  file: GroupFile | undefined
}

/** Every step may be cut short by a crash, and is then done again. Undefined: nothing was ever put. */
export function settleKv(
  platform: Platform,
  paths: FolderPaths,
  logId: string,
  survey: KvSurvey,
  boot: BootReport,
): OpenKv | undefined {
  const { files } = platform
  for (const name of survey.leftovers) files.remove(join(paths.kv, name))
  const { walk, head } = survey
  if (head === undefined && walk === undefined) {
    boot.add('current values', 'none')
    return undefined
  }
  if (walk !== undefined) settleFile(files, paths, survey, walk, boot)
  const state = walk === undefined ? emptyHead(logId) : headOf(logId, walk)
  if (head === undefined) createWhole(files, paths.kvHead, [encodeHeadFile(state)], paths.kv)
  const headFile = new HeadFile(files, paths.kvHead, head?.write ?? 1)
  try {
    // A process that died may have left the newest slot in the cache alone.
    headFile.syncNow()
    if (head !== undefined && (head.state.bytes !== state.bytes || head.tornSlot)) {
      headFile.write(state)
      headFile.syncNow()
    }
    const file = walk === undefined ? undefined : openFile(files, paths, walk)
    boot.add('current values', `${count(walk?.places.size ?? 0, 'key')}, up to revision ${state.last}`)
    return { logId, platform, headFile, head: state, places: walk?.places ?? new Map<string, KvPlace>(), file }
  } catch (error) {
    headFile.close()
    throw error
  }
}

export function emptyHead(log: string): HeadState {
  return { log, segment: 0, bytes: 0, last: 0, time: undefined, sha256: '0'.repeat(64) }
}

/** Whole groups above the head are written again, because the cache may show what the disk does not hold. */
function settleFile(files: Files, paths: FolderPaths, survey: KvSurvey, walk: KvWalk, boot: BootReport): void {
  const { torn, vouchedBytes } = survey
  if (torn !== undefined) {
    const bytes = walk.bytes.subarray(walk.offset)
    const path = keepTorn(files, paths, `kv-${walk.last + 1}`, bytes)
    boot.add('torn values', describeTorn(bytes, path, torn.problem))
  }
  if (walk.offset === vouchedBytes && torn === undefined) return
  const file = files.open(paths.kvFile(walk.from), 'write')
  try {
    writeWhole(file, walk.bytes.subarray(vouchedBytes, walk.offset), vouchedBytes)
    if (torn !== undefined) file.truncate(walk.offset)
    file.syncNow()
  } finally {
    file.close()
  }
}

function headOf(log: string, walk: KvWalk): HeadState {
  return { log, segment: walk.from, bytes: walk.offset, last: walk.last, time: undefined, sha256: walk.digest() }
}

function openFile(files: Files, paths: FolderPaths, walk: KvWalk): GroupFile {
  const path = paths.kvFile(walk.from)
  return { path, from: walk.from, file: files.open(path, 'write'), hash: walk.runningHash(), bytes: walk.offset }
}

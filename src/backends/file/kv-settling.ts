/** Makes the folder of current values what the survey found it to be, and opens it for writing. */
import { join } from 'node:path'
import { createWhole } from '../../files/whole-write.js'
import type { Files, Platform } from '../../files/platform.js'
import { count, type BootReport } from './boot-report.js'
import type { FolderPaths } from './folder.js'
import type { HeadState } from './format.js'
import type { GroupFile, Headed } from './group-writer.js'
import { encodeHeadFile, HeadFile } from './head-file.js'
import type { KvLeftovers, KvSurvey } from './kv-survey.js'
import type { KvPlace, KvWalk } from './kv-walk.js'
import { describeTorn, keepTorn, settleEnd } from './settling.js'

/** The current values of a log whose folder is open for writing. */
export interface OpenKv extends Headed {
  places: Map<string, KvPlace>
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
  const { walk, head } = survey
  if (head === undefined && walk === undefined) {
    boot.add('current values', ['none', ...removeLeftovers(files, paths, survey.leftovers)].join('; '))
    return undefined
  }
  const done = walk === undefined ? [] : settleFile(files, paths, survey, walk)
  const state = walk === undefined ? emptyHead(logId) : headOf(logId, walk)
  if (head === undefined) createWhole(files, paths.kvHead, [encodeHeadFile(state)], paths.kv)
  const headFile = new HeadFile(files, paths.kvHead, head?.write ?? 1)
  try {
    done.push(...settleHead(headFile, survey, state))
    done.push(...removeLeftovers(files, paths, survey.leftovers))
    const file = walk === undefined ? undefined : openFile(files, paths, walk)
    const values = `${count(walk?.places.size ?? 0, 'key')}, up to revision ${state.last}`
    boot.add('current values', [values, ...done].join('; '))
    return { logId, platform, headFile, head: state, places: walk?.places ?? new Map<string, KvPlace>(), file }
  } catch (error) {
    headFile.close()
    throw error
  }
}

/** Durably: an old file that came back could later be taken for the newest. What was done, in words. */
function removeLeftovers(files: Files, paths: FolderPaths, leftovers: KvLeftovers): string[] {
  const { unfinished, unfollowed, outdated } = leftovers
  const names = [...unfinished, ...unfollowed, ...outdated]
  for (const name of names) files.remove(join(paths.kv, name))
  if (names.length > 0) files.syncFolder(paths.kv)
  return [
    ...(unfinished.length > 0 ? [`${count(unfinished.length, 'unfinished file')} removed`] : []),
    ...(unfollowed.length > 0 ? ['a compacted file that the head does not name removed'] : []),
    ...(outdated.length > 0 ? ['a file from before a compaction removed'] : []),
  ]
}

function settleHead(headFile: HeadFile, { head }: KvSurvey, state: HeadState): string[] {
  // A process that died may have left the newest slot in the cache alone.
  headFile.syncNow()
  if (head === undefined) return ['the head made anew']
  const isBehind = head.state.bytes !== state.bytes
  // Whoever began the file may have failed to sync the head that names it: the disk's own head may name the one before.
  const isNewFile = state.last < state.segment
  if (!isBehind && !head.tornSlot && !isNewFile) return []
  headFile.write(state)
  headFile.syncNow()
  if (isBehind) return ['the head moved on']
  return head.tornSlot ? ['a torn slot of the head written again'] : []
}

export function emptyHead(log: string): HeadState {
  return { log, segment: 0, bytes: 0, last: 0, time: undefined, hasKv: false, sha256: '0'.repeat(64) }
}

/** What was done, in words. */
function settleFile(files: Files, paths: FolderPaths, survey: KvSurvey, walk: KvWalk): string[] {
  const { torn, vouchedBytes, head } = survey
  const done: string[] = []
  if (torn !== undefined) {
    const bytes = walk.bytes.subarray(walk.offset)
    const path = keepTorn(files, paths, `kv-${walk.last + 1}`, bytes)
    done.push(describeTorn(bytes, path, torn.problem))
  }
  if (walk.offset > vouchedBytes && head !== undefined) {
    done.push(`${count(walk.last - head.state.last, 'write')} above the head kept, written again and synced`)
  }
  settleEnd(files, paths.kvFile(walk.from), { walk, vouchedBytes, torn })
  return done
}

function headOf(log: string, walk: KvWalk): HeadState {
  const { from: segment, offset: bytes } = walk
  return { log, segment, bytes, last: walk.last, time: undefined, hasKv: false, sha256: walk.digest() }
}

function openFile(files: Files, paths: FolderPaths, walk: KvWalk): GroupFile {
  const path = paths.kvFile(walk.from)
  return { path, from: walk.from, file: files.open(path, 'write'), hash: walk.runningHash(), bytes: walk.offset }
}

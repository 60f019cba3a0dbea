/** Makes the folder what the survey found the log to be. Every step may be cut short by a crash, and is then done again. */
import { join } from 'node:path'
import { count, type BootReport } from './boot-report.js'
import { walkClosed, type IndexParts } from './folder-log.js'
import { listOf, type FolderContents, type FolderPaths } from './folder.js'
import type { HeadState } from './format.js'
import { encodeHeadFile, HeadFile, type ReadHead } from './head-file.js'
import type { Files } from '../../files/platform.js'
import type { Damage } from './segment-walk.js'
import type { Survey, WalkedSegment } from './survey.js'
import { createWhole, writeWhole } from '../../files/whole-write.js'

/** Once more: whoever made them may have died, or been refused, before their names were durable. */
export function syncFolders(files: Files, paths: FolderPaths): void {
  files.syncFolder(paths.root)
  for (const folder of [paths.segments, paths.torn, paths.kv])
    if (listOf(files, folder) !== undefined) files.syncFolder(folder)
}

export function removeUnfinished(files: Files, { unfinished }: FolderContents, boot: BootReport): void {
  for (const path of unfinished) files.remove(path)
  boot.add('leftovers', unfinished.length === 0 ? 'none' : `${count(unfinished.length, 'unfinished file')} removed`)
}

/** Copies a broken end before it is cut, durably: it may be all that is left of something. */
export function setTornAside(files: Files, paths: FolderPaths, survey: Survey, boot: BootReport): string | undefined {
  const torn = survey.walked.find((segment) => segment.torn !== undefined)
  if (torn?.torn === undefined) {
    boot.add('torn end', 'none')
    return undefined
  }
  const bytes = torn.walk.bytes.subarray(torn.walk.offset)
  const path = keepTorn(files, paths, String(torn.walk.last + 1), bytes)
  boot.add('torn end', describeTorn(bytes, path, torn.torn.problem))
  return path
}

/** Keeps the bytes under this name in the folder of torn ends, durably; or under one like it. */
export function keepTorn(files: Files, paths: FolderPaths, name: string, bytes: Buffer): string {
  const names = listOf(files, paths.torn)
  if (names === undefined) {
    files.makeFolder(paths.torn)
    files.syncFolder(paths.root)
  }
  const path = join(paths.torn, freeName(names ?? [], name))
  createWhole(files, path, [bytes], paths.torn)
  return path
}

export function describeTorn(bytes: Buffer, path: string, problem: string): string {
  return `${bytes.length} bytes set aside in ${path}: ${problem}; no acknowledgement of it is on record`
}

function freeName(taken: readonly string[], name: string): string {
  for (let i = 0; ; i++) {
    const candidate = i === 0 ? name : `${name}.${i}`
    if (!taken.includes(candidate)) return candidate
  }
}

/** A file of groups that was walked to the end. */
export interface WalkedEnd {
  readonly walk: { readonly bytes: Buffer; readonly offset: number }
  readonly vouchedBytes: number
  readonly torn: Damage | undefined
}

/**
 * Makes durable what stands above the head: after a failed sync the cache may show what the disk does not hold, so whole
 * groups are written again, and the broken end is cut off.
 */
export function settleEnd(files: Files, path: string, { walk, vouchedBytes, torn }: WalkedEnd): void {
  if (walk.offset === vouchedBytes && torn === undefined) return
  const file = files.open(path, 'write')
  try {
    writeWhole(file, walk.bytes.subarray(vouchedBytes, walk.offset), vouchedBytes)
    if (torn !== undefined) file.truncate(walk.offset)
    file.syncNow()
  } finally {
    file.close()
  }
}

/** Makes durable what stands above the head in the segments. Returns those that remain. */
export function settleWalked(files: Files, paths: FolderPaths, survey: Survey, boot: BootReport): WalkedSegment[] {
  const remaining: WalkedSegment[] = []
  let groups = 0
  for (const segment of survey.walked) {
    const { walk, groupsAbove } = segment
    groups += groupsAbove
    if (walk.offset === 0) {
      // Not even its header is whole: nothing was ever written to it.
      files.remove(paths.segment(walk.from))
      files.syncFolder(paths.segments)
      continue
    }
    remaining.push(segment)
    settleEnd(files, paths.segment(walk.from), segment)
  }
  if (remaining.length > 0) files.syncFolder(paths.segments)
  boot.add(
    'above the head',
    groups === 0 ? 'nothing' : `${count(groups, 'whole group')} kept, written again and synced`,
  )
  return remaining
}

export function settleHead(
  log: IndexParts,
  read: ReadHead | undefined,
  survey: Survey,
  walked: readonly WalkedSegment[],
  hasKv: boolean,
  boot: BootReport,
): { file: HeadFile; state: HeadState } {
  const { files } = log.platform
  const { paths } = log
  const last = walked.at(-1)?.walk
  const state: HeadState =
    last === undefined
      ? { ...(read as ReadHead).state, hasKv }
      : {
          log: log.logId,
          segment: last.from,
          bytes: last.offset,
          last: last.last,
          time: lastTime(log, read?.state, survey, walked),
          sha256: last.digest(),
          hasKv,
        }
  if (read === undefined) createWhole(files, paths.head, [encodeHeadFile(state)], paths.root)
  const file = new HeadFile(files, paths.head, read?.write ?? 1)
  try {
    // A process that died may have left the newest slot in the cache alone.
    file.syncNow()
    const moved = read !== undefined && (state.segment !== read.state.segment || state.bytes !== read.state.bytes)
    const saysOther = read !== undefined && read.state.hasKv !== hasKv
    if (moved || saysOther || read?.tornSlot === true) {
      file.write(state)
      file.syncNow()
    }
    const other = saysOther ? `says now that there are ${hasKv ? '' : 'no '}current values` : 'as it was'
    boot.add('head at rest', moved ? `moved on to position ${state.last}` : other)
  } catch (error) {
    file.close()
    throw error
  }
  return { file, state }
}

/** When the last event was recorded. The newest segment may not hold one yet. */
function lastTime(
  log: IndexParts,
  head: HeadState | undefined,
  survey: Survey,
  walked: readonly WalkedSegment[],
): string | undefined {
  const withEvents = walked.findLast(({ walk }) => walk.index.events > 0)
  if (withEvents !== undefined) return withEvents.walk.index.lastTime
  const before = survey.closed.at(-1)
  if (before === undefined || before.last === head?.last) return head?.time
  return walkClosed(log, before.from).index.lastTime
}

/**
 * Opening a folder for writing: first decides what is the log, and only then changes anything, so that a refusal leaves
 * every file as it was. The order is that of docs/format.md.
 */
import { dirname, join } from 'node:path'
import { isPerdureError, PerdureError } from '../../errors.js'
import { createUuid } from '../../ids.js'
import type { BootStep } from '../protocol.js'
import { codeOf, diskFull, isMissing, isOutOfSpace, messageOf } from './failures.js'
import { FilePool } from './file-pool.js'
import {
  closeFiles,
  rebuildIndex,
  toSegment,
  walkClosed,
  writeIndex,
  type FolderLog,
  type IndexParts,
} from './folder-log.js'
import { FolderPaths, listOf, lookInto, missing, unwritable, type FolderContents } from './folder.js'
import { parseHeader, OWN_LINE_SIZE_MAX_BYTES, type Extent, type HeadState } from './format.js'
import { encodeHeadFile, HeadFile, readHead, type ReadHead } from './head-file.js'
import { IndexFile } from './index-file.js'
import { PageCache } from './page-cache.js'
import type { OpenIndex } from './open-index.js'
import type { File, Files, Platform } from './platform.js'
import { IndexDamaged } from './segment-index.js'
import { surveySegments, type Survey, type WalkedSegment } from './survey.js'
import { readStart } from './whole-read.js'
import { createWhole, writeWhole } from './whole-write.js'

export interface OpenFolderOptions {
  readonly folder: string
  readonly platform: Platform
  readonly create: boolean
  /** Make a head for a log that has lost it. */
  readonly acceptTail: boolean
}

export interface OpenedFolder {
  readonly log: FolderLog
  readonly boot: readonly BootStep[]
  /** Where a broken end was set aside. */
  readonly setAside: string | undefined
  /** There was no valid head; it was made from what the segments hold. */
  readonly headMade: boolean
}

/**
 * @throws PerdureError `store-missing`, `store-foreign`, `store-unwritable`, `store-locked`, `format-newer`,
 * `head-missing`, `log-corrupt`, `disk-full`, `backend-failed`
 */
export function openFolder(options: OpenFolderOptions): OpenedFolder {
  const { platform, folder, create } = options
  const { files } = platform
  const paths = new FolderPaths(folder)
  // Before anything is locked or made: a folder that is not ours is not touched.
  const seen = lookInto(files, paths)
  if (seen === undefined && !create) throw missing(folder, 'does not exist')
  if (seen?.isNew === true && !create) throw missing(folder, 'is empty')
  let unlock: (() => void) | undefined
  try {
    if (seen === undefined) makeFolders(files, folder)
    unlock = takeLock(files, paths)
    return openLocked(options, paths, unlock)
  } catch (error) {
    unlock?.()
    throw asPerdureError(error, folder)
  }
}

function openLocked(options: OpenFolderOptions, paths: FolderPaths, unlock: () => void): OpenedFolder {
  const { platform, acceptTail } = options
  const { files } = platform
  const boot = new BootReport()
  // Again, now that nobody else can change it.
  let contents = lookInto(files, paths) as FolderContents
  if (contents.isNew) {
    // Whoever made the folder may have died before its name was durable.
    files.syncFolder(dirname(paths.root))
    createHead(platform, paths)
    contents = lookInto(files, paths) as FolderContents
    boot.add('folder', 'made a new log')
  } else {
    boot.add('folder', `a log of ${count(contents.segments.length, 'segment')}`)
  }
  boot.add('lock', 'taken')
  const read = acceptTail ? readHeadIfValid(files, paths) : readHead(files, paths.head)
  if (read === undefined && !acceptTail) throw headMissing(paths)
  boot.add('head', describeHead(read))
  const logId = read?.state.log ?? logIdOfSegments(files, paths, contents)
  const survey = surveySegments(files, paths, logId, contents.segments, read?.state, (from, before) =>
    restoreIndex(platform, paths, logId, from, before),
  )
  boot.add('segments', `${survey.closed.length} by header and footer, ${survey.walked.length} byte by byte`)

  const log = { logId, platform, paths, pool: new FilePool(files), cache: new PageCache() }
  const closed = findIndexes(log, survey)

  // From here on files are changed.
  syncFolders(files, paths)
  removeUnfinished(files, contents, boot)
  const setAside = setTornAside(files, paths, survey, boot)
  const walked = settleWalked(files, paths, survey, boot)
  const head = settleHead(log, read, survey, walked, boot)
  const opened: FolderLog = { ...log, headFile: head.file, segments: [], open: undefined, head: head.state, unlock }
  try {
    loadSegments(opened, closed, walked, boot)
  } catch (error) {
    closeFiles(opened)
    throw error
  }
  return { log: opened, boot: boot.steps, setAside, headMade: read === undefined }
}

class BootReport {
  readonly steps: BootStep[] = []

  add(step: string, found: string): void {
    this.steps.push({ step, found })
  }
}

function takeLock(files: Files, paths: FolderPaths): () => void {
  let unlock: (() => void) | undefined
  try {
    unlock = files.lock(paths.lock)
  } catch (error) {
    throw unwritable(paths.root, error)
  }
  if (unlock !== undefined) return unlock
  throw new PerdureError(
    'store-locked',
    `${paths.root} is open for writing in another process`,
    { path: paths.root },
    {
      hint: 'Close it there first. A process that was killed holds no lock; one that is stopped does.',
    },
  )
}

/** With missing parents, each name made durable. */
function makeFolders(files: Files, folder: string): void {
  try {
    files.makeFolder(folder)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (!isMissing(error) || dirname(folder) === folder) throw error
    makeFolders(files, dirname(folder))
    files.makeFolder(folder)
  }
  files.syncFolder(dirname(folder))
}

/** The last step of making a store: before it there is none, after it there is one. */
function createHead(platform: Platform, paths: FolderPaths): void {
  const { files } = platform
  const log = createUuid((bytes) => platform.random(bytes))
  const state = { log, segment: 0, bytes: 0, last: 0, time: undefined, sha256: '0'.repeat(64) }
  createWhole(files, paths.head, [encodeHeadFile(state)], paths.root)
}

function headMissing(paths: FolderPaths): PerdureError<'head-missing'> {
  return new PerdureError(
    'head-missing',
    `${paths.head} is missing, so what was acknowledged cannot be known`,
    { path: paths.head },
    {
      hint: 'Restore it from a copy. If there is none, perdure repair --accept-tail takes the log as it stands and records that.',
    },
  )
}

/** For a repair, which makes a head anew where there is no valid one. */
function readHeadIfValid(files: Files, paths: FolderPaths): ReadHead | undefined {
  try {
    return readHead(files, paths.head)
  } catch (error) {
    if (isPerdureError(error) && error.code === 'log-corrupt') return undefined
    throw error
  }
}

function describeHead(read: ReadHead | undefined): string {
  if (read === undefined) return 'missing; made anew from the segments'
  const torn = read.tornSlot ? '; one slot was torn, the other counts' : ''
  return `position ${read.state.last}${torn}`
}

function logIdOfSegments(files: Files, paths: FolderPaths, { segments }: FolderContents): string {
  const first = segments[0]
  if (first === undefined) throw headMissing(paths)
  const text = readStart(files, paths.segment(first), OWN_LINE_SIZE_MAX_BYTES).toString('latin1')
  const header = parseHeader(text.slice(0, Math.max(0, text.indexOf('\n'))))
  if (header === undefined) throw headMissing(paths)
  return header.log
}

/** Copies a broken end before it is cut, durably: it may be all that is left of something. */
function setTornAside(files: Files, paths: FolderPaths, survey: Survey, boot: BootReport): string | undefined {
  const torn = survey.walked.find((segment) => segment.torn !== undefined)
  if (torn?.torn === undefined) {
    boot.add('torn end', 'none')
    return undefined
  }
  const bytes = torn.walk.bytes.subarray(torn.walk.offset)
  const names = listOf(files, paths.torn)
  if (names === undefined) {
    files.makeFolder(paths.torn)
    files.syncFolder(paths.root)
  }
  const path = join(paths.torn, freeName(names ?? [], String(torn.walk.last + 1)))
  createWhole(files, path, [bytes], paths.torn)
  boot.add(
    'torn end',
    `${bytes.length} bytes set aside in ${path}: ${torn.torn.problem}; no acknowledgement of it is on record`,
  )
  return path
}

function freeName(taken: readonly string[], name: string): string {
  for (let i = 0; ; i++) {
    const candidate = i === 0 ? name : `${name}.${i}`
    if (!taken.includes(candidate)) return candidate
  }
}

/**
 * Makes durable what stands above the head: after a failed sync the cache may show what the disk does not hold, so whole
 * groups are written again, and the broken end is cut off. Returns the segments that remain.
 */
function settleWalked(files: Files, paths: FolderPaths, survey: Survey, boot: BootReport): WalkedSegment[] {
  const remaining: WalkedSegment[] = []
  let groups = 0
  for (const segment of survey.walked) {
    const { walk, vouchedBytes, torn, groupsAbove } = segment
    groups += groupsAbove
    if (walk.offset === 0) {
      // Not even its header is whole: nothing was ever written to it.
      files.remove(paths.segment(walk.from))
      files.syncFolder(paths.segments)
      continue
    }
    remaining.push(segment)
    if (walk.offset === vouchedBytes && torn === undefined) continue
    const file = files.open(paths.segment(walk.from), 'write')
    try {
      writeWhole(file, walk.bytes.subarray(vouchedBytes, walk.offset), vouchedBytes)
      if (torn !== undefined) file.truncate(walk.offset)
      file.syncNow()
    } finally {
      file.close()
    }
  }
  if (remaining.length > 0) files.syncFolder(paths.segments)
  boot.add(
    'above the head',
    groups === 0 ? 'nothing' : `${count(groups, 'whole group')} kept, written again and synced`,
  )
  return remaining
}

function settleHead(
  log: IndexParts,
  read: ReadHead | undefined,
  survey: Survey,
  walked: readonly WalkedSegment[],
  boot: BootReport,
): { file: HeadFile; state: HeadState } {
  const { files } = log.platform
  const { paths } = log
  const last = walked.at(-1)?.walk
  const state: HeadState =
    last === undefined
      ? (read as ReadHead).state
      : {
          log: log.logId,
          segment: last.from,
          bytes: last.offset,
          last: last.last,
          time: lastTime(log, read?.state, survey, walked),
          sha256: last.digest(),
        }
  if (read === undefined) createWhole(files, paths.head, [encodeHeadFile(state)], paths.root)
  const file = new HeadFile(files, paths.head, read?.write ?? 1)
  try {
    // A process that died may have left the newest slot in the cache alone.
    file.syncNow()
    const moved = read !== undefined && (state.segment !== read.state.segment || state.bytes !== read.state.bytes)
    if (moved || read?.tornSlot === true) {
      file.write(state)
      file.syncNow()
    }
    if (moved) boot.add('head', `moved on to position ${state.last}`)
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

function removeUnfinished(files: Files, { unfinished }: FolderContents, boot: BootReport): void {
  for (const path of unfinished) files.remove(path)
  if (unfinished.length > 0) boot.add('leftovers', `${count(unfinished.length, 'unfinished file')} removed`)
}

interface IndexedSegment {
  readonly from: number
  /** Undefined: to be built again. */
  readonly index: IndexFile | undefined
}

/** Looks for the indexes of closed segments. One that has none must be whole: better refused now than after changes. */
function findIndexes(log: IndexParts, survey: Survey): IndexedSegment[] {
  return survey.closed.map(({ from, bytes, contentDigest }) => {
    const index = loadIndex(log, from, { bytes, sha256: contentDigest })
    if (index === undefined) walkClosed(log, from)
    return { from, index }
  })
}

/** Once more: whoever made them may have died, or been refused, before their names were durable. */
function syncFolders(files: Files, paths: FolderPaths): void {
  files.syncFolder(paths.root)
  for (const folder of [paths.segments, paths.torn]) if (listOf(files, folder) !== undefined) files.syncFolder(folder)
}

function loadSegments(
  log: FolderLog,
  closed: readonly IndexedSegment[],
  walked: readonly WalkedSegment[],
  boot: BootReport,
): void {
  let rebuilt = 0
  for (const { from, index } of closed) {
    if (index === undefined) rebuilt++
    log.segments.push(toSegment(log, from, index ?? rebuildIndex(log, from)))
  }
  for (const { walk } of walked) {
    const segment = toSegment(log, walk.from, walk.index)
    log.segments.push(segment)
    if (walk.isClosed) {
      const extent = { bytes: walk.offset, sha256: walk.contentDigest() }
      const loaded = loadIndex(log, walk.from, extent)
      if (loaded === undefined) rebuilt++
      segment.replaceIndex(loaded ?? writeIndex(log, walk.from, walk.index, extent.sha256) ?? walk.index)
    } else {
      log.open = {
        segment,
        index: walk.index,
        file: log.platform.files.open(segment.path, 'write'),
        hash: walk.runningHash(),
        bytes: walk.offset,
      }
    }
  }
  boot.add('indexes', rebuilt === 0 ? 'all there' : `${count(rebuilt, 'index', 'indexes')} built again`)
}

/** The index of the open segment as the last close left it, if the segment is still what it was then. */
function restoreIndex(
  { files }: Platform,
  paths: FolderPaths,
  logId: string,
  from: number,
  before: Extent,
): OpenIndex | undefined {
  let file: File | undefined
  try {
    const opened = (file = files.open(paths.indexOf(from), 'read'))
    return IndexFile.load(() => opened, logId, from, before, new PageCache())?.restore()
  } catch (error) {
    if (error instanceof IndexDamaged || codeOf(error) !== '') return undefined
    throw error
  } finally {
    file?.close()
  }
}

function loadIndex(log: IndexParts, from: number, extent: { bytes: number; sha256: string }): IndexFile | undefined {
  try {
    return IndexFile.load(() => log.pool.get(log.paths.indexOf(from)), log.logId, from, extent, log.cache)
  } catch (error) {
    // Disposable: whatever keeps it from being read, it is built again.
    if (codeOf(error) !== '') return undefined
    throw error
  }
}

function asPerdureError(error: unknown, folder: string): unknown {
  if (isPerdureError(error) || codeOf(error) === '') return error
  if (['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error))) return unwritable(folder, error)
  if (isOutOfSpace(error)) return diskFull(folder, error)
  return new PerdureError(
    'backend-failed',
    `opening ${folder} failed: ${messageOf(error)}`,
    { operation: 'open', path: folder },
    {
      cause: error,
      hint: 'Check the disk and its mount, then open again: what was acknowledged is unharmed.',
    },
  )
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`
}

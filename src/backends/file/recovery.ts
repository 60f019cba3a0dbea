/**
 * Opening a folder for writing: first decides what is the log, and only then changes anything, so that a refusal leaves
 * every file as it was. The order is that of docs/format.md.
 */
import { dirname } from 'node:path'
import { isPerdureError, PerdureError } from '../../errors.js'
import { createUuid } from '../../ids.js'
import type { BootStep } from '../protocol.js'
import { BootReport, count } from './boot-report.js'
import { codeOf, isOutOfSpace, messageOf } from '../../files/codes.js'
import { makeFolders } from '../../files/folders.js'
import { diskFull } from './failures.js'
import { FilePool } from './file-pool.js'
import { closeFiles, type FolderLog, type IndexParts } from './folder-log.js'
import { FolderPaths, lookInto, missing, unwritable, type FolderContents } from './folder.js'
import { OWN_LINE_SIZE_MAX_BYTES, parseHeader } from './format.js'
import { encodeHeadFile, readHead, type ReadHead } from './head-file.js'
import { findIndexes, loadSegments, restoreIndex } from './index-loading.js'
import { settleKv, type OpenKv } from './kv-settling.js'
import { surveyKv, type KvSurvey } from './kv-survey.js'
import { PageCache } from './page-cache.js'
import type { Files, Platform } from '../../files/platform.js'
import { removeUnfinishedSnapshots } from './snapshot-backend.js'
import { removeUnfinished, setTornAside, settleHead, settleWalked, syncFolders } from './settling.js'
import { surveySegments, type Survey } from './survey.js'
import { readStart } from './whole-read.js'
import { createWhole } from '../../files/whole-write.js'

export interface OpenFolderOptions {
  readonly folder: string
  readonly platform: Platform
  readonly create: boolean
  /** Make a head for a log that has lost it. */
  readonly acceptTail: boolean
}

export interface OpenedFolder {
  readonly log: FolderLog
  /** Undefined: no current value was ever put. */
  readonly kv: OpenKv | undefined
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
  boot.add('lock', 'held by this process')
  const read = acceptTail ? readHeadIfValid(files, paths) : readHead(files, paths.head)
  if (read === undefined && !acceptTail) throw headMissing(paths)
  boot.add('head', describeHead(read))
  const logId = read?.state.log ?? logIdOfSegments(files, paths, contents)
  const survey = surveySegments(files, paths, logId, contents.segments, read?.state, (from, before) =>
    restoreIndex(platform, paths, logId, from, before),
  )
  boot.add('segments', `${survey.closed.length} by header and footer, ${survey.walked.length} byte by byte`)

  const kv = surveyKv(files, paths, { log: logId, hasKv: read?.state.hasKv ?? false }, acceptTail)

  const log = { logId, platform, paths, pool: new FilePool(files), cache: new PageCache() }
  try {
    return openFound(log, { read, survey, kv, contents, unlock, boot })
  } catch (error) {
    log.pool.closeAll()
    throw error
  }
}

/** What is decided before anything is changed. */
interface Found {
  readonly read: ReadHead | undefined
  readonly survey: Survey
  readonly kv: KvSurvey
  readonly contents: FolderContents
  readonly unlock: () => void
  readonly boot: BootReport
}

function openFound(log: IndexParts, { read, survey, kv, contents, unlock, boot }: Found): OpenedFolder {
  const { paths } = log
  const { files } = log.platform
  const closed = findIndexes(log, survey)

  // From here on files are changed.
  syncFolders(files, paths)
  removeUnfinished(files, contents, boot)
  removeUnfinishedSnapshots(files, paths)
  const setAside = setTornAside(files, paths, survey, boot)
  const walked = settleWalked(files, paths, survey, boot)
  const hasKv = kv.head !== undefined || kv.walk !== undefined
  const head = settleHead(log, read, survey, walked, hasKv, boot)
  const opened: FolderLog = { ...log, headFile: head.file, segments: [], open: undefined, head: head.state, unlock }
  try {
    loadSegments(opened, closed, walked, boot)
    const openKv = settleKv(log.platform, paths, log.logId, kv, boot)
    const headMade = read === undefined || (kv.head === undefined && (hasKv || read.state.hasKv))
    return { log: opened, kv: openKv, boot: boot.steps, setAside, headMade }
  } catch (error) {
    closeFiles(opened)
    throw error
  }
}

function takeLock(files: Files, paths: FolderPaths): () => void {
  const unlock = tryLock(files, paths)
  if (unlock !== undefined) return unlock
  throw new PerdureError(
    'store-locked',
    `${paths.root} is open already, here or in another process`,
    { path: paths.root },
    {
      hint: 'Close it there first. A process that was killed holds no lock; one that is stopped does.',
    },
  )
}

function tryLock(files: Files, paths: FolderPaths): (() => void) | undefined {
  try {
    return files.lock(paths.lock)
  } catch (error) {
    if (codeOf(error) !== 'ENOLCK') throw error
    throw new PerdureError(
      'backend-failed',
      messageOf(error),
      { operation: 'lock', path: paths.lock },
      {
        cause: error,
        hint: `If ${paths.lock} is not a lock file, or is damaged: make sure that no process has the log open, then move it away; opening makes a new one.`,
      },
    )
  }
}

/** The last step of making a store: before it there is none, after it there is one. */
function createHead(platform: Platform, paths: FolderPaths): void {
  const { files } = platform
  const log = createUuid((bytes) => platform.random(bytes))
  const state = { log, segment: 0, bytes: 0, last: 0, time: undefined, hasKv: false, sha256: '0'.repeat(64) }
  createWhole(files, paths.head, [encodeHeadFile(state)], paths.root)
}

export function headMissing(paths: FolderPaths): PerdureError<'head-missing'> {
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

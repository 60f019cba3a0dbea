/**
 * Examines the folder of a file store, from the outside in. Judges with the very functions that opening uses, so that
 * it says what opening would say; and changes nothing.
 */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FolderPaths, listOf, lookInto, missing, type FolderContents } from '../../backends/file/folder.js'
import { LOCK_NAME, parseSegmentName, SEGMENTS_NAME, type HeadState } from '../../backends/file/format.js'
import { UNFINISHED } from '../../files/whole-write.js'
import { readHead } from '../../backends/file/head-file.js'
import { nodePlatform } from '../../files/node-platform.js'
import { codeOf, messageOf } from '../../files/codes.js'
import { isPerdureError, type ErrorCode } from '../../errors.js'
import { grouped, plural, shellQuoted } from '../text.js'
import { examineBeside } from './beside.js'
import type { Stretch } from './blocks.js'
import { attempt, note, ok, problem, REMOVED_HINT, type Finding } from './finding.js'
import { examineEvidence, examineMissing } from './indexes.js'
import { examineSegments, type SegmentsExamined } from './segments.js'

const { files } = nodePlatform

export interface Examination {
  readonly findings: readonly Finding[]
  /** Where something is damaged: the positions that are not, as `[first, last]`, in order. */
  readonly whole?: readonly Stretch[]
}

/** Everything there is to say about the folder. A problem further out hides what is further in. */
export function examineFolder(folder: string): Examination {
  const findings: Finding[] = []
  const paths = new FolderPaths(folder)
  const contents = attempt(findings, () => contentsOf(paths))
  if (contents === undefined) return { findings }
  const lock = takeLock(paths)
  let segments: SegmentsExamined = {}
  try {
    findings.push(lock.finding, ...examineAccess(paths))
    const head = attempt(findings, () => examineHead(findings, paths, contents))
    // What a later version has written is for that version to judge.
    if (head !== undefined) segments = examineSegments(findings, paths, contents, head.state)
    if (head?.state !== undefined) findings.push(...examineBeside(paths, head.state, segments.sound, lock.isFree))
  } finally {
    lock.release()
  }
  findings.push(
    ...examineMissing(paths, contents),
    ...examineEvidence(paths, indexesIn(paths)),
    ...examineTorn(paths),
    ...examineNames(paths, contents),
  )
  const { whole } = segments
  return { findings, ...(whole !== undefined && { whole }) }
}

/** What shows that something was lost, whatever a repair then accepts. */
export function evidenceOfLoss(folder: string): readonly string[] {
  const paths = new FolderPaths(folder)
  return examineEvidence(paths, indexesIn(paths)).map(({ message }) => message)
}

/** The first positions of the segments that have an index, also where the segment is gone. */
function indexesIn(paths: FolderPaths): number[] {
  const names = attempt([], () => listOf(files, paths.index)) ?? []
  return names.flatMap((name) => {
    const from = /^(\d{16})\.index$/.exec(name)?.[1]
    return from === undefined ? [] : [Number(from)]
  })
}

/** @throws PerdureError `store-missing`, `store-foreign` */
function contentsOf(paths: FolderPaths): FolderContents {
  const contents = lookInto(files, paths)
  if (contents === undefined) throw missing(paths.root, 'does not exist')
  if (contents.isNew) throw missing(paths.root, 'is empty: no log has begun in it')
  return contents
}

/** Held during the examination, so that nobody writes meanwhile. Without a lock file nobody has ever opened the log. */
function takeLock(paths: FolderPaths): { readonly finding: Finding; readonly isFree: boolean; release(): void } {
  const nothing = { isFree: false, release: () => undefined }
  const free = ok('no process has the log open')
  if (!existsSync(paths.lock) || !isWritable(paths.lock)) return { finding: free, ...nothing, isFree: true }
  let release
  try {
    release = files.lock(paths.lock)
  } catch (error) {
    return { finding: badLock(paths, error), ...nothing }
  }
  if (release !== undefined) return { finding: free, isFree: true, release }
  const hint = 'Wait for it, or end it. No file needs removing: the lock ends with the process.'
  return { finding: problem('store-locked', 'a live process has the log open', hint), ...nothing }
}

const LOCK_CODES: Readonly<Record<string, ErrorCode>> = { EACCES: 'store-unwritable', ENOSPC: 'disk-full' }

/** Opening fails with the same code. A lock file holds nothing that anybody needs, but it may be in use. */
function badLock({ lock }: FolderPaths, error: unknown): Finding {
  const cause = error instanceof Error ? error.cause : undefined
  const isFolder = statSync(lock).isDirectory()
  const isForeign = isFolder || ['SQLITE_NOTADB', 'SQLITE_CORRUPT'].includes(codeOf(cause))
  const what = isFolder ? 'is a folder, not a lock file' : 'is not a lock file, or is damaged'
  const hint = isForeign
    ? `Make sure that no process has the log open, then move ${lock} away: opening makes a new one.`
    : 'Check the disk and its mount, and that its file system locks files.'
  const message = `${lock} ${isForeign ? `${what}: the log cannot be locked` : `cannot be locked: ${messageOf(cause)}`}`
  const code = LOCK_CODES[codeOf(error)] ?? 'backend-failed'
  return { ...problem(code, message, hint), facts: { path: lock, found: messageOf(cause) } }
}

function examineAccess(paths: FolderPaths): Finding[] {
  return [paths.root, paths.head, paths.lock, paths.segments, paths.index]
    .filter((path) => existsSync(path) && !isWritable(path))
    .map((path) => problem('store-unwritable', `${path} cannot be written by this user`, 'Change its owner or mode.'))
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** The head, if there is one worth believing; nothing at all if it is of a later format. */
function examineHead(
  findings: Finding[],
  paths: FolderPaths,
  contents: FolderContents,
): { readonly state: HeadState | undefined } {
  const head = contents.hasHead ? readHeadIfWhole(findings, paths) : undefined
  if (head === undefined) {
    if (!contents.hasHead) {
      const message = `${paths.head} is missing: how far the log was acknowledged is not on record`
      findings.push(problem('head-missing', message, repairHint(paths)))
    }
    return { state: undefined }
  }
  const { last, time, log } = head.state
  const when = time === undefined ? '' : `, recorded ${time}`
  findings.push(ok(`the head is at position ${grouped(last)}${when}; the log's id is ${log}`))
  if (head.tornSlot) {
    const hint = 'Nothing to do: a crash interrupts a write of the head now and then, which is why there are two slots.'
    findings.push(note('one of the two slots of the head is not valid; the other one counts', hint))
  }
  return { state: head.state }
}

/** @throws PerdureError `format-newer` */
function readHeadIfWhole(findings: Finding[], paths: FolderPaths): ReturnType<typeof readHead> {
  try {
    return readHead(files, paths.head)
  } catch (error) {
    if (!isPerdureError(error) || error.code !== 'log-corrupt') throw error
    const { code, message, facts } = error
    findings.push({ ...problem(code, message, repairHint(paths)), facts })
    return undefined
  }
}

function repairHint({ root }: FolderPaths): string {
  return (
    `Restore it from a copy. If there is none, and the log can be trusted to be whole as it is: ` +
    `perdure repair --accept-tail --store ${shellQuoted(`file:${root}`)}`
  )
}

function examineTorn(paths: FolderPaths): Finding[] {
  return [...(listOf(files, paths.torn) ?? [])].sort().map((name) => {
    const path = join(paths.torn, name)
    const place = name.replace(/^kv-(\d+).*/, 'revision $1').replace(/^(\d+).*/, 'position $1')
    const message = `${path} holds ${plural(statSync(path).size, 'byte')} that a crash left where ${place} would have come`
    return note(message, 'No acknowledgement of it is on record. Look at it, and remove the file when you have.')
  })
}

function examineNames(paths: FolderPaths, { unfinished }: FolderContents): Finding[] {
  const leftovers = unfinished.map((path) => note(`${path} was being made when a process ended`, REMOVED_HINT))
  const own = new Set([paths.head, paths.lock, paths.segments, paths.index, paths.torn, paths.kv, paths.snapshots])
  const strangers = [
    ...files
      .list(paths.root)
      .map((name) => join(paths.root, name))
      .filter((path) => !own.has(path)),
    ...(listOf(files, paths.segments) ?? [])
      .filter((name) => parseSegmentName(name) === undefined)
      .map((name) => join(paths.root, SEGMENTS_NAME, name)),
  ].filter((path) => !path.endsWith(UNFINISHED) && !path.startsWith(join(paths.root, `${LOCK_NAME}-`)))
  return [...leftovers, ...strangers.map((path) => note(`${path} is no part of a log`, 'It does no harm here.'))]
}

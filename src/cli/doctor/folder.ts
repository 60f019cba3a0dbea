/**
 * Examines the folder of a file store, from the outside in. Judges with the very functions that opening uses, so that
 * it says what opening would say; and changes nothing.
 */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { FolderPaths, listOf, lookInto, missing, type FolderContents } from '../../backends/file/folder.js'
import {
  LOCK_NAME,
  parseHeader,
  parseSegmentName,
  SEGMENTS_NAME,
  UNFINISHED,
  type HeadState,
} from '../../backends/file/format.js'
import { readHead } from '../../backends/file/head-file.js'
import { nodePlatform } from '../../backends/file/node-platform.js'
import { SegmentWalk } from '../../backends/file/segment-walk.js'
import { surveySegments, type Survey } from '../../backends/file/survey.js'
import { codeOf, corrupt, messageOf } from '../../backends/file/failures.js'
import type { ErrorCode } from '../../errors.js'
import { grouped, plural } from '../text.js'
import { attempt, note, ok, problem, type Finding } from './finding.js'

const { files } = nodePlatform

/** Everything there is to say about the folder. A problem further out hides what is further in. */
export function examineFolder(folder: string): readonly Finding[] {
  const findings: Finding[] = []
  const paths = new FolderPaths(folder)
  const contents = attempt(findings, () => contentsOf(paths))
  if (contents === undefined) return findings
  const lock = takeLock(paths)
  try {
    findings.push(lock.finding, ...examineAccess(paths))
    const head = attempt(findings, () => examineHead(findings, paths, contents))
    // Without a head worth believing, its own problem says all that can be said.
    if (head !== undefined || !contents.hasHead) examineSegments(findings, paths, contents, head)
  } finally {
    lock.release()
  }
  findings.push(...examineIndexes(paths, contents), ...examineTorn(paths), ...examineNames(paths, contents))
  return findings
}

/** @throws PerdureError `store-missing`, `store-foreign` */
function contentsOf(paths: FolderPaths): FolderContents {
  const contents = lookInto(files, paths)
  if (contents === undefined) throw missing(paths.root, 'does not exist')
  if (contents.isNew) throw missing(paths.root, 'is empty: no log has begun in it')
  return contents
}

/** Held during the examination, so that nobody writes meanwhile. Without a lock file nobody has ever opened the log. */
function takeLock(paths: FolderPaths): { readonly finding: Finding; release(): void } {
  const nothing = { release: () => undefined }
  const free = ok('no process has the log open')
  if (!existsSync(paths.lock) || !isWritable(paths.lock)) return { finding: free, ...nothing }
  let release
  try {
    release = files.lock(paths.lock)
  } catch (error) {
    return { finding: badLock(paths, error), ...nothing }
  }
  if (release !== undefined) return { finding: free, release }
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

/** @throws PerdureError `log-corrupt`, `format-newer` */
function examineHead(findings: Finding[], paths: FolderPaths, contents: FolderContents): HeadState | undefined {
  const head = contents.hasHead ? readHead(files, paths.head) : undefined
  if (head === undefined) {
    const message = `${paths.head} is missing: how far the log was acknowledged is not on record`
    const hint =
      `Restore it from a copy. If there is none, and the log can be trusted to be whole as it is: ` +
      `perdure repair --accept-tail --store file:${paths.root}`
    findings.push(problem('head-missing', message, hint))
    return undefined
  }
  const { last, time, log } = head.state
  const when = time === undefined ? '' : `, recorded ${time}`
  findings.push(ok(`the head is at position ${grouped(last)}${when}; the log's id is ${log}`))
  if (head.tornSlot) {
    const hint = 'Nothing to do: a crash interrupts a write of the head now and then, which is why there are two slots.'
    findings.push(note('one of the two slots of the head is not valid; the other one counts', hint))
  }
  return head.state
}

function examineSegments(
  findings: Finding[],
  paths: FolderPaths,
  { segments }: FolderContents,
  head: HeadState | undefined,
): void {
  const log = head?.log ?? logOf(paths, segments)
  const survey = attempt(findings, () => surveySegments(files, paths, log, segments, head))
  if (survey === undefined) return
  const before = findings.length
  for (const { from } of survey.closed) attempt(findings, () => walkWhole(paths, log, from))
  if (findings.length > before) return
  findings.push(...describeSurvey(paths, survey, head))
}

/** The log that the first segment says it belongs to, when there is no head to say it. */
function logOf(paths: FolderPaths, [first]: readonly number[]): string {
  if (first === undefined) return ''
  const text = readFileSync(paths.segment(first), 'latin1')
  return parseHeader(text.slice(0, text.indexOf('\n')))?.log ?? ''
}

/** Opening only looks at the ends of closed segments; here every mark and hash is checked. */
function walkWhole(paths: FolderPaths, log: string, from: number): void {
  const path = paths.segment(from)
  const bytes = readFileSync(path)
  const walk = new SegmentWalk(bytes, log, from)
  const damage = walk.header() ?? walk.takeUpTo(bytes.length, false)
  if (damage !== undefined) throw corrupt(damage.problem, { path, ...damage })
}

function describeSurvey(paths: FolderPaths, { closed, walked }: Survey, head: HeadState | undefined): Finding[] {
  const count = closed.length + walked.length
  const last = walked.at(-1)?.walk.last ?? closed.at(-1)?.last ?? 0
  const findings = [ok(`${plural(count, 'segment')}: every mark and hash agrees up to position ${grouped(last)}`)]
  if (head !== undefined && last > head.last) {
    const message = `${plural(last - head.last, 'event')} beyond the head: written, perhaps not yet acknowledged`
    findings.push(note(message, 'Nothing to do: the next opening keeps what is whole.'))
  }
  for (const { walk, torn } of walked) {
    if (torn === undefined) continue
    const message = `${paths.segment(walk.from)} ends in an unfinished write (byte ${grouped(torn.pieceOffset)}), as a crash leaves it`
    findings.push(note(message, 'Nothing to do: the next opening keeps it aside in torn/ and says so.'))
  }
  return findings
}

function examineIndexes(paths: FolderPaths, { segments }: FolderContents): Finding[] {
  const missingIndexes = segments.filter((from) => !existsSync(paths.indexOf(from))).length
  if (missingIndexes === 0) return []
  const message = `${grouped(missingIndexes)} of ${plural(segments.length, 'segment')} without an index`
  return [note(message, 'Nothing to do: it is made again when the log is opened, and no answer depends on it.')]
}

function examineTorn(paths: FolderPaths): Finding[] {
  return [...(listOf(files, paths.torn) ?? [])].sort().map((name) => {
    const path = join(paths.torn, name)
    const position = /^\d+/.exec(name)?.[0] ?? name
    const message = `${path} holds ${plural(statSync(path).size, 'byte')} that a crash left where position ${position} would have come`
    return note(message, 'No acknowledgement of it is on record. Look at it, and remove the file when you have.')
  })
}

function examineNames(paths: FolderPaths, { unfinished }: FolderContents): Finding[] {
  const leftovers = unfinished.map((path) =>
    note(`${path} was being made when a process ended`, 'Nothing to do: the next opening removes it.'),
  )
  const own = new Set([paths.head, paths.lock, paths.segments, paths.index, paths.torn])
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

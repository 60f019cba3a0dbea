/** Looks at the folder of current values and decides what of it is true. Reads only. */
import type { Files } from '../../files/platform.js'
import { UNFINISHED } from '../../files/whole-write.js'
import { listOf, type FolderPaths } from './folder.js'
import { HEAD_NAME, parseSegmentName, segmentName, type HeadState } from './format.js'
import type { ReadHead } from './head-file.js'
import { fileMissing, kvCorrupt, kvDamaged } from './kv-failures.js'
import { checkVouched, readKvHead, type KvRecord } from './kv-vouched.js'
import { KvWalk } from './kv-walk.js'
import type { Damage } from './segment-walk.js'
import { findMarkAfter } from './survey.js'
import { readWhole } from './whole-read.js'

const UNFINISHED_FILE = /^\d{16}\.ndjson\.new$/

export interface KvSurvey {
  /** Undefined: nothing was ever put. */
  readonly head: ReadHead | undefined
  /** Of the file that the head names, or without a head of the newest one; undefined: there is none. */
  readonly walk: KvWalk | undefined
  /** Up to where the head vouches for it. */
  readonly vouchedBytes: number
  readonly torn: Damage | undefined
  /** Names in the folder of what is not needed any more, or never was. */
  readonly leftovers: KvLeftovers
}

export interface KvLeftovers {
  /** Were being made. */
  readonly unfinished: readonly string[]
  /** Made by a compaction that did not get as far as the head; what they hold is in the file that the head names. */
  readonly unfollowed: readonly string[]
  /** Left behind by a compaction. */
  readonly outdated: readonly string[]
}

/**
 * With `acceptTail` a head that is missing or unreadable is no refusal: nothing is then vouched for.
 *
 * @throws PerdureError `kv-corrupt`, `head-missing`, `format-newer`, `backend-failed`
 */
export function surveyKv(files: Files, paths: FolderPaths, record: KvRecord, acceptTail: boolean): KvSurvey {
  const head = readKvHead(files, paths, record, acceptTail)
  const names = listOf(files, paths.kv) ?? []
  const found = names.map(parseSegmentName).filter((from) => from !== undefined)
  const from = head?.state.segment ?? Math.max(0, ...found)
  for (const other of found) if (other > from) checkUnfollowed(files, paths, record.log, other)
  const leftovers = {
    unfinished: names.filter(isUnfinished),
    unfollowed: found.filter((other) => other > from).map(segmentName),
    outdated: found.filter((other) => other < from).map(segmentName),
  }
  if (from === 0) return { head, walk: undefined, vouchedBytes: 0, torn: undefined, leftovers }
  if (!found.includes(from)) throw fileMissing(paths.kvFile(from))
  return { head, leftovers, ...walkFile(files, paths.kvFile(from), record.log, from, head?.state) }
}

/** A head that does not know a file with puts of its own is an old copy of the head: then nothing may be removed. */
function checkUnfollowed(files: Files, paths: FolderPaths, log: string, from: number): void {
  const path = paths.kvFile(from)
  const walk = new KvWalk(readWhole(files, path), log, from)
  let damage = walk.header()
  while (damage === undefined && walk.offset < walk.bytes.length) damage = walk.takePiece(false)
  if (walk.last < from) return
  throw kvCorrupt('a newer file of current values than the head knows', {
    path: paths.kvHead,
    expected: `file ${from}, up to revision ${walk.last}`,
    found: 'an older head',
  })
}

function isUnfinished(name: string): boolean {
  return name === HEAD_NAME + UNFINISHED || UNFINISHED_FILE.test(name)
}

function walkFile(
  files: Files,
  path: string,
  log: string,
  from: number,
  head: HeadState | undefined,
): Pick<KvSurvey, 'walk' | 'vouchedBytes' | 'torn'> {
  const walk = new KvWalk(readWhole(files, path), log, from)
  const vouchedBytes = head?.bytes ?? 0
  if (head !== undefined) checkVouched(walk, head, path)
  const damage = walk.takeUpTo(vouchedBytes, true)
  if (damage !== undefined) throw kvDamaged(path, damage)
  if (head !== undefined && walk.last !== head.last) {
    throw kvCorrupt('the head names another revision', { path, expected: head.last, found: walk.last })
  }
  while (walk.offset < walk.bytes.length) {
    const torn = walk.takePiece(false)
    if (torn === undefined) continue
    if (findMarkAfter(walk.bytes, torn) !== undefined) throw kvDamaged(path, torn)
    return { walk, vouchedBytes, torn }
  }
  return { walk, vouchedBytes, torn: undefined }
}

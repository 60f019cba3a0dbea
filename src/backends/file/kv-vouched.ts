/** What the head of the current values vouches for: the head itself, and its file up to there. */
import { isPerdureError } from '../../errors.js'
import { isMissing } from '../../files/codes.js'
import type { Files } from '../../files/platform.js'
import { listOf, type FolderPaths } from './folder.js'
import { parseSegmentName, type HeadState } from './format.js'
import { readHead, type ReadHead } from './head-file.js'
import { fileMissing, kvCorrupt, kvDamaged, kvHeadMissing, REPAIR_HINT } from './kv-failures.js'
import { KvWalk } from './kv-walk.js'
import { readRange } from './whole-read.js'

/** How often the file may be compacted away between two looks. */
const ATTEMPTS_MAX = 10

/** What the log's own head says of its current values. */
export type KvRecord = Pick<HeadState, 'log' | 'hasKv'>

/** Looks at the head and the file it names; again, if a living writer has moved on between the two. */
export function lookWhileWritten<T>(paths: FolderPaths, look: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return look()
    } catch (error) {
      // The file that the head named may be gone by the time it is opened: then the head names another.
      const isGone = isPerdureError(error) && isMissing(error.cause)
      if (attempt < ATTEMPTS_MAX && (isGone || isBeingWritten(error, paths))) continue
      throw isGone ? fileMissing(paths.kv) : error
    }
  }
}

/** The head may be met while it is written, or made, and is found whole a moment later. */
function isBeingWritten(error: unknown, { kvHead }: FolderPaths): boolean {
  if (!isPerdureError(error)) return false
  return error.code === 'head-missing' || (error.code === 'kv-corrupt' && error.facts.path === kvHead)
}

/**
 * Undefined: nothing was ever put; or there is no head that can be read, and `acceptTail` says to go on without.
 *
 * @throws PerdureError `kv-corrupt`, `head-missing`, `format-newer`, `backend-failed`
 */
export function readKvHead(
  files: Files,
  paths: FolderPaths,
  { log, hasKv }: KvRecord,
  acceptTail: boolean,
): ReadHead | undefined {
  const head = readIfValid(files, paths, acceptTail)
  if (head === undefined) {
    if (acceptTail) return undefined
    const hasFiles = (listOf(files, paths.kv) ?? []).some((name) => parseSegmentName(name) !== undefined)
    if (hasFiles || hasKv) throw kvHeadMissing(paths, hasFiles)
    return undefined
  }
  if (head.state.log === log) return head
  throw kvCorrupt('the head of the current values is that of another log', {
    path: paths.kvHead,
    expected: log,
    found: head.state.log,
  })
}

function readIfValid(files: Files, paths: FolderPaths, acceptTail: boolean): ReadHead | undefined {
  try {
    return readHead(files, paths.kvHead)
  } catch (error) {
    if (!isPerdureError(error) || error.code !== 'log-corrupt') throw error
    if (acceptTail) return undefined
    throw kvCorrupt('neither slot of the head is valid', { path: paths.kvHead, offset: 0 }, REPAIR_HINT)
  }
}

/**
 * What the head vouches for, and no more. Reads on where `known` has come to, if it is of the same file. Undefined: no
 * file has been begun. After an error `known` is of no use any more.
 */
export function readVouched(files: Files, paths: FolderPaths, { state }: ReadHead, known?: KvWalk): KvWalk | undefined {
  if (state.segment === 0) return undefined
  const path = paths.kvFile(state.segment)
  const isSame = known?.from === state.segment && known.offset <= state.bytes
  const read = (from: number): Buffer => readRange(files, path, from, state.bytes - from)
  const walk = isSame ? known : new KvWalk(read(0), state.log, state.segment)
  if (isSame) walk.extend(read(walk.bytes.length))
  checkVouched(walk, state, path)
  const damage = walk.takeUpTo(state.bytes, true)
  if (damage !== undefined) throw kvDamaged(path, damage)
  return walk
}

/** What the head vouches for must be there, byte for byte. */
export function checkVouched(walk: KvWalk, head: HeadState, path: string): void {
  const { length } = walk.bytes
  if (length < head.bytes) {
    const facts = { path, offset: length, expected: `${head.bytes} bytes`, found: `${length} bytes` }
    throw kvCorrupt('the file is shorter than its head says', facts)
  }
  const found = walk.digestUpTo(head.bytes)
  if (found === head.sha256) return
  throw kvCorrupt('the bytes are not those that were acknowledged', { path, offset: 0, expected: head.sha256, found })
}

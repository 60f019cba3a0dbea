/** A complete check of the current values: their head, and every byte that it vouches for. */
import { isPerdureError } from '../../errors.js'
import { isMissing } from '../../files/codes.js'
import { listOf, type FolderPaths } from './folder.js'
import { HEAD_NAME, parseSegmentName, type HeadState } from './format.js'
import { fileMissing, headMissing, kvCorrupt, readKvHead, readVouched } from './kv-survey.js'
import type { Files } from '../../files/platform.js'

/** How often the file may be compacted away between two looks. */
const ATTEMPTS_MAX = 10

export interface CheckedValues {
  readonly values: number
  readonly valueBytes: number
}

/**
 * `known`: what this process has written last; undefined: nothing, or somebody else writes.
 *
 * @throws PerdureError as `surveyKv`
 */
export function checkValues(
  files: Files,
  paths: FolderPaths,
  log: string,
  known: HeadState | undefined,
): CheckedValues {
  for (let attempt = 1; ; attempt++) {
    try {
      return checkOnce(files, paths, log, known)
    } catch (error) {
      const isGone = isPerdureError(error) && isMissing(error.cause)
      if (!isGone) throw error
      if (attempt === ATTEMPTS_MAX || known !== undefined) {
        throw fileMissing(paths.kv)
      }
    }
  }
}

function checkOnce(files: Files, paths: FolderPaths, log: string, known: HeadState | undefined): CheckedValues {
  const names = listOf(files, paths.kv) ?? []
  const head = names.includes(HEAD_NAME) ? readKvHead(files, paths, log, false) : undefined
  if (head === undefined) {
    if (known !== undefined || names.some((name) => parseSegmentName(name) !== undefined)) throw headMissing(paths)
    return { values: 0, valueBytes: 0 }
  }
  if (known !== undefined && (head.state.bytes !== known.bytes || head.state.sha256 !== known.sha256)) {
    throw kvCorrupt('the head on disk is not the one that was written last', {
      path: paths.kvHead,
      expected: `revision ${known.last}`,
      found: `revision ${head.state.last}`,
    })
  }
  const walk = readVouched(files, paths, log, head)
  return { values: walk?.places.size ?? 0, valueBytes: head.state.bytes }
}

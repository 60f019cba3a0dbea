/** A complete check of the current values: their head, and every byte that it vouches for. */
import type { Files } from '../../files/platform.js'
import type { FolderPaths } from './folder.js'
import type { HeadState } from './format.js'
import { kvCorrupt, kvHeadMissing } from './kv-failures.js'
import { lookWhileWritten, readKvHead, readVouched, type KvRecord } from './kv-vouched.js'

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
  record: KvRecord,
  known: HeadState | undefined,
): CheckedValues {
  return lookWhileWritten(paths, () => {
    const head = readKvHead(files, paths, record, false)
    if (head === undefined) {
      if (known !== undefined) throw kvHeadMissing(paths, false)
      return { values: 0, valueBytes: 0 }
    }
    if (known !== undefined && (head.state.bytes !== known.bytes || head.state.sha256 !== known.sha256)) {
      throw kvCorrupt('the head on disk is not the one that was written last', {
        path: paths.kvHead,
        expected: `revision ${known.last}`,
        found: `revision ${head.state.last}`,
      })
    }
    const walk = readVouched(files, paths, head)
    return { values: walk?.places.size ?? 0, valueBytes: head.state.bytes }
  })
}

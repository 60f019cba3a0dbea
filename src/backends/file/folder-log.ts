/** What an open folder is made of: its files, its segments, and the place where writing goes on. */
import { codeOf } from '../../files/codes.js'
import type { FilePool } from './file-pool.js'
import type { FolderPaths } from './folder.js'
import type { GroupFile, Headed } from './group-writer.js'
import { encodeIndex } from './index-encoding.js'
import { IndexFile } from './index-file.js'
import type { OpenIndex } from './open-index.js'
import type { PageCache } from './page-cache.js'
import type { Platform } from '../../files/platform.js'
import { readWhole } from './whole-read.js'
import { damaged, SegmentWalk } from './segment-walk.js'
import { Segment } from './segment.js'
import { createWhole } from '../../files/whole-write.js'

/** The segment that is being written. */
export interface OpenSegment extends GroupFile {
  readonly segment: Segment
  readonly index: OpenIndex
  /** The index on disk, if there is one, is not of all of it. */
  indexChanged: boolean
}

/** A log whose folder is open for writing. */
export interface FolderLog extends Headed {
  readonly paths: FolderPaths
  readonly pool: FilePool
  readonly cache: PageCache
  /** In order. */
  readonly segments: Segment[]
  /** Undefined: the next append begins a segment. */
  open: OpenSegment | undefined
  readonly unlock: () => void
}

/** What of a log it takes to look after its indexes. */
export type IndexParts = Pick<FolderLog, 'logId' | 'platform' | 'paths' | 'pool' | 'cache'>

/** A segment that can be read, with this index or the one built again if that is damaged. */
export function toSegment(log: IndexParts, from: number, index: Segment['index']): Segment {
  const path = log.paths.segment(from)
  return new Segment({ path, from, index, file: () => log.pool.get(path), rebuild: () => walkClosed(log, from).index })
}

/**
 * Reads a closed segment whole and checks it against its own footer.
 *
 * @throws PerdureError `log-corrupt`, `backend-failed`
 */
export function walkClosed(log: IndexParts, from: number): SegmentWalk {
  const path = log.paths.segment(from)
  const bytes = readWhole(log.platform.files, path)
  const walk = new SegmentWalk(bytes, log.logId, from)
  const damage = walk.header() ?? walk.takeUpTo(bytes.length, false)
  if (damage !== undefined) throw damaged(path, damage)
  return walk
}

/** The index of a closed segment, built from its bytes and written. */
export function rebuildIndex(log: IndexParts, from: number): Segment['index'] {
  const walk = walkClosed(log, from)
  return writeIndex(log, from, walk.index, walk.contentDigest()) ?? walk.index
}

/** Writes the index of a segment; the one in memory can then be let go. Not synced: what is lost is built again. */
export function writeIndex(
  log: IndexParts,
  from: number,
  index: OpenIndex,
  contentDigest: string,
): IndexFile | undefined {
  const path = log.paths.indexOf(from)
  const { files } = log.platform
  if (!exists(files, log.paths.index)) files.makeFolder(log.paths.index)
  try {
    createWhole(files, path, encodeIndex(index, log.logId, from, contentDigest), undefined)
  } catch (error) {
    // Somebody's folder stands there: it is not ours to remove, and the index does as well in memory.
    if (['EISDIR', 'ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) return undefined
    throw error
  }
  log.pool.drop(path)
  log.cache.drop(`${from}/`)
  const extent = { bytes: index.blocks.bytes, sha256: contentDigest }
  return IndexFile.load(() => log.pool.get(path), log.logId, from, extent, log.cache)
}

function exists(files: Platform['files'], folder: string): boolean {
  try {
    files.list(folder)
    return true
  } catch {
    return false
  }
}

/** Closes the files, not the lock. */
export function closeFiles(log: FolderLog): void {
  log.open?.file.close()
  log.headFile.close()
  log.pool.closeAll()
}

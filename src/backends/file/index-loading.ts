/** The indexes of a log that is being opened: found, restored, or built again. */
import { count, type BootReport } from './boot-report.js'
import { codeOf } from '../../files/codes.js'
import { rebuildIndex, toSegment, walkClosed, writeIndex, type FolderLog, type IndexParts } from './folder-log.js'
import type { FolderPaths } from './folder.js'
import type { Extent } from './format.js'
import { IndexFile } from './index-file.js'
import type { OpenIndex } from './open-index.js'
import { PageCache } from './page-cache.js'
import type { File, Platform } from '../../files/platform.js'
import { IndexDamaged } from './segment-index.js'
import type { Survey, WalkedSegment } from './survey.js'

export interface IndexedSegment {
  readonly from: number
  /** Undefined: to be built again. */
  readonly index: IndexFile | undefined
}

/** Looks for the indexes of closed segments. One that has none must be whole: better refused now than after changes. */
export function findIndexes(log: IndexParts, survey: Survey): IndexedSegment[] {
  return survey.closed.map(({ from, bytes, contentDigest }) => {
    const index = loadIndex(log, from, { bytes, sha256: contentDigest })
    if (index === undefined) walkClosed(log, from)
    return { from, index }
  })
}

/** The index of the open segment as the last close left it, if the segment is still what it was then. */
export function restoreIndex(
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

export function loadSegments(
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
      if (!walk.isIndexed && walk.index.events > 0) rebuilt++
      log.open = {
        segment,
        index: walk.index,
        path: segment.path,
        from: walk.from,
        file: log.platform.files.open(segment.path, 'write'),
        hash: walk.runningHash(),
        bytes: walk.offset,
        indexChanged: !walk.isIndexed,
      }
    }
  }
  boot.add('indexes', rebuilt === 0 ? 'all there' : `${count(rebuilt, 'index', 'indexes')} built again`)
}

/** Undefined: there is none that can be used. */
export function loadIndex(
  log: IndexParts,
  from: number,
  extent: { bytes: number; sha256: string },
): IndexFile | undefined {
  try {
    return IndexFile.load(() => log.pool.get(log.paths.indexOf(from)), log.logId, from, extent, log.cache)
  } catch (error) {
    // Disposable: whatever keeps it from being read, it is built again.
    if (codeOf(error) !== '') return undefined
    throw error
  }
}

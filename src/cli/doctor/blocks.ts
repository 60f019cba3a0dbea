/** Which lines of a damaged segment are still what was written: by the checksums of its blocks, which reading compares. */
import { crc32 } from 'node:zlib'
import type { FolderPaths } from '../../backends/file/folder.js'
import { OWN_LINE_SIZE_MAX_BYTES, parseFooter, type Extent, type HeadState } from '../../backends/file/format.js'
import { IndexFile } from '../../backends/file/index-file.js'
import { nodePlatform } from '../../files/node-platform.js'
import { PageCache } from '../../backends/file/page-cache.js'
import { IndexDamaged, type SegmentIndex } from '../../backends/file/segment-index.js'
import type { File } from '../../files/platform.js'
import { codeOf } from '../../files/codes.js'

/** From one position to another, both of them included. */
export type Stretch = readonly [first: number, last: number]

/**
 * The positions in blocks that are not what was written, as stretches in order. Undefined: the segment has no index that
 * could tell.
 */
export function damagedBlocks(
  paths: FolderPaths,
  log: string,
  from: number,
  bytes: Buffer,
  head: HeadState | undefined,
): Stretch[] | undefined {
  const extent = head?.segment === from ? head : footerExtent(bytes)
  return extent && withIndex(paths, log, from, extent, (index) => compareBlocks(index, from, bytes))
}

/** What the segment's footer says stands before it, and how long that makes the segment. */
function footerExtent(bytes: Buffer): Pick<Extent, 'bytes' | 'sha256'> | undefined {
  const end = bytes.toString('latin1', Math.max(0, bytes.length - OWN_LINE_SIZE_MAX_BYTES))
  const footer = parseFooter(end.slice(end.lastIndexOf('\n', end.length - 2) + 1, -1))
  return footer && { bytes: bytes.length, sha256: footer.sha256 }
}

function withIndex<T>(
  paths: FolderPaths,
  log: string,
  from: number,
  extent: Pick<Extent, 'bytes' | 'sha256'>,
  ask: (index: SegmentIndex) => T,
): T | undefined {
  let file: File | undefined
  try {
    const opened = (file = nodePlatform.files.open(paths.indexOf(from), 'read'))
    const index = IndexFile.load(() => opened, log, from, extent, new PageCache())
    return index && ask(index)
  } catch (error) {
    if (error instanceof IndexDamaged || codeOf(error) !== '') return undefined
    throw error
  } finally {
    file?.close()
  }
}

function compareBlocks({ blocks, events }: SegmentIndex, from: number, bytes: Buffer): Stretch[] {
  const damaged: Stretch[] = []
  for (let i = 0; i < blocks.length; i++) {
    const { offset, end, firstLine, crc32: expected } = blocks.at(i)
    if (end <= bytes.length && crc32(bytes.subarray(offset, end)) === expected) continue
    const nextLine = i + 1 < blocks.length ? blocks.at(i + 1).firstLine : events
    // A block may hold no line: a header, or a footer.
    if (nextLine > firstLine) damaged.push([from + firstLine, from + nextLine - 1])
  }
  return damaged
}

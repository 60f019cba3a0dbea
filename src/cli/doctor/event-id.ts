/** The id of one event of a log in which nothing is damaged. */
import type { FolderPaths } from '../../backends/file/folder.js'
import { readWhole } from '../../backends/file/whole-read.js'
import { nodePlatform } from '../../files/node-platform.js'
import { scanEnvelope } from '../../log/line.js'

const NEWLINE = 10

/** `segments`: their first positions, in order. Undefined: nothing is recorded at that position. */
export function eventIdAt(paths: FolderPaths, segments: readonly number[], position: number): string | undefined {
  const from = segments.findLast((first) => first <= position)
  if (from === undefined) return undefined
  const bytes = readWhole(nodePlatform.files, paths.segment(from))
  // Only lines of events begin so, and no line has a newline in it.
  const start = bytes.indexOf(`\n{"position":${position},`) + 1
  if (start === 0) return undefined
  return scanEnvelope(bytes.toString('utf8', start, bytes.indexOf(NEWLINE, start))).id
}

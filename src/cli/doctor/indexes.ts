/** The indexes of a folder: disposable, but a broken one is worth knowing, and an old one remembers how long a segment was. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import type { FolderContents, FolderPaths } from '../../backends/file/folder.js'
import { encodeIndex } from '../../backends/file/index-encoding.js'
import { HEADER_SIZE_BYTES } from '../../backends/file/index-layout.js'
import type { SegmentWalk } from '../../backends/file/segment-walk.js'
import { grouped, plural } from '../text.js'
import { note, type Finding } from './finding.js'

const NO_ANSWER = 'Nothing to do: no answer depends on it, and perdure verify --boot makes it again.'

/** An index is a function of its segment: made again, it must come out the same. The same comparison as `verify`'s. */
export function examineIndex(
  findings: Finding[],
  paths: FolderPaths,
  log: string,
  walk: SegmentWalk,
  isNewest: boolean,
): void {
  const path = paths.indexOf(walk.from)
  const found = readIfThere(path)
  if (found === undefined) return
  // Then it is not the index that is to blame: see examineEvidence.
  if ((statementOf(found)?.bytes ?? 0) > walk.bytes.length) return
  const expected = Buffer.concat(encodeIndex(walk.index, log, walk.from, walk.contentDigest()))
  if (expected.equals(found)) return
  const why = isNewest ? 'of an earlier state, or broken' : 'broken'
  findings.push({ ...note(`${path} is not the index of its segment: ${why}`, NO_ANSWER), code: 'index-damaged' })
}

export function examineMissing(paths: FolderPaths, { segments }: FolderContents): Finding[] {
  const missing = segments.filter((from) => !existsSync(paths.indexOf(from))).length
  if (missing === 0) return []
  return [note(`${grouped(missing)} of ${plural(segments.length, 'segment')} without an index`, NO_ANSWER)]
}

/** What shows that a segment was longer once than it is now, or was there at all. */
export function examineEvidence(paths: FolderPaths, indexes: readonly number[]): Finding[] {
  return indexes.flatMap((from) => {
    const made = statementOf(readIfThere(paths.indexOf(from)))
    const path = paths.segment(from)
    const bytes = existsSync(path) ? statSync(path).size : 0
    if (made === undefined || made.bytes <= bytes) return []
    const held = `${grouped(made.bytes)} bytes with ${plural(made.events, 'event')}`
    const message = `${path} held ${held} when its index was made, and has ${grouped(bytes)} bytes now: some of it is lost`
    return [note(message, 'Look for a copy of the folder before you accept what is left.')]
  })
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}

/** What an index says in its first line that it was made from; nothing if it is no index. */
function statementOf(bytes: Buffer | undefined): { readonly bytes: number; readonly events: number } | undefined {
  try {
    const header = JSON.parse(bytes?.toString('latin1', 0, HEADER_SIZE_BYTES) ?? '') as Record<string, unknown>
    const { bytes: size, events } = header
    return typeof size === 'number' && typeof events === 'number' ? { bytes: size, events } : undefined
  } catch {
    return undefined
  }
}

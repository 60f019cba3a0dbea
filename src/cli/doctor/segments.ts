/** The segments of a folder, examined one by one: what is wrong with each, and what of the log is still whole. */
import { readFileSync } from 'node:fs'
import { corrupt } from '../../backends/file/failures.js'
import type { FolderContents, FolderPaths } from '../../backends/file/folder.js'
import { parseHeader, type HeadState } from '../../backends/file/format.js'
import { nodePlatform } from '../../backends/file/node-platform.js'
import { SegmentWalk } from '../../backends/file/segment-walk.js'
import { surveySegments, type Survey } from '../../backends/file/survey.js'
import { readWhole } from '../../backends/file/whole-read.js'
import { grouped, plural } from '../text.js'
import { damagedBlocks, type Stretch } from './blocks.js'
import { attempt, note, ok, type Finding } from './finding.js'
import { examineIndex } from './indexes.js'
import { outside, stretchesText } from './stretches.js'

/** @returns what is whole, as stretches of positions, if anything is damaged */
export function examineSegments(
  findings: Finding[],
  paths: FolderPaths,
  contents: FolderContents,
  head: HeadState | undefined,
): readonly Stretch[] | undefined {
  const { segments } = contents
  const log = head?.log ?? logOf(paths, segments)
  const survey = attempt(findings, () => surveySegments(nodePlatform.files, paths, log, segments, head))
  const damaged: Stretch[] = []
  let last = 0
  for (const [i, from] of segments.entries()) {
    if (from > last + 1) damaged.push([last + 1, from - 1])
    const state = examineSegment(findings, paths, log, from, head, i === segments.length - 1)
    const next = segments[i + 1]
    last = next === undefined ? Math.max(state.last, head?.last ?? 0) : next - 1
    if (state.last < last && state.damaged.length === 0) damaged.push([state.last + 1, last])
    damaged.push(...state.damaged.map(([first, end]): Stretch => [first, Math.min(end, last)]))
  }
  if ((head?.last ?? 0) > last) damaged.push([last + 1, head?.last ?? 0])
  if (damaged.length === 0 && survey !== undefined) {
    findings.push(...describeSurvey(paths, survey, head))
    return undefined
  }
  return describeWhole(findings, outside(damaged, Math.max(last, head?.last ?? 0)))
}

/** The log that the first segment says it belongs to, when there is no head to say it. */
function logOf(paths: FolderPaths, [first]: readonly number[]): string {
  if (first === undefined) return ''
  const text = readFileSync(paths.segment(first), 'latin1')
  return parseHeader(text.slice(0, text.indexOf('\n')))?.log ?? ''
}

interface SegmentState {
  /** The last position that could be taken; of what is damaged, nothing is. */
  readonly last: number
  readonly damaged: readonly Stretch[]
}

/** Opening only looks at the ends of older segments; here every mark and hash is checked, as `verify` does. */
function examineSegment(
  findings: Finding[],
  paths: FolderPaths,
  log: string,
  from: number,
  head: HeadState | undefined,
  isLast: boolean,
): SegmentState {
  const path = paths.segment(from)
  const bytes = attempt(findings, () => readWhole(nodePlatform.files, path)) ?? Buffer.alloc(0)
  // Above the head nothing was acknowledged: opening settles it.
  const isNewest = head === undefined ? isLast : from >= head.segment
  const end = from === head?.segment ? Math.min(head.bytes, bytes.length) : bytes.length
  const walk = new SegmentWalk(bytes, log, from)
  const damage = walk.header() ?? walk.takeUpTo(end, false)
  if (damage === undefined || (isNewest && from !== head?.segment)) {
    examineIndex(findings, paths, log, walk, isNewest)
    return { last: walk.last, damaged: [] }
  }
  const { problem, pieceOffset: _, ...facts } = damage
  if (!findings.some((finding) => isAbout(finding, path))) {
    attempt(findings, () => {
      throw corrupt(problem, { path, ...facts })
    })
  }
  const blocks = damagedBlocks(paths, log, from, bytes, head)
  // Where no block is damaged, it is a mark; lines are only as good as what vouches for them.
  return { last: walk.last, damaged: blocks?.length ? blocks : [[walk.last + 1, Infinity]] }
}

function isAbout({ level, facts }: Finding, path: string): boolean {
  return level === 'problem' && (facts as { path?: string } | undefined)?.path === path
}

function describeWhole(findings: Finding[], whole: readonly Stretch[]): readonly Stretch[] {
  const message = whole.length === 0 ? 'no position is whole' : `still whole: positions ${stretchesText(whole)}`
  findings.push(note(message, 'No other position can be answered for.'))
  return whole
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
    const who = head === undefined ? 'a repair' : 'the next opening'
    findings.push(note(message, `Nothing to do: ${who} keeps it aside in torn/ and says so.`))
  }
  return findings
}

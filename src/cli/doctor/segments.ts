/** The segments of a folder, examined one by one: what is wrong with each, and what of the log is still whole. */
import { corrupt } from '../../backends/file/failures.js'
import type { FolderContents, FolderPaths } from '../../backends/file/folder.js'
import { OWN_LINE_SIZE_MAX_BYTES, parseHeader, type HeadState } from '../../backends/file/format.js'
import { nodePlatform } from '../../files/node-platform.js'
import { SegmentWalk } from '../../backends/file/segment-walk.js'
import { surveySegments, type Survey } from '../../backends/file/survey.js'
import { readStart, readWhole } from '../../backends/file/whole-read.js'
import { grouped, plural } from '../text.js'
import { damagedBlocks, type Stretch } from './blocks.js'
import { eventIdAt } from './event-id.js'
import { attempt, note, ok, type Finding } from './finding.js'
import { examineIndex } from './indexes.js'
import { outside, stretchesText } from './stretches.js'

export interface SegmentsExamined {
  /** What is whole, as stretches of positions; only if anything is damaged. */
  readonly whole?: readonly Stretch[]
  /** Only if nothing is damaged. */
  readonly sound?: SoundLog
}

export interface SoundLog {
  /** Where it ends once it has been opened. */
  readonly last: number
  /** The id of the event there; undefined: nothing is recorded there. */
  readonly idAt: (position: number) => string | undefined
}

export function examineSegments(
  findings: Finding[],
  paths: FolderPaths,
  contents: FolderContents,
  head: HeadState | undefined,
): SegmentsExamined {
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
    return { sound: { last: lastOf(survey), idAt: (position) => eventIdAt(paths, segments, position) } }
  }
  return { whole: describeWhole(findings, outside(damaged, Math.max(last, head?.last ?? 0))) }
}

/** The log that the first segment with a header says it belongs to, when there is no head to say it. */
function logOf(paths: FolderPaths, segments: readonly number[]): string {
  for (const from of segments) {
    const text = attempt([], () => readStart(nodePlatform.files, paths.segment(from), OWN_LINE_SIZE_MAX_BYTES))
    const line = text?.toString('latin1').split('\n')[0] ?? ''
    const log = parseHeader(line)?.log
    if (log !== undefined) return log
  }
  return ''
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

function lastOf({ closed, walked }: Survey): number {
  return walked.at(-1)?.walk.last ?? closed.at(-1)?.last ?? 0
}

function describeSurvey(paths: FolderPaths, survey: Survey, head: HeadState | undefined): Finding[] {
  const { closed, walked } = survey
  const count = closed.length + walked.length
  const last = lastOf(survey)
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

/** The demo's report: at most 30 lines in plain words. */
import {
  bar,
  grouped,
  padded,
  paddedLeft,
  plural,
  printable,
  shellQuoted,
  shortened,
  shortenedPath,
  widthOf,
} from '../text.js'
import type { Effort } from './answers.js'
import type { Newcomers } from './newcomers.js'
import type { Deed, Oblivion } from './oblivion.js'
import type { FileTotals } from './projections.js'
import type { Searched } from './search.js'
import type { Speed } from './speed.js'

export interface DemoResult {
  /** What the history is of. */
  readonly title: string
  readonly notes: readonly string[]
  readonly folder: string
  readonly bytes: number
  /** The first file of the log, to look at. */
  readonly file: string
  readonly events: number
  readonly commits: number
  readonly authors: number
  readonly newEvents: number
  readonly newCommits: number
  /** What this start had to fold, by projection, and what a fold of all events takes. */
  readonly starts: readonly (Effort & { readonly all: number })[]
  readonly newcomers: Newcomers
  /** Most commits first. */
  readonly contributors: readonly (readonly [name: string, commits: number])[]
  /** Most commits first. */
  readonly files: readonly (readonly [path: string, totals: FileTotals])[]
  /** Most often first. */
  readonly together: readonly (readonly [a: string, b: string, times: number])[]
  /** How many names git knows, also of those who are forgotten. */
  readonly names: number
  readonly oblivion?: Oblivion
  /** Whether the answers were compared with git, or with the generator of the sample. */
  readonly comparedWith: 'git' | 'sample'
  /** How many commits were asked for, if the history has at least as many. */
  readonly limitedTo?: number
  readonly speed: Speed
  /** How this program is called from where the demo ran. */
  readonly command: string
  /** A projection at hand that says something about this log. */
  readonly tryProjection?: string
  readonly root: string
}

const LINES_MAX = 30
const LABEL_WIDTH = 10
const NAME_WIDTH = 24
const BAR_WIDTH = 32
const PATH_WIDTH = 44

export function reportLines(result: DemoResult, bold: (text: string) => string): string[] {
  const section = (label: string, rows: readonly string[]): string[] =>
    rows.map((row, i) => (i === 0 ? bold(padded(label, LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH)) + row)
  const lines = [
    bold(printable(result.title)),
    ...result.notes.map(printable),
    '',
    ...section('Stored', stored(result)),
    ...section('Started', startRows(result)),
    '',
    ...section('Who', contributorRows(result)),
    ...section('Changed', fileRows(result)),
    ...section('Together', togetherRows(result)),
    '',
    ...section('Checked', checkedRows(result)),
    ...section('Speed', speedRows(result.speed)),
    '',
    ...section('Forgotten', result.oblivion === undefined ? [] : oblivionRows(result.oblivion)),
    ...section('Root', [result.root]),
    '',
    ...section('Try next', nextRows(result)),
  ]
  return withinLimit(lines)
}

/** Notes come in the place of empty lines, the last ones first. */
function withinLimit(lines: string[]): string[] {
  while (lines.length > LINES_MAX) {
    const empty = lines.lastIndexOf('')
    if (empty < 0) return lines.slice(0, LINES_MAX)
    lines.splice(empty, 1)
  }
  return lines
}

function stored({ events, commits, authors, files, newEvents, newCommits, bytes, file }: DemoResult): string[] {
  const fresh = newEvents === 0 ? '0 new' : `${grouped(newEvents)} new, of ${plural(newCommits, 'commit')}`
  const what = `${plural(commits, 'commit')}, ${plural(authors, 'author')}, ${plural(files.length, 'file')}`
  return [
    `${plural(events, 'event')} (${fresh}): ${what}`,
    `${sizeText(bytes)} of text, its data sealed: less ${shellQuoted(file)}`,
  ]
}

function startRows({ starts, newcomers }: DemoResult): string[] {
  const rows = starts.map(({ projection, snapshot, folded, all }) => {
    const whole = `without a snapshot: ${grouped(all)}`
    return snapshot === 0
      ? `${projection}: no snapshot yet, read all ${plural(folded, 'event')}; next time only what is new`
      : `${projection}: snapshot at ${grouped(snapshot)}, tail of ${plural(folded, 'event')} read (${whole})`
  })
  const { subscription, handled, noted, known } = newcomers
  const done = `${plural(handled, 'new event')} handled, ${plural(noted, 'author')} met, ${grouped(known)} in kv`
  return [...rows, `subscription ${subscription}: ${done}`]
}

function contributorRows({ contributors }: DemoResult): string[] {
  const shown = contributors.slice(0, 3)
  if (shown.length === 0) return ['nobody can be read any more']
  const most = shown[0]?.[1] ?? 1
  const names = shown.map(([name]) => shortened(printable(name), NAME_WIDTH))
  const nameWidth = Math.max(0, ...names.map(widthOf))
  const digits = grouped(most).length
  return shown.map(([, commits], i) => {
    const rest = i === 2 && contributors.length > 3 ? ` and ${contributors.length - 3} more` : ''
    const drawn = bar(commits / most, BAR_WIDTH)
    return `${padded(names[i] ?? '', nameWidth)}  ${paddedLeft(grouped(commits), digits)}  ${drawn}${rest}`
  })
}

function fileRows({ files }: DemoResult): string[] {
  const shown = files.slice(0, 2)
  const paths = shown.map(([path]) => shortenedPath(printable(path), PATH_WIDTH))
  const width = Math.max(0, ...paths.map(widthOf))
  const digits = grouped(shown[0]?.[1].changes ?? 0).length
  return shown.map(([, { changes, added, deleted }], i) => {
    const times = `${paddedLeft(grouped(changes), digits)} ${changes === 1 ? 'time ' : 'times'}`
    return `${padded(paths[i] ?? '', width)}  ${times}  +${grouped(added)} −${grouped(deleted)}`
  })
}

function togetherRows({ together }: DemoResult): string[] {
  return together.slice(0, 1).map(([a, b, times]) => {
    const [left, right] = [a, b].map((path) => shortenedPath(printable(path), 28))
    return `${left} with ${right}, ${plural(times, 'time')}`
  })
}

function checkedRows({ names: known, files, commits, comparedWith, limitedTo }: DemoResult): string[] {
  const closed = 'closed, reopened, every line verified, replayed: the same answers'
  const names = `${plural(known, 'name')}, ${plural(commits, 'commit')}`
  const paths = plural(files.length, 'file')
  if (comparedWith === 'sample') return [closed, `the same as the generator of the sample counts: ${names}, ${paths}`]
  // As a person would ask for the same commits.
  const limit = limitedTo === undefined ? '' : ` -${limitedTo}`
  return [
    closed,
    `the same as git shortlog -sn --no-merges${limit}: ${names}`,
    `the same as git log --no-merges --no-renames --numstat${limit}: ${paths}`,
  ]
}

function speedRows({ append, replay }: Speed): string[] {
  const appended = `append, each event sealed and durable: ${speedText(append)} bare write + fsync`
  return replay === undefined
    ? [appended]
    : [appended, `replay, to say who contributed: ${speedText(replay)} bare read + JSON.parse`]
}

function oblivionRows(oblivion: Oblivion): string[] {
  const { deed, authors, commits, searched, texts } = oblivion
  const search = searchRow(searched, texts)
  if (deed === undefined) {
    const before = `${plural(authors, 'author')} before this start: ${plural(commits, 'commit')} unreadable, and counted`
    return [before, search, othersRow(oblivion)]
  }
  const { lines, root } = deed
  const same = `the root over the ${plural(lines, 'line')} before is the same: ${root.slice(0, 16)}…`
  return [deedRow(deed), same, search, othersRow(oblivion)]
}

function othersRow({ others, returned }: Oblivion): string {
  if (others.authors === 0) return 'nobody else has contributed; what was changed can be read as before'
  const left = `everybody else as before: ${plural(others.commits, 'commit')} of ${plural(others.authors, 'author')}`
  return returned === 0 ? left : `${left}, ${grouped(returned)} new, of a forgotten author under a new name`
}

function deedRow({ name, email, readBefore, keys, removed }: Deed): string {
  const who = shortened(printable(name === '' ? email : name), NAME_WIDTH)
  const kinds = Object.entries({ keys, ...removed }).filter(([, count]) => count > 0)
  const gone = kinds.map(([kind, count]) => `${kind} ${grouped(count)}`).join(', ')
  return `${who}, read in ${plural(readBefore, 'commit')} before; gone: ${gone}`
}

function searchRow({ files, bytes }: Searched, texts: readonly string[]): string {
  if (texts.length === 0) return 'name and address are too short, or parts of file names: they were not looked for'
  return `name and address in ${plural(files, 'file')}, ${sizeText(bytes)}, also as base64 and UTF-16: nowhere`
}

function nextRows({ folder, command, tryProjection }: DemoResult): string[] {
  const store = `--store ${shellQuoted(`file:${folder}`)}`
  const last = tryProjection === undefined ? '--help' : `project ${shellQuoted(tryProjection)} ${store}`
  return [`read ${store} --backwards --limit 5`, `subjects ${store}`, last].map((row) => `${command} ${row}`)
}

/** Of bare time through our time: above 100 % we were faster. */
function speedText(ratio: number): string {
  return `${Math.round(ratio * 100)} % of the speed of`
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB']
  let size = bytes
  let unit = 0
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

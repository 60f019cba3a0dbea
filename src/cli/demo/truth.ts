/**
 * What git itself says, asked in the words a person would use, and compared with the log's answers. Nothing here is
 * shared with the import but the texts of names: other commands, other output, another parser.
 */
import { COUNTING, runGit } from '../git/git.js'
import { pathText, textOf } from '../git/names.js'
import type { Repository } from '../git/repository.js'
import type { Answers } from './answers.js'
import { noTotals, type FileTotals } from './projections.js'

export interface Truth {
  /** Commits by name: `git shortlog -sn --no-merges`. */
  readonly commits: ReadonlyMap<string, number>
  /** By path: `git log --no-merges --no-renames --numstat`. */
  readonly files: ReadonlyMap<string, FileTotals>
  /** The name that git shows for an author: another one where there is a mailmap. */
  readonly shownName: (author: Author) => string
  /** Whose a commit is. */
  readonly authorOf: (hash: string) => Author | undefined
}

export interface Author {
  readonly name: string
  readonly email: string
}

export async function askGit({ path, revisions, max }: Repository, signal?: AbortSignal): Promise<Truth> {
  const ask = (...args: string[]): Promise<Buffer> =>
    runGit(path, { args: [...args, '--no-merges', `--max-count=${max}`, ...revisions], ...(signal && { signal }) })
  // The head is named because git shortlog, without one and without a terminal, reads a log from its input.
  const commits = parseShortlog(await ask('shortlog', '-s', '-n'))
  const files = parseNumstat(await ask('log', '--format=', ...COUNTING))
  const { shown, authors } = parseAuthors(await ask('log', '-z', '--format=%H%x00%an%x00%ae%x00%aN'))
  const shownName = ({ name, email }: Author): string => shown.get(`${name}\0${email}`) ?? name
  return { commits, files, shownName, authorOf: (hash) => authors.get(hash) }
}

/** The log's commits by the name that git shows. Two authors of one name are one line there, and so here. */
export function commitsByName(answers: Answers, { shownName }: Pick<Truth, 'shownName'>): Map<string, number> {
  const byName = new Map<string, number>()
  for (const author of answers.contributors.values()) {
    const name = shownName(author)
    byName.set(name, (byName.get(name) ?? 0) + author.commits)
  }
  return byName
}

/**
 * Every difference, a line each; none when the log says exactly what git says. Commits whose author has been forgotten
 * still count: git says whose they were.
 */
export function differences(answers: Answers, truth: Truth, forgotten: Iterable<string>): string[] {
  const counted = (count: number): string => `${count} commits`
  const totals = ({ changes, added, deleted, binary }: FileTotals): string =>
    `${changes} commits, +${added} −${deleted}${binary > 0 ? `, ${binary} binary` : ''}`
  const byName = commitsByName(answers, truth)
  for (const hash of forgotten) {
    const author = truth.authorOf(hash)
    // Of a commit that git does not count here.
    if (author === undefined) continue
    const name = truth.shownName(author)
    byName.set(name, (byName.get(name) ?? 0) + 1)
  }
  return [...differencesOf(byName, truth.commits, counted), ...differencesOf(answers.files, truth.files, totals)]
}

function differencesOf<V>(
  ours: ReadonlyMap<string, V>,
  gits: ReadonlyMap<string, V>,
  say: (value: V) => string,
): string[] {
  const lines: string[] = []
  for (const key of new Set([...ours.keys(), ...gits.keys()])) {
    const our = ours.get(key)
    const its = gits.get(key)
    const left = our === undefined ? 'nothing' : say(our)
    const right = its === undefined ? 'nothing' : say(its)
    if (left !== right) lines.push(`${key}: the log says ${left}; git says ${right}`)
  }
  return lines
}

/** `  <count> TAB <name>` */
function parseShortlog(output: Buffer): Map<string, number> {
  const commits = new Map<string, number>()
  for (const line of linesOf(output)) {
    const tab = line.indexOf(9)
    commits.set(textOf(line.subarray(tab + 1)), Number(line.subarray(0, tab).toString('latin1').trim()))
  }
  return commits
}

/** `<added> TAB <deleted> TAB <path>`, the path in quotes if it holds what a line cannot. */
export function parseNumstat(output: Buffer): Map<string, FileTotals> {
  const files = new Map<string, FileTotals>()
  for (const line of linesOf(output)) {
    const [added = '', deleted = ''] = line.toString('latin1').split('\t', 2)
    const path = pathText(unquote(line.subarray(added.length + deleted.length + 2)))
    const totals = files.get(path) ?? noTotals()
    totals.changes++
    if (added === '-') totals.binary++
    else {
      totals.added += Number(added)
      totals.deleted += Number(deleted)
    }
    files.set(path, totals)
  }
  return files
}

interface Authors {
  /** By name and address as they were written. */
  readonly shown: ReadonlyMap<string, string>
  /** By the hash of the commit. */
  readonly authors: ReadonlyMap<string, Author>
}

function parseAuthors(output: Buffer): Authors {
  const fields = output
    .toString('latin1')
    .split('\0')
    .map((field) => textOf(Buffer.from(field, 'latin1')))
  const shown = new Map<string, string>()
  const authors = new Map<string, Author>()
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [hash = '', name = '', email = '', shownAs = ''] = fields.slice(i, i + 4)
    shown.set(`${name}\0${email}`, shownAs)
    authors.set(hash, { name, email })
  }
  return { shown, authors }
}

const ESCAPES: Readonly<Record<string, number>> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, '\\': 92 }

/** Undoes the quoting of git: C escapes, other bytes as three octal digits. */
function unquote(path: Uint8Array): Uint8Array {
  const text = Buffer.from(path).toString('latin1')
  if (!text.startsWith('"')) return path
  const plain = text
    .slice(1, -1)
    .replace(/\\([0-7]{3}|.)/g, (_, code: string) => String.fromCharCode(ESCAPES[code] ?? parseInt(code, 8)))
  return Buffer.from(plain, 'latin1')
}

function* linesOf(output: Buffer): Generator<Buffer> {
  for (let from = 0; from < output.length;) {
    const newline = output.indexOf(10, from)
    const end = newline < 0 ? output.length : newline
    if (end > from) yield output.subarray(from, end)
    from = end + 1
  }
}

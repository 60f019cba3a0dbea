/** Makes Git repositories for tests, with everything in them that a history can hold. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { cleanEnvironment } from './run.js'

export interface CommitSpec {
  readonly name?: Uint8Array | string
  readonly email?: string
  readonly message?: string
  readonly encoding?: string
  /** Path (as bytes, in latin1) → contents; null deletes. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>
  /** Seconds since 1970, and an offset. */
  readonly date?: string
  /** Marks (1, 2, 3… in order) of the parents; default: the commit before. */
  readonly parents?: readonly number[]
}

export function git(folder: string, ...args: string[]): string {
  const env = { ...cleanEnvironment(), LC_ALL: 'C' }
  return execFileSync('git', ['-C', folder, ...args], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** A new repository whose branch `main` has these commits, checked out. */
export function makeRepository(folder: string, commits: readonly CommitSpec[]): void {
  mkdirSync(folder, { recursive: true })
  git(folder, 'init', '--quiet', '--initial-branch=main')
  addCommits(folder, commits)
}

/** Adds commits after the head, if there is one. */
export function addCommits(folder: string, commits: readonly CommitSpec[]): void {
  if (commits.length === 0) return
  const head = hasHead(folder) ? git(folder, 'rev-parse', 'HEAD').trim() : undefined
  const stream = Buffer.concat(commits.map((commit, index) => encodeCommit(commit, index + 1, head)))
  const env = cleanEnvironment()
  execFileSync('git', ['-C', folder, 'fast-import', '--quiet', '--force'], { input: stream, env })
  git(folder, 'reset', '--hard', '--quiet')
}

function hasHead(folder: string): boolean {
  try {
    git(folder, 'rev-parse', '--verify', '--quiet', 'HEAD')
    return true
  } catch {
    return false
  }
}

let clock = 1_700_000_000

function encodeCommit(spec: CommitSpec, mark: number, head: string | undefined): Buffer {
  const { name = 'Ann Lee', email = 'ann@example.org', message = `commit ${mark}`, encoding, files = {} } = spec
  const { date = `${(clock += 60)} +0100`, parents } = spec
  const first = mark === 1 ? head : `:${mark - 1}`
  const [from, ...merged] = parents?.map((parent) => `:${parent}`) ?? (first === undefined ? [] : [first])
  const parts: (string | Uint8Array)[] = [`commit refs/heads/main\nmark :${mark}\n`]
  parts.push('author ', name, ` <${email}> ${date}\ncommitter Robot <robot@example.org> ${(clock += 1)} +0000\n`)
  if (encoding !== undefined) parts.push(`encoding ${encoding}\n`)
  parts.push(`data ${Buffer.byteLength(message)}\n${message}\n`)
  if (from !== undefined) parts.push(`from ${from}\n`)
  for (const parent of merged) parts.push(`merge ${parent}\n`)
  for (const [path, contents] of Object.entries(files)) parts.push(...encodeFile(path, contents))
  return Buffer.concat([...parts.map((part) => Buffer.from(part as string)), Buffer.from('\n')])
}

function encodeFile(path: string, contents: string | Uint8Array | null): (string | Uint8Array)[] {
  const quoted = `"${path.replace(/[^ !#-[\]-~]/g, (c) => '\\' + c.charCodeAt(0).toString(8).padStart(3, '0'))}"`
  if (contents === null) return [`D ${quoted}\n`]
  const bytes = Buffer.from(contents as string)
  return [`M 100644 inline ${quoted}\ndata ${bytes.length}\n`, bytes, '\n']
}

const inUtf8 = (text: string): string => Buffer.from(text).toString('latin1')

/** Longer than a stream's name may be. */
export const LONG_PATH = Array.from({ length: 8 }, (_, i) => `${'deep'.repeat(20)}${i}`).join('/') + '/end.txt'

/**
 * Merges, renames, binary files, an empty commit, two authors of one name, a name in another encoding, no name at all,
 * an address with a plus, file names with everything that a path may hold.
 */
export const RICH_HISTORY: readonly CommitSpec[] = [
  { files: { 'README.md': 'one\ntwo\n', 'src/a.txt': 'a\n', 'image.bin': Uint8Array.of(0, 1, 2, 0) } },
  {
    name: `Bob "The Builder" O'Neil`,
    email: 'bob+git@example.org',
    message: 'Awkward names\n\nwith a body',
    date: '1600000000 +0545',
    files: {
      'with "quotes" and space.txt': '1\n',
      'tab\tname': '1\n2\n',
      'new\nline': '1\n',
      'back\\slash': '1\n',
      [inUtf8('ünïcödé/日本語 🎉.txt')]: '1\n2\n3\n',
      'bad-\xff-bytes.txt': '1\n',
      '-leading-dash': '1\n',
      [LONG_PATH]: '1\n',
    },
  },
  { email: 'ann.lee@other.example', files: { 'src/a.txt': 'a\nb\n', 'src/b.txt': 'b\n' } },
  // A rename: git shows one deleted and one added file.
  { files: { 'README.md': null, 'docs/README.md': 'one\ntwo\n' } },
  { parents: [3], name: 'Zoë 日本', email: 'zoe@example.org', files: { 'src/c.txt': 'c\n' } },
  // A merge, with a change of its own that no other commit has.
  {
    parents: [4, 5],
    name: 'Merger',
    email: 'merger@example.org',
    files: { 'README.md': null, 'docs/README.md': 'x\n', 'src/c.txt': 'c\n' },
  },
  { message: 'nothing changed' },
  {
    name: Uint8Array.from([0x4a, 0xfc, 0x72, 0x67, 0x65, 0x6e]),
    email: 'juergen@example.org',
    encoding: 'ISO-8859-1',
    files: { 'image.bin': Uint8Array.of(0, 9) },
  },
  { name: '', email: 'nameless@example.org', message: '', files: { 'src/a.txt': '', 'tab\tname': null } },
]
/** Without the merge. */
export const RICH_COMMITS = RICH_HISTORY.length - 1
export const RICH_PEOPLE = [
  'Ann Lee',
  'ann@example.org',
  'ann.lee@other.example',
  'Bob',
  'Builder',
  'bob+git@example.org',
  'Zoë',
  'zoe@example.org',
  'Jürgen',
  'juergen@example.org',
  'nameless@example.org',
]

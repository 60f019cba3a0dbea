/** The commits of a repository with what each changed, read from `git log` as a stream. */
import { COUNTING, streamGit } from './git.js'
import { pathText, textOf } from './names.js'

export interface FileChange {
  /** See {@link pathText}. */
  readonly path: string
  /** Lines added and deleted; absent for a binary file, in which git counts no lines. */
  readonly added?: number
  readonly deleted?: number
}

export interface GitCommit {
  readonly hash: string
  /** As the author wrote it; no mailmap. */
  readonly name: string
  readonly email: string
  /** The author's date, RFC 3339 with the author's offset; absent where git has no such date. */
  readonly authored?: string
  /** The first line of the message. */
  readonly message: string
  /** Sorted by path. */
  readonly files: readonly FileChange[]
}

// A record begins with \x01; a count line with a digit or a minus. Nothing else separates, because only NUL is safe.
const FORMAT = '%x01%H%x00%an%x00%ae%x00%aI%x00%s'
const HEADER_LENGTH = 5

/** These commits in this order. `hashes` are read by git from its standard input, so there may be any number. */
export async function* readCommits(
  repository: string,
  hashes: readonly string[],
  signal?: AbortSignal,
): AsyncGenerator<GitCommit> {
  const args = ['log', '-z', '--no-walk=unsorted', '--stdin', `--format=${FORMAT}`, ...COUNTING]
  const request = { args, input: hashes.join('\n') + '\n', ...(signal && { signal }) }
  yield* parseCommits(splitAtNul(streamGit(repository, request)))
}

/** @param fields what stands between the NULs of `git log -z --numstat` in our format */
export async function* parseCommits(fields: AsyncIterable<Uint8Array>): AsyncGenerator<GitCommit> {
  let header: Uint8Array[] = []
  let files: FileChange[] = []
  for await (const field of fields) {
    if (header.length > 0 && header.length < HEADER_LENGTH) {
      header.push(field)
    } else if (field[0] === 1) {
      if (header.length > 0) yield commitOf(header, files)
      header = [field.subarray(1)]
      files = []
    } else if (field.length > 0) {
      files.push(parseChange(field[0] === NEWLINE ? field.subarray(1) : field))
    }
  }
  if (header.length > 0) yield commitOf(header, files)
}

const NEWLINE = 10
const TAB = 9
/** A message is shown, never parsed: a first line longer than this is cut. */
const MESSAGE_LENGTH_MAX = 1000

function commitOf(header: readonly Uint8Array[], files: FileChange[]): GitCommit {
  const [hash = '', name = '', email = '', date = '', message = ''] = header.map(textOf)
  return {
    hash,
    name,
    email,
    ...(isTime(date) && { authored: date }),
    message: message.length > MESSAGE_LENGTH_MAX ? message.slice(0, MESSAGE_LENGTH_MAX).toWellFormed() + '…' : message,
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  }
}

/** `<added> TAB <deleted> TAB <path>`, with minus signs for a binary file. */
function parseChange(field: Uint8Array): FileChange {
  const first = field.indexOf(TAB)
  const second = field.indexOf(TAB, first + 1)
  const added = Buffer.from(field.subarray(0, first)).toString('latin1')
  const deleted = Buffer.from(field.subarray(first + 1, second)).toString('latin1')
  const path = pathText(field.subarray(second + 1))
  return added === '-' ? { path } : { path, added: Number(added), deleted: Number(deleted) }
}

/** Git keeps dates that no calendar has (the year 100000, an offset of 99 hours); such a one is left out. */
function isTime(date: string): boolean {
  const parts = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-](\d\d):(\d\d))$/.exec(date)
  return parts !== null && !Number.isNaN(Date.parse(date)) && Number(parts[1] ?? 0) < 24 && Number(parts[2] ?? 0) < 60
}

/** The fields between NULs, each whole, whatever the chunks. */
export async function* splitAtNul(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, from)) {
      const part = chunk.subarray(from, at)
      yield rest.length === 0 ? part : Buffer.concat([...rest, part])
      rest = []
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield Buffer.concat(rest)
}

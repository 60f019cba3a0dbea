/** Brings the history of a repository into a log: what the log lacks, oldest first. */
import { must } from '../../index.js'
import type { Store } from '../../store.js'
import type { Progress } from '../progress.js'
import { plural } from '../text.js'
import { Authors } from './authors.js'
import { COMMIT_AUTHORED, lastIdOf, mayHaveParts, writesOf, type CommitAuthored } from './events.js'
import { readCommits, type GitCommit } from './history.js'
import type { Repository } from './repository.js'

/** How much of a history is imported unless more, or less, is asked for. */
export const COMMITS_DEFAULT = 5000

export interface ImportResult {
  /** Commits of the repository that count. */
  readonly commits: number
  readonly newCommits: number
  readonly newEvents: number
  /** Authors in the log: names with addresses. */
  readonly authors: number
}

/** What a log holds of earlier imports. */
export interface Imported {
  readonly commits: ReadonlySet<string>
  readonly authors: Authors
}

/** Imports the commits of a repository that the log lacks. `imported` is what {@link readImported} has found in it. */
export async function importHistory(
  store: Store,
  repository: Repository,
  imported: Imported,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<ImportResult> {
  const { path, name, hashes } = repository
  const missing = hashes.filter((hash) => !imported.commits.has(hash)).reverse()
  if (missing.length > 0) progress.stage(`reading ${plural(missing.length, 'commit')} of ${name}`)
  const commits = missing.length > 0 ? readCommits(path, missing, signal) : []
  const newEvents = await importCommits(store, commits, imported.authors, {
    signal,
    onCommit: (done) => progress.at(done, missing.length),
  })
  return { commits: hashes.length, newCommits: missing.length, newEvents, authors: imported.authors.count }
}

/** Reads from the log which commits it holds whole, and which author has which name. */
export async function readImported(store: Store): Promise<Imported> {
  const commits = new Set<string>()
  const authors = new Authors()
  const doubtful: CommitAuthored[] = []
  for await (const event of store.read({ streamPrefix: 'author-', types: [COMMIT_AUTHORED] })) {
    const data = event.data as unknown as CommitAuthored | null
    const pseudonym = event.subject?.replace(/^author:/, '')
    // Without readable data this is not a commit we could know again.
    if (typeof data?.commit !== 'string' || pseudonym === undefined) continue
    authors.remember(data.name, data.email, pseudonym)
    if (mayHaveParts(data.files)) doubtful.push(data)
    else commits.add(data.commit)
  }
  for (const { commit, files } of doubtful) {
    if ((await store.event(lastIdOf(commit, files))) !== undefined) commits.add(commit)
  }
  return { commits, authors }
}

/** Commits under way at the same time: they share writes and syncs. */
const IN_FLIGHT_MAX_COMMITS = 128
/** Bounds the memory they take, since one commit may touch every file there is. */
const IN_FLIGHT_MAX_FILES = 10_000

interface CommitsOptions {
  readonly signal: AbortSignal
  readonly onCommit?: (done: number) => void
}

/** Appends commits in their order; returns how many events were new. All of them are durable when it resolves. */
export async function importCommits(
  store: Store,
  commits: AsyncIterable<GitCommit> | Iterable<GitCommit>,
  authors: Authors,
  { signal, onCommit }: CommitsOptions,
): Promise<number> {
  const underWay = new Set<Promise<void>>()
  let filesUnderWay = 0
  let newEvents = 0
  let done = 0
  const start = (commit: GitCommit): void => {
    filesUnderWay += commit.files.length
    const work = appendCommit(store, commit, authors.pseudonymOf(commit.name, commit.email)).then((count) => {
      underWay.delete(work)
      filesUnderWay -= commit.files.length
      newEvents += count
      onCommit?.(++done)
    })
    // A failure is met where the work is awaited, below; until then it is not an unhandled one.
    work.catch(() => undefined)
    underWay.add(work)
  }
  for await (const commit of commits) {
    signal.throwIfAborted()
    start(commit)
    while (underWay.size >= IN_FLIGHT_MAX_COMMITS || filesUnderWay > IN_FLIGHT_MAX_FILES) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  return newEvents
}

async function appendCommit(store: Store, commit: GitCommit, pseudonym: string): Promise<number> {
  let newEvents = 0
  for (const writes of writesOf(commit, pseudonym)) {
    const { count, duplicate } = must(await store.commit(writes))
    if (!duplicate) newEvents += count
  }
  return newEvents
}

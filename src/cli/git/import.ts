/** Brings the history of a repository into a log: what the log lacks, oldest first. */
import { must } from '../../index.js'
import { isForgotten } from '../../log/readable.js'
import type { Store } from '../../store.js'
import type { Progress } from '../progress.js'
import { plural } from '../text.js'
import { Authors, pseudonymIn } from './authors.js'
import { COMMIT_AUTHORED, hashOf, lastIdOf, mayHaveParts, writesOf, type CommitAuthored } from './events.js'
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
  /** Commits whose author has been forgotten since, with the author's subject. */
  readonly forgotten: ReadonlyMap<string, string>
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
  const isSealed = (await store.keys.status()) !== undefined
  const authors = new Authors(isSealed ? store.subjects : undefined)
  const commits = new Set<string>()
  const forgotten = new Map<string, string>()
  const doubtful: CommitAuthored[] = []
  for await (const event of store.read({ streamPrefix: 'author-', types: [COMMIT_AUTHORED] })) {
    const { id, subject } = event
    const hash = hashOf(id)
    if (hash === undefined || subject === undefined) continue
    if (isForgotten(event)) {
      forgotten.set(hash, subject)
      commits.add(hash)
      authors.rememberForgotten(pseudonymIn(subject))
      continue
    }
    const data = event.data as unknown as CommitAuthored
    authors.remember(data.name, data.email, pseudonymIn(subject))
    if (mayHaveParts(data.files)) doubtful.push(data)
    else commits.add(hash)
  }
  for (const { commit, files } of doubtful) {
    if ((await store.event(lastIdOf(commit, files))) !== undefined) commits.add(commit)
  }
  return { commits, authors, forgotten }
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
  const start = (commit: GitCommit, pseudonym: string): Promise<void> => {
    filesUnderWay += commit.files.length
    const work = appendCommit(store, commit, pseudonym).then((count) => {
      underWay.delete(work)
      filesUnderWay -= commit.files.length
      newEvents += count
      onCommit?.(++done)
    })
    // A failure is met where the work is awaited, below; until then it is not an unhandled one.
    work.catch(() => undefined)
    underWay.add(work)
    return work
  }
  const met = new Set<string>()
  for await (const commit of commits) {
    signal.throwIfAborted()
    const pseudonym = await authors.pseudonymOf(commit.name, commit.email)
    const work = start(commit, pseudonym)
    // While a key is made for somebody new, what comes after would be recorded before.
    if (!met.has(pseudonym)) await work
    met.add(pseudonym)
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

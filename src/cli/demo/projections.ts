/** What the demo asks of the log: who contributed, what changed most, what changes together. */
import type { RecordedEvent } from '../../events.js'
import { defineProjection, type Projection } from '../../index.js'
import { COMMIT_AUTHORED, FILE_CHANGED, type CommitAuthored, type FileChanged } from '../git/events.js'

/**
 * Only these commits. The log keeps what the repository's history no longer has (rewritten, or older than the newest
 * ones), and a comparison with git must be about the same commits on both sides.
 */
export type Among = ReadonlySet<string>

export interface Contributor {
  readonly name: string
  readonly email: string
  commits: number
}

/** By pseudonym. */
export function contributors(among: Among): Projection<Map<string, Contributor>> {
  return defineProjection<Map<string, Contributor>>({
    name: 'contributors',
    version: 1,
    initial: () => new Map(),
    on: {
      [COMMIT_AUTHORED]: (authors, event) => {
        const { commit, name, email } = dataOf<CommitAuthored>(event)
        if (!among.has(commit)) return authors
        const pseudonym = event.subject ?? ''
        const author = authors.get(pseudonym) ?? { name, email, commits: 0 }
        author.commits++
        return authors.set(pseudonym, author)
      },
    },
  })
}

export interface FileTotals {
  /** Commits that touched the file. */
  changes: number
  added: number
  deleted: number
  /** Of `changes`, those in which git counts no lines. */
  binary: number
}

export function noTotals(): FileTotals {
  return { changes: 0, added: 0, deleted: 0, binary: 0 }
}

/** By path. */
export function fileTotals(among: Among): Projection<Map<string, FileTotals>> {
  return defineProjection<Map<string, FileTotals>>({
    name: 'file-totals',
    version: 1,
    initial: () => new Map(),
    on: {
      [FILE_CHANGED]: (files, event) => {
        const { commit, path, added = 0, deleted = 0, binary } = dataOf<FileChanged>(event)
        if (!among.has(commit)) return files
        const totals = files.get(path) ?? noTotals()
        totals.changes++
        totals.added += added
        totals.deleted += deleted
        if (binary) totals.binary++
        return files.set(path, totals)
      },
    },
  })
}

/** A commit that touches more says little about which two of its files belong together. */
const TOGETHER_MAX_FILES = 20

export interface Together {
  /** The key is two paths, in order, with a NUL between them. */
  readonly pairs: Map<string, number>
  /** The commit whose files are being gathered. */
  open: { readonly commit: string; readonly files: number; readonly paths: string[] } | undefined
}

/** How often two files were changed by the same commit. */
export function changedTogether(among: Among): Projection<Together> {
  return defineProjection<Together>({
    name: 'changed-together',
    version: 1,
    initial: () => ({ pairs: new Map(), open: undefined }),
    on: {
      [COMMIT_AUTHORED]: (state, event) => {
        const { commit, files } = dataOf<CommitAuthored>(event)
        const counts = among.has(commit) && files > 1 && files <= TOGETHER_MAX_FILES
        state.open = counts ? { commit, files, paths: [] } : undefined
        return state
      },
      [FILE_CHANGED]: (state, event) => {
        const { commit, path } = dataOf<FileChanged>(event)
        const { open } = state
        if (open === undefined || open.commit !== commit) return state
        open.paths.push(path)
        if (open.paths.length === open.files) countPairs(state.pairs, open.paths)
        return state
      },
    },
  })
}

function countPairs(pairs: Map<string, number>, paths: readonly string[]): void {
  const sorted = paths.toSorted()
  sorted.forEach((a, i) => {
    for (const b of sorted.slice(i + 1)) {
      const pair = `${a}\0${b}`
      pairs.set(pair, (pairs.get(pair) ?? 0) + 1)
    }
  })
}

/** Both types are written by the import alone, with this shape. */
function dataOf<T>(event: RecordedEvent): T {
  return event.data as unknown as T
}

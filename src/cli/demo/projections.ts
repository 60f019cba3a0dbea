/** What the demo asks of the log: who contributed, what changed most, what changes together. States are plain JSON. */
import { createHash } from 'node:crypto'
import type { RecordedEvent } from '../../events.js'
import { defineProjection, type Projection } from '../../index.js'
import { COMMIT_AUTHORED, FILE_CHANGED, type CommitAuthored, type FileChanged } from '../git/events.js'

/**
 * Only these commits; undefined: all. The log keeps what the repository's history no longer has (rewritten, or older
 * than the newest ones), and a comparison with git must be about the same commits on both sides.
 */
export type Among = ReadonlySet<string> | undefined

export interface Contributor {
  readonly name: string
  readonly email: string
  commits: number
}

/** By pseudonym. */
export type Contributors = Record<string, Contributor>

export function contributors(among: Among): Projection<Contributors> {
  return defineProjection<Contributors>({
    name: 'contributors',
    version: versionOf(among),
    initial: () => ({}),
    on: {
      [COMMIT_AUTHORED]: (authors, event) => {
        const { commit, name, email } = dataOf<CommitAuthored>(event)
        if (!isAmong(among, commit)) return authors
        const author = (authors[event.subject ?? ''] ??= { name, email, commits: 0 })
        author.commits++
        return authors
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

/** By path, with {@link HERE} before it. */
export type Files = Record<string, FileTotals>

/** So that a file of the name __proto__ is one like all others. */
export const HERE = './'

export function fileTotals(among: Among): Projection<Files> {
  return defineProjection<Files>({
    name: 'file-totals',
    version: versionOf(among),
    initial: () => ({}),
    on: {
      [FILE_CHANGED]: (files, event) => {
        const { commit, path, added = 0, deleted = 0, binary } = dataOf<FileChanged>(event)
        if (!isAmong(among, commit)) return files
        const totals = (files[HERE + path] ??= noTotals())
        totals.changes++
        totals.added += added
        totals.deleted += deleted
        if (binary) totals.binary++
        return files
      },
    },
  })
}

/** A commit that touches more says little about which two of its files belong together. */
const TOGETHER_MAX_FILES = 20

export interface Together {
  /** The key is two paths, in order, with a NUL between them. */
  readonly pairs: Record<string, number>
  /** The commit whose files are being gathered, by the position of its first event. */
  open: { readonly first: number; readonly paths: string[] } | null
}

/**
 * How often two files were changed by the same commit. Which events belong together the log itself says, so that it does
 * not matter whether the author can still be read.
 */
export function changedTogether(among: Among): Projection<Together> {
  return defineProjection<Together>({
    name: 'changed-together',
    version: versionOf(among),
    initial: () => ({ pairs: {}, open: null }),
    on: {
      [FILE_CHANGED]: (state, event) => {
        const { commit, path } = dataOf<FileChanged>(event)
        const [first, count] = event.commit
        // The first event is the author's.
        const files = count - 1
        if (files < 2 || files > TOGETHER_MAX_FILES || !isAmong(among, commit)) return state
        if (state.open?.first !== first) state.open = { first, paths: [] }
        state.open.paths.push(path)
        if (event.position === first + files) {
          countPairs(state.pairs, state.open.paths)
          state.open = null
        }
        return state
      },
    },
  })
}

function countPairs(pairs: Record<string, number>, paths: readonly string[]): void {
  const sorted = paths.toSorted()
  sorted.forEach((a, i) => {
    for (const b of sorted.slice(i + 1)) {
      const pair = `${a}\0${b}`
      pairs[pair] = (pairs[pair] ?? 0) + 1
    }
  })
}

function isAmong(among: Among, commit: string): boolean {
  return among === undefined || among.has(commit)
}

/** A fold over some of the commits is another than one over all, or over others: its snapshots are not for them. */
function versionOf(among: Among): number | string {
  if (among === undefined) return 3
  const digest = createHash('sha256').update([...among].sort().join())
  return `3 of ${digest.digest('hex').slice(0, 16)}`
}

/** Both types are written by the import alone, with this shape. */
function dataOf<T>(event: RecordedEvent): T {
  return event.data as unknown as T
}

/** What a commit of a repository becomes in the log. */
import { COMMIT_LENGTH_MAX_EVENTS, type NewEvent, type Write } from '../../events.js'
import type { FileChange, GitCommit } from './history.js'
import { pathName } from './names.js'

export const COMMIT_AUTHORED = 'commit_authored'
export const FILE_CHANGED = 'file_changed'

/** Data of {@link COMMIT_AUTHORED}: the only place that holds a name or an address; its subject is the author. */
export interface CommitAuthored {
  readonly commit: string
  readonly name: string
  readonly email: string
  readonly message: string
  /** How many {@link FILE_CHANGED} events follow. */
  readonly files: number
  readonly added: number
  readonly deleted: number
}

/** Data of {@link FILE_CHANGED}. `binary` stands in the place of the counts. */
export interface FileChanged {
  readonly commit: string
  readonly path: string
  readonly added?: number
  readonly deleted?: number
  readonly binary?: true
}

/** Beside the event of the author. */
const FILES_MAX = COMMIT_LENGTH_MAX_EVENTS - 1
/** Below the limit of a commit by more than the envelopes could add. */
const PART_SIZE_MAX_BYTES = 8 * 1024 * 1024

/**
 * The writes of a commit: one list, or several where it touches more files than one commit of the log may hold. Ids
 * come from the hash, so writing any of them again changes nothing.
 */
export function writesOf(commit: GitCommit, pseudonym: string): Write[][] {
  const parts: Write[][] = [[{ stream: `author-${pseudonym}`, events: authored(commit, pseudonym) }]]
  let bytes = 0
  commit.files.forEach((file, index) => {
    const write = { stream: `file-${pathName(file.path)}`, events: fileChanged(commit, file, index, pseudonym) }
    // The path stands in the stream, in a tag and in the data.
    const size = 400 + 3 * Buffer.byteLength(file.path)
    const part = parts.at(-1) as Write[]
    if (part.length > FILES_MAX || bytes + size > PART_SIZE_MAX_BYTES) {
      parts.push([write])
      bytes = 0
    } else part.push(write)
    bytes += size
  })
  return parts
}

/** The hash of the commit that {@link COMMIT_AUTHORED} is about, which its id says also where its data cannot be read. */
export function hashOf(id: string): string | undefined {
  return /^git-([^-]+)$/.exec(id)?.[1]
}

/** The id of the last event of a commit: once it is recorded, all of it is. */
export function lastIdOf(hash: string, files: number): string {
  return files === 0 ? `git-${hash}` : `git-${hash}-${files}`
}

/** Whether {@link writesOf} could have needed more than one part, so that a stop in between is possible. */
export function mayHaveParts(files: number): boolean {
  // No path is longer than 4096 bytes, and an escaped byte takes four.
  return files > FILES_MAX || files * (400 + 3 * 4 * 4096) > PART_SIZE_MAX_BYTES
}

function authored(commit: GitCommit, pseudonym: string): NewEvent {
  const { hash, name, email, message, files } = commit
  const data = {
    commit: hash,
    name,
    email,
    message,
    files: files.length,
    added: files.reduce((sum, file) => sum + (file.added ?? 0), 0),
    deleted: files.reduce((sum, file) => sum + (file.deleted ?? 0), 0),
  } satisfies CommitAuthored
  return {
    id: `git-${hash}`,
    type: COMMIT_AUTHORED,
    ...(commit.authored !== undefined && { occurred: commit.authored }),
    tags: [`author:${pseudonym}`, `commit:${hash}`],
    subject: `author:${pseudonym}`,
    data,
  }
}

function fileChanged(commit: GitCommit, file: FileChange, index: number, pseudonym: string): NewEvent {
  const { path, added, deleted } = file
  const counts = added === undefined ? { binary: true as const } : { added, deleted: deleted ?? 0 }
  return {
    id: `git-${commit.hash}-${index + 1}`,
    type: FILE_CHANGED,
    ...(commit.authored !== undefined && { occurred: commit.authored }),
    tags: [`author:${pseudonym}`, `file:${pathName(path)}`, `commit:${commit.hash}`],
    data: { commit: commit.hash, path, ...counts } satisfies FileChanged,
  }
}

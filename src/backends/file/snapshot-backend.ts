/** Saved states in a folder: a file each, made whole, with a checksum in its first line. docs/format.md specifies it. */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { isPerdureError, type AnyPerdureError } from '../../errors.js'
import { compareUtf8 } from '../../log/utf8-order.js'
import type { SnapshotBackend, SnapshotPlace } from '../protocol.js'
import { isMissing, isOutOfSpace } from '../../files/codes.js'
import { diskFull, readFailed, writeFailed } from './failures.js'
import { listOf, type FolderPaths } from './folder.js'
import { FORMAT } from './format.js'
import type { Files } from '../../files/platform.js'
import { encodeHeader, folderNameOf, nameOf, parseFirstLine, readSnapshot } from './snapshot-file.js'
import { createWhole } from '../../files/whole-write.js'

const NAME = /^(\d{16})\.json$/
const FOLDER_NAME = /^[0-9a-f]{32}$/
/** Begins the key of a folder that does not say whose it is. No projection's key does. */
const UNKNOWN_KEY = '?'
const UNFINISHED_NAME = /^\d{16}\.json\.new$/

export class FileSnapshots implements SnapshotBackend {
  readonly #files: Files
  readonly #paths: FolderPaths
  readonly #log: string
  readonly #assertOpen: (written?: 'no') => void
  /** Keys whose folders are there, and durable. */
  readonly #ready = new Set<string>()

  constructor(files: Files, paths: FolderPaths, log: string, assertOpen: (written?: 'no') => void) {
    this.#files = files
    this.#paths = paths
    this.#log = log
    this.#assertOpen = assertOpen
  }

  async put(place: SnapshotPlace, text: string): Promise<void> {
    this.#assertOpen('no')
    const { key, position } = place
    const path = join(this.#folderOf(key), nameOf(position))
    const body = Buffer.from(text)
    const sha256 = hash('sha256', body)
    const header = encodeHeader({ perdure: FORMAT, log: this.#log, key, position, bytes: body.length, sha256 })
    const pieces = [Buffer.from(header), body, NEWLINE]
    try {
      this.#create(key, path, pieces)
    } catch (error) {
      // Snapshots may be deleted at any time, with their folders.
      if (!this.#ready.delete(key) || !isMissing(error)) throw putFailed(path, error)
      this.#createAgain(key, path, pieces)
    }
  }

  async list(key?: string): Promise<readonly SnapshotPlace[]> {
    this.#assertOpen()
    if (key !== undefined) return this.#placesOf(key)
    const folders = (listOf(this.#files, this.#paths.snapshots) ?? []).filter((name) => FOLDER_NAME.test(name))
    const keys = folders.map((name) => this.#keyOf(name)).filter((one) => one !== undefined)
    return keys.sort(compareUtf8).flatMap((one) => this.#placesOf(one))
  }

  async read({ key, position }: SnapshotPlace): Promise<string | undefined> {
    this.#assertOpen()
    try {
      return readSnapshot(this.#files, join(this.#folderOf(key), nameOf(position)), this.#log)
    } catch (error) {
      if (isPerdureError(error) && isMissing(error.cause)) return undefined
      throw error
    }
  }

  async remove({ key, position }: SnapshotPlace): Promise<void> {
    this.#assertOpen('no')
    const path = join(this.#folderOf(key), nameOf(position))
    try {
      this.#files.remove(path)
    } catch (error) {
      if (!isMissing(error)) throw writeFailed(path, 'snapshot', 'no', error)
    }
  }

  #createAgain(key: string, path: string, pieces: readonly Uint8Array[]): void {
    try {
      this.#create(key, path, pieces)
    } catch (error) {
      throw putFailed(path, error)
    }
  }

  /** Costs the same however many there are of the key. */
  #create(key: string, path: string, pieces: readonly Uint8Array[]): void {
    const folder = this.#folderOf(key)
    if (!this.#ready.has(key)) {
      this.#makeFolder(this.#paths.snapshots, this.#paths.root)
      this.#makeFolder(folder, this.#paths.snapshots)
      this.#ready.add(key)
    }
    // Whoever made one that is there may have died before its name was durable.
    if (this.#exists(path)) this.#files.syncFolder(folder)
    else createWhole(this.#files, path, pieces, folder)
  }

  /** By names alone: no file is read. */
  #placesOf(key: string): SnapshotPlace[] {
    return this.#positions(key).map((position) => ({ key, position }))
  }

  #positions(key: string): number[] {
    const names = listOf(this.#files, this.#folderOf(key)) ?? []
    return names
      .map((name) => NAME.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
  }

  /** Of what the folder's snapshots are, as one of them says; undefined: it holds none. */
  #keyOf(name: string): string | undefined {
    const folder = join(this.#paths.snapshots, name)
    const files = (listOf(this.#files, folder) ?? []).filter((one) => NAME.test(one))
    for (const file of files) {
      try {
        const { key } = parseFirstLine(this.#files, join(folder, file))
        if (folderNameOf(key) === name) return key
      } catch (error) {
        // Whoever reads it is told; others are not concerned.
        if (!isPerdureError(error) || !['snapshot-malformed', 'format-newer'].includes(error.code)) throw error
      }
    }
    // None of them can be read; reading any says so, and removing it helps.
    return files.length === 0 ? undefined : UNKNOWN_KEY + name
  }

  #exists(path: string): boolean {
    try {
      this.#files.open(path, 'read').close()
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw readFailed(path, 0, error)
    }
  }

  /** Named by a digest of the key, which may hold anything and be of any length. */
  #folderOf(key: string): string {
    return join(this.#paths.snapshots, key.startsWith(UNKNOWN_KEY) ? key.slice(1) : folderNameOf(key))
  }

  #makeFolder(folder: string, parent: string): void {
    if (listOf(this.#files, folder) === undefined) this.#files.makeFolder(folder)
    // Even if it was there: whoever made it may have died before its name was durable.
    this.#files.syncFolder(parent)
  }
}

function putFailed(path: string, error: unknown): AnyPerdureError {
  if (isPerdureError(error)) return error
  return isOutOfSpace(error) ? diskFull(path, error) : writeFailed(path, 'snapshot', 'unknown', error)
}

const NEWLINE = Buffer.from('\n')

/** Paths of all snapshots. */
export function snapshotPaths(files: Files, paths: FolderPaths): string[] {
  return pathsOf(files, paths, NAME)
}

/** What a crash left half made; or what somebody is making. */
export function unfinishedSnapshots(files: Files, paths: FolderPaths): string[] {
  return pathsOf(files, paths, UNFINISHED_NAME)
}

function pathsOf(files: Files, paths: FolderPaths, name: RegExp): string[] {
  const folders = (listOf(files, paths.snapshots) ?? []).filter((folder) => FOLDER_NAME.test(folder))
  return folders.flatMap((one) => {
    const folder = join(paths.snapshots, one)
    return (listOf(files, folder) ?? []).filter((file) => name.test(file)).map((file) => join(folder, file))
  })
}

export function removeUnfinishedSnapshots(files: Files, paths: FolderPaths): void {
  for (const path of unfinishedSnapshots(files, paths)) files.remove(path)
}

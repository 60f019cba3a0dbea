/** Saved states in a folder: a file each, made whole, with a checksum in its first line. docs/format.md specifies it. */
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { isPerdureError, PerdureError } from '../../errors.js'
import type { SnapshotBackend, SnapshotInfo, SnapshotPlace } from '../protocol.js'
import { diskFull, isMissing, isOutOfSpace, writeFailed } from './failures.js'
import { listOf, type FolderPaths } from './folder.js'
import { FORMAT } from './format.js'
import { newerFormat } from './head-file.js'
import type { Files } from './platform.js'
import { readStart, readWhole } from './whole-read.js'
import { createWhole } from './whole-write.js'

const NAME = /^(\d{16})\.json$/
const UNFINISHED_NAME = /^\d{16}\.json\.new$/
/** Longer than any first line: a key is a projection's name and a selection. */
const FIRST_LINE_SIZE_MAX_BYTES = 4 * 1024 * 1024

interface Header {
  readonly perdure: number
  readonly log: string
  readonly key: string
  readonly position: number
  readonly bytes: number
  readonly sha256: string
}

export class FileSnapshots implements SnapshotBackend {
  readonly #files: Files
  readonly #paths: FolderPaths
  readonly #log: string
  readonly #assertOpen: (written?: 'no') => void

  constructor(files: Files, paths: FolderPaths, log: string, assertOpen: (written?: 'no') => void) {
    this.#files = files
    this.#paths = paths
    this.#log = log
    this.#assertOpen = assertOpen
  }

  async put(place: SnapshotPlace, text: string): Promise<void> {
    this.#assertOpen('no')
    const body = Buffer.from(text)
    const header: Header = {
      perdure: FORMAT,
      log: this.#log,
      ...place,
      bytes: body.length,
      sha256: hash('sha256', body),
    }
    const folder = this.#folderOf(place.key)
    const path = join(folder, nameOf(place.position))
    try {
      if (this.#positions(place.key).includes(place.position)) return
      this.#makeFolder(this.#paths.snapshots, this.#paths.root)
      this.#makeFolder(folder, this.#paths.snapshots)
      createWhole(this.#files, path, [Buffer.from(`${JSON.stringify(header)}\n`), body, NEWLINE], folder)
    } catch (error) {
      if (isPerdureError(error)) throw error
      throw isOutOfSpace(error) ? diskFull(path, error) : writeFailed(path, 'snapshot', 'unknown', error)
    }
  }

  async list(key?: string): Promise<readonly SnapshotInfo[]> {
    this.#assertOpen()
    if (key !== undefined) return this.#infosOf(key)
    const folders = listOf(this.#files, this.#paths.snapshots) ?? []
    const keys = folders
      .map((name) => this.#keyOf(join(this.#paths.snapshots, name)))
      .filter((one) => one !== undefined)
    return keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).flatMap((one) => this.#infosOf(one))
  }

  async read(place: SnapshotPlace): Promise<string | undefined> {
    this.#assertOpen()
    const path = join(this.#folderOf(place.key), nameOf(place.position))
    const bytes = this.#readIfThere(path)
    if (bytes === undefined) return undefined
    const end = bytes.indexOf(10)
    const header = parseHeader(bytes.subarray(0, Math.max(0, end)), path)
    const body = bytes.subarray(end + 1, -1)
    if (header.key !== place.key || header.position !== place.position || header.log !== this.#log) {
      throw malformed(path, 'it is one of something else', place)
    }
    const found = hash('sha256', body)
    if (found === header.sha256 && bytes.at(-1) === 10) return body.toString('utf8')
    throw malformed(path, 'its bytes are not those that were written', { ...place, expected: header.sha256, found })
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

  #infosOf(key: string): SnapshotInfo[] {
    const folder = this.#folderOf(key)
    return this.#positions(key).map((position) => {
      const bytes = parseFirstLine(this.#files, join(folder, nameOf(position))).bytes
      return { key, position, bytes }
    })
  }

  #positions(key: string): number[] {
    const names = listOf(this.#files, this.#folderOf(key)) ?? []
    return names
      .map((name) => NAME.exec(name)?.[1])
      .filter((digits) => digits !== undefined)
      .map(Number)
      .sort((a, b) => a - b)
  }

  /** Of what the folder's snapshots are; undefined: it holds none. */
  #keyOf(folder: string): string | undefined {
    const name = (listOf(this.#files, folder) ?? []).find((one) => NAME.test(one))
    return name === undefined ? undefined : parseFirstLine(this.#files, join(folder, name)).key
  }

  /** Named by a digest of the key, which may hold anything and be of any length. */
  #folderOf(key: string): string {
    return join(this.#paths.snapshots, hash('sha256', key).slice(0, 32))
  }

  #makeFolder(folder: string, parent: string): void {
    if (listOf(this.#files, folder) === undefined) this.#files.makeFolder(folder)
    // Even if it was there: whoever made it may have died before its name was durable.
    this.#files.syncFolder(parent)
  }

  #readIfThere(path: string): Buffer | undefined {
    try {
      return readWhole(this.#files, path)
    } catch (error) {
      if (isPerdureError(error) && isMissing(error.cause)) return undefined
      throw error
    }
  }
}

const NEWLINE = Buffer.from('\n')

function nameOf(position: number): string {
  return `${String(position).padStart(16, '0')}.json`
}

/** What a crash left half made. */
export function removeUnfinishedSnapshots(files: Files, paths: FolderPaths): void {
  for (const name of listOf(files, paths.snapshots) ?? []) {
    const folder = join(paths.snapshots, name)
    if (!/^[0-9a-f]{32}$/.test(name)) continue
    for (const file of listOf(files, folder) ?? []) if (UNFINISHED_NAME.test(file)) files.remove(join(folder, file))
  }
}

function parseFirstLine(files: Files, path: string): Header {
  for (let size = 4096; ; size *= 16) {
    const bytes = readStart(files, path, size)
    const end = bytes.indexOf(10)
    if (end >= 0) return parseHeader(bytes.subarray(0, end), path)
    if (bytes.length < size || size > FIRST_LINE_SIZE_MAX_BYTES) throw malformed(path, 'its first line has no end')
  }
}

function parseHeader(line: Buffer, path: string): Header {
  let header: Partial<Header> | null
  try {
    header = JSON.parse(line.toString('utf8')) as Partial<Header> | null
  } catch (error) {
    throw malformed(path, 'its first line is not JSON', {}, error)
  }
  const { perdure, log, key, position, bytes, sha256 } = header ?? {}
  if (typeof perdure === 'number' && perdure > FORMAT) throw newerFormat(path, perdure)
  const numbers = [perdure, position, bytes].every((one) => Number.isSafeInteger(one))
  if (!numbers || [log, key, sha256].some((one) => typeof one !== 'string')) {
    throw malformed(path, 'its first line is not that of a snapshot')
  }
  return header as Header
}

function malformed(
  path: string,
  problem: string,
  facts: { key?: string; position?: number; expected?: string; found?: string } = {},
  cause?: unknown,
): PerdureError<'snapshot-malformed'> {
  return new PerdureError(
    'snapshot-malformed',
    `the snapshot ${path} is malformed: ${problem}`,
    { path, ...facts },
    {
      cause,
      hint: 'A snapshot can be made again: delete the file, or open with { snapshots: { rebuild: true } }.',
    },
  )
}

/** The folder of a log: what it holds, and whether it is one at all. Only looks. */
import { join } from 'node:path'
import { PerdureError } from '../../errors.js'
import { codeOf, isMissing } from '../../files/codes.js'
import { readFailed } from './failures.js'
import {
  HEAD_NAME,
  INDEX_NAME,
  KV_NAME,
  LOCK_NAME,
  parseSegmentName,
  SEGMENTS_NAME,
  segmentName,
  SNAPSHOTS_NAME,
  TORN_NAME,
  indexName,
} from './format.js'
import { UNFINISHED } from '../../files/whole-write.js'
import type { Files } from '../../files/platform.js'

/** Paths of a log's folder. */
export class FolderPaths {
  readonly head: string
  readonly lock: string
  readonly segments: string
  readonly index: string
  readonly torn: string
  readonly kv: string
  readonly kvHead: string
  readonly snapshots: string

  constructor(readonly root: string) {
    this.head = join(root, HEAD_NAME)
    this.lock = join(root, LOCK_NAME)
    this.segments = join(root, SEGMENTS_NAME)
    this.index = join(root, INDEX_NAME)
    this.torn = join(root, TORN_NAME)
    this.kv = join(root, KV_NAME)
    this.kvHead = join(this.kv, HEAD_NAME)
    this.snapshots = join(root, SNAPSHOTS_NAME)
  }

  segment(from: number): string {
    return join(this.segments, segmentName(from))
  }

  kvFile(from: number): string {
    return join(this.kv, segmentName(from))
  }

  indexOf(from: number): string {
    return join(this.index, indexName(from))
  }
}

export interface FolderContents {
  /** Nothing but, perhaps, what a begun initialisation leaves. */
  readonly isNew: boolean
  readonly hasHead: boolean
  /** First positions, in order. */
  readonly segments: readonly number[]
  /** Paths of files that were being made. */
  readonly unfinished: readonly string[]
}

/** May stand in a folder that holds no log yet: the lock, with what SQLite puts beside it, and an unfinished head. */
const BEGUN_NAMES: ReadonlySet<string> = new Set([LOCK_NAME, `${LOCK_NAME}-journal`, HEAD_NAME + UNFINISHED])

/** Undefined: there is no such folder. @throws PerdureError `store-foreign`, `backend-failed` */
export function lookInto(files: Files, paths: FolderPaths): FolderContents | undefined {
  const names = listOf(files, paths.root)
  if (names === undefined) return undefined
  const segmentFiles = listOf(files, paths.segments) ?? []
  const indexFiles = listOf(files, paths.index) ?? []
  const tornFiles = listOf(files, paths.torn) ?? []
  const segments = segmentFiles.map(parseSegmentName).filter((from) => from !== undefined)
  const hasHead = names.includes(HEAD_NAME)
  const isLog = hasHead || segments.length > 0
  const other = names.find((name) => !BEGUN_NAMES.has(name))
  if (!isLog && other !== undefined) throw foreign(paths.root, other)
  const unfinished = [
    ...names.filter((name) => name === HEAD_NAME + UNFINISHED).map((name) => join(paths.root, name)),
    ...segmentFiles.filter((name) => UNFINISHED_SEGMENT.test(name)).map((name) => join(paths.segments, name)),
    ...indexFiles.filter((name) => UNFINISHED_INDEX.test(name)).map((name) => join(paths.index, name)),
    ...tornFiles.filter((name) => UNFINISHED_TORN.test(name)).map((name) => join(paths.torn, name)),
  ]
  return { isNew: !isLog, hasHead, segments: segments.sort((a, b) => a - b), unfinished }
}

// What we make and no more: a file of somebody else's is never removed.
const UNFINISHED_SEGMENT = /^\d{16}\.ndjson\.new$/
const UNFINISHED_INDEX = /^\d{16}\.index\.new$/
const UNFINISHED_TORN = /^(kv-)?\d+(\.\d+)?\.new$/

/** Names in a folder; undefined if there is none. */
export function listOf(files: Files, folder: string): readonly string[] | undefined {
  try {
    return files.list(folder)
  } catch (error) {
    if (isMissing(error)) return undefined
    if (codeOf(error) === 'ENOTDIR') throw foreign(folder, 'a file, not a folder')
    if (['EACCES', 'EPERM'].includes(codeOf(error))) throw unwritable(folder, error)
    throw readFailed(folder, 0, error)
  }
}

function foreign(path: string, found: string): PerdureError<'store-foreign'> {
  return new PerdureError(
    'store-foreign',
    `${path} is not a log: it holds ${JSON.stringify(found)}`,
    { path, found },
    {
      hint: 'Name the folder of a log, or an empty or new folder to make one in.',
    },
  )
}

export function missing(path: string, problem: string): PerdureError<'store-missing'> {
  return new PerdureError(
    'store-missing',
    `${path} ${problem}`,
    { path },
    {
      hint: 'Check the path and that its disk is mounted. To make a new store there, run perdure init or open with { create: true }.',
    },
  )
}

export function unwritable(path: string, cause: unknown): PerdureError<'store-unwritable'> {
  return new PerdureError(
    'store-unwritable',
    `${path} cannot be written by this user`,
    { path },
    {
      cause,
      hint: 'Change its owner or mode, or open it as a user who may write it.',
    },
  )
}

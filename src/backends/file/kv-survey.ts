/** Looks at the file of current values and decides what of it is true. Reads only. */
import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { isPerdureError, PerdureError } from '../../errors.js'
import type { CorruptFacts } from './failures.js'
import { listOf, type FolderPaths } from './folder.js'
import {
  encodeHeader,
  FORMAT,
  HEAD_NAME,
  OWN_LINE_SIZE_MAX_BYTES,
  parseHeader,
  parseSegmentName,
  segmentName,
  type HeadState,
} from './format.js'
import { UNFINISHED } from '../../files/whole-write.js'
import { newerFormat, readHead, type ReadHead } from './head-file.js'
import { parseKvLine } from './kv-line.js'
import type { Files } from '../../files/platform.js'
import { readPiece, type Damage, type Piece } from './segment-walk.js'
import { findMarkAfter } from './survey.js'
import { readWhole } from './whole-read.js'

const NEWLINE = 10
const UNFINISHED_FILE = /^\d{16}\.ndjson\.new$/

/** Where the newest value of a key stands. */
export interface KvPlace {
  readonly revision: number
  readonly offset: number
  /** Of the line, without its newline. */
  readonly bytes: number
  readonly crc32: number
}

export interface KvSurvey {
  /** Undefined: nothing was ever put. */
  readonly head: ReadHead | undefined
  /** Of the file that the head names, or without a head of the newest one; undefined: there is none. */
  readonly walk: KvWalk | undefined
  /** Up to where the head vouches for it. */
  readonly vouchedBytes: number
  readonly torn: Damage | undefined
  /** Names in the folder of what is not needed any more, or never was. */
  readonly leftovers: KvLeftovers
}

export interface KvLeftovers {
  /** Were being made. */
  readonly unfinished: readonly string[]
  /** Made by a compaction that did not get as far as the head; what they hold is in the file that the head names. */
  readonly unfollowed: readonly string[]
  /** Left behind by a compaction. */
  readonly outdated: readonly string[]
}

/**
 * With `acceptTail` a head that is missing or unreadable is no refusal: nothing is then vouched for.
 *
 * @throws PerdureError `kv-corrupt`, `head-missing`, `format-newer`, `backend-failed`
 */
export function surveyKv(files: Files, paths: FolderPaths, log: string, acceptTail: boolean): KvSurvey {
  const names = listOf(files, paths.kv) ?? []
  const found = names.map(parseSegmentName).filter((from) => from !== undefined)
  const head = names.includes(HEAD_NAME) ? readKvHead(files, paths, log, acceptTail) : undefined
  if (head === undefined && found.length > 0 && !acceptTail) throw headMissing(paths)
  const from = head?.state.segment ?? Math.max(0, ...found)
  for (const other of found) if (other > from) checkUnfollowed(files, paths, log, other)
  const leftovers = {
    unfinished: names.filter(isUnfinished),
    unfollowed: found.filter((other) => other > from).map(segmentName),
    outdated: found.filter((other) => other < from).map(segmentName),
  }
  if (from === 0) return { head, walk: undefined, vouchedBytes: 0, torn: undefined, leftovers }
  if (!found.includes(from)) {
    throw fileMissing(paths.kvFile(from))
  }
  return { head, leftovers, ...walkFile(files, paths.kvFile(from), log, from, head?.state) }
}

/** A head that does not know a file with puts of its own is an old copy of the head: then nothing may be removed. */
function checkUnfollowed(files: Files, paths: FolderPaths, log: string, from: number): void {
  const path = paths.kvFile(from)
  const walk = new KvWalk(readWhole(files, path), log, from)
  let damage = walk.header()
  while (damage === undefined && walk.offset < walk.bytes.length) damage = walk.takePiece(false)
  if (walk.last < from) return
  throw kvCorrupt('a newer file of current values than the head knows', {
    path: paths.kvHead,
    expected: `file ${from}, up to revision ${walk.last}`,
    found: 'an older head',
  })
}

/** What a head vouches for, and no more: for an observer. Undefined: nothing was ever put. */
export function readVouched(files: Files, paths: FolderPaths, log: string, { state }: ReadHead): KvWalk | undefined {
  if (state.segment === 0) return undefined
  const path = paths.kvFile(state.segment)
  const bytes = readWhole(files, path).subarray(0, state.bytes)
  checkVouched(bytes, state, path)
  const walk = new KvWalk(bytes, log, state.segment)
  const damage = walk.header() ?? walk.takeUpTo(state.bytes, true)
  if (damage !== undefined) throw kvDamaged(path, damage)
  return walk
}

/** Undefined: there is none that can be read, and `acceptTail` says to go on without. */
export function readKvHead(files: Files, paths: FolderPaths, log: string, acceptTail: boolean): ReadHead | undefined {
  let head: ReadHead | undefined
  try {
    head = readHead(files, paths.kvHead)
  } catch (error) {
    if (!isPerdureError(error) || error.code !== 'log-corrupt') throw error
    if (acceptTail) return undefined
    throw kvCorrupt('neither slot of the head is valid', { path: paths.kvHead, offset: 0 }, REPAIR_HINT)
  }
  if (head === undefined || head.state.log === log) return head
  throw kvCorrupt('the head of the current values is that of another log', {
    path: paths.kvHead,
    expected: log,
    found: head.state.log,
  })
}

function isUnfinished(name: string): boolean {
  return name === HEAD_NAME + UNFINISHED || UNFINISHED_FILE.test(name)
}

function walkFile(
  files: Files,
  path: string,
  log: string,
  from: number,
  head: HeadState | undefined,
): Pick<KvSurvey, 'walk' | 'vouchedBytes' | 'torn'> {
  const bytes = readWhole(files, path)
  const walk = new KvWalk(bytes, log, from)
  const vouchedBytes = head?.bytes ?? 0
  if (head !== undefined) checkVouched(bytes, head, path)
  const damage = walk.header() ?? walk.takeUpTo(vouchedBytes, true)
  if (damage !== undefined) throw kvDamaged(path, damage)
  if (head !== undefined && walk.last !== head.last) {
    throw kvCorrupt('the head names another revision', { path, expected: head.last, found: walk.last })
  }
  while (walk.offset < bytes.length) {
    const torn = walk.takePiece(false)
    if (torn === undefined) continue
    if (findMarkAfter(bytes, torn) !== undefined) throw kvDamaged(path, torn)
    return { walk, vouchedBytes, torn }
  }
  return { walk, vouchedBytes, torn: undefined }
}

/** What the head vouches for must be there, byte for byte. */
function checkVouched(bytes: Buffer, head: HeadState, path: string): void {
  if (bytes.length < head.bytes) {
    const facts = { path, offset: bytes.length, expected: `${head.bytes} bytes`, found: `${bytes.length} bytes` }
    throw kvCorrupt('the file is shorter than its head says', facts)
  }
  const found = createHash('sha256').update(bytes.subarray(0, head.bytes)).digest('hex')
  if (found === head.sha256) return
  throw kvCorrupt('the bytes are not those that were acknowledged', { path, offset: 0, expected: head.sha256, found })
}

/** What a walk knows of the values up to where it has come. */
export class KvWalk {
  readonly places = new Map<string, KvPlace>()
  readonly #hash: Hash = createHash('sha256')
  #offset = 0
  #last: number

  constructor(
    readonly bytes: Buffer,
    readonly log: string,
    readonly from: number,
  ) {
    this.#last = from - 1
  }

  get offset(): number {
    return this.#offset
  }

  /** The newest revision. */
  get last(): number {
    return this.#last
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  runningHash(): Hash {
    return this.#hash.copy()
  }

  header(): Damage | undefined {
    const header = encodeHeader(this.log, this.from)
    const found = this.bytes.toString('latin1', 0, Math.min(header.length, this.bytes.length))
    const line = this.bytes.toString('latin1', 0, OWN_LINE_SIZE_MAX_BYTES).split('\n')[0] ?? ''
    const format = parseHeader(line)?.perdure ?? FORMAT
    if (format > FORMAT) throw newerFormat(`the file of current values ${this.from}`, format)
    if (found !== header) {
      return { ...this.#damage('the header is not that of this file'), expected: header, found }
    }
    this.#take(header.length)
    return undefined
  }

  takeUpTo(end: number, trusted: boolean): Damage | undefined {
    while (this.#offset < end) {
      const damage = this.takePiece(trusted)
      if (damage !== undefined) return damage
    }
    return this.#offset >= end ? undefined : this.#damage('a group reaches beyond the end that is on record')
  }

  /** Takes the next group, or says why that cannot be; then nothing is taken. */
  takePiece(trusted: boolean): Damage | undefined {
    const piece = readPiece(this.bytes, this.#offset, this.#last, trusted ? undefined : () => this.digest())
    if ('problem' in piece) return piece
    if (piece.kind === 'footer') return this.#damage('a footer has no place here')
    return this.#takeLines(piece)
  }

  #takeLines(piece: Piece): Damage | undefined {
    const taken: (() => void)[] = []
    let last = this.#last
    let start = piece.linesStart
    while (start < piece.end) {
      const end = this.bytes.indexOf(NEWLINE, start)
      const line = end < 0 || end >= piece.end ? undefined : parseKvLine(this.bytes.toString('utf8', start, end))
      if (line === undefined) return this.#damage('a value is malformed', start)
      // A compaction keeps values with the revisions they had; what was put since has newer ones.
      const isKept = line.revision < this.from && last === this.from - 1
      if (!isKept && line.revision !== last + 1) return this.#damage(`a value says revision ${line.revision}`, start)
      last = Math.max(last, line.revision)
      taken.push(this.#place(line, start, end))
      start = end + 1
    }
    if (taken.length !== piece.events) return this.#damage(`a group of ${piece.events} holds ${taken.length} values`)
    for (const take of taken) take()
    this.#take(piece.end)
    this.#last = last
    return undefined
  }

  #place(line: { revision: number; key: string; isDeletion: boolean }, offset: number, end: number): () => void {
    const { revision, key, isDeletion } = line
    if (isDeletion) return () => this.places.delete(key)
    const checksum = crc32(this.bytes.subarray(offset, end))
    return () => this.places.set(key, { revision, offset, bytes: end - offset, crc32: checksum })
  }

  #take(end: number): void {
    this.#hash.update(this.bytes.subarray(this.#offset, end))
    this.#offset = end
  }

  #damage(problem: string, offset = this.#offset): Damage {
    return { problem, offset, position: this.#last + 1, pieceOffset: this.#offset }
  }
}

export function fileMissing(path: string): PerdureError<'kv-corrupt'> {
  return kvCorrupt('the file of current values that its head names is missing', { path })
}

export function kvCorrupt(
  problem: string,
  facts: Omit<CorruptFacts, 'position'>,
  hint = 'Nothing has been changed. Restore the folder kv of the log from a copy.',
): PerdureError<'kv-corrupt'> {
  const where = facts.offset === undefined ? facts.path : `${facts.path} at byte ${facts.offset}`
  return new PerdureError('kv-corrupt', `${where}: ${problem}`, facts, { hint })
}

function kvDamaged(path: string, { problem, offset, expected, found }: Damage): PerdureError<'kv-corrupt'> {
  return kvCorrupt(problem, {
    path,
    offset,
    ...(expected === undefined ? {} : { expected }),
    ...(found === undefined ? {} : { found }),
  })
}

export function headMissing(paths: FolderPaths): PerdureError<'head-missing'> {
  return new PerdureError(
    'head-missing',
    `${paths.kvHead} is missing, so what was acknowledged of the current values cannot be known`,
    { path: paths.kvHead },
    { hint: REPAIR_HINT },
  )
}

const REPAIR_HINT =
  'Restore it from a copy. If there is none, perdure repair --accept-tail takes the values as they stand.'

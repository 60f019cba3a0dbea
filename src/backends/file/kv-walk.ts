/** Goes through a file of current values, group by group, and knows what each key has up to where it has come. */
import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { SortedKeys } from '../sorted-keys.js'
import { encodeHeader, FORMAT, OWN_LINE_SIZE_MAX_BYTES, parseHeader } from './format.js'
import { newerFormat } from './head-file.js'
import { parseKvLine, type KvLine } from './kv-line.js'
import { readPiece, type Damage, type Piece } from './segment-walk.js'

const NEWLINE = 10

/** Where the newest value of a key stands. */
export interface KvPlace {
  readonly revision: number
  readonly offset: number
  /** Of the line, without its newline. */
  readonly bytes: number
  readonly crc32: number
}

export class KvWalk {
  readonly places = new Map<string, KvPlace>()
  /** Those of `places`. */
  readonly keys = new SortedKeys()
  readonly #hash: Hash = createHash('sha256')
  #room: Buffer
  #bytes: Buffer
  #offset = 0
  #last: number

  constructor(
    bytes: Buffer,
    readonly log: string,
    readonly from: number,
  ) {
    this.#room = this.#bytes = bytes
    this.#last = from - 1
  }

  /** Of the file, as far as they were read. */
  get bytes(): Buffer {
    return this.#bytes
  }

  get offset(): number {
    return this.#offset
  }

  /** The newest revision. */
  get last(): number {
    return this.#last
  }

  /** More of the file was read. */
  extend(more: Buffer): void {
    const { length } = this.#bytes
    const end = length + more.length
    if (end > this.#room.length) {
      this.#room = Buffer.allocUnsafe(Math.max(end, this.#room.length * 2))
      this.#bytes.copy(this.#room)
    }
    more.copy(this.#room, length)
    this.#bytes = this.#room.subarray(0, end)
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  /** Of what stands before `end`, taken or not. */
  digestUpTo(end: number): string {
    return this.#hash.copy().update(this.#bytes.subarray(this.#offset, end)).digest('hex')
  }

  runningHash(): Hash {
    return this.#hash.copy()
  }

  header(): Damage | undefined {
    const header = encodeHeader(this.log, this.from)
    const found = this.#bytes.toString('latin1', 0, Math.min(header.length, this.#bytes.length))
    const line = this.#bytes.toString('latin1', 0, OWN_LINE_SIZE_MAX_BYTES).split('\n')[0] ?? ''
    const format = parseHeader(line)?.perdure ?? FORMAT
    if (format > FORMAT) throw newerFormat(`the file of current values ${this.from}`, format)
    if (found !== header) {
      return { ...this.#damage('the header is not that of this file'), expected: header, found }
    }
    this.#take(header.length)
    return undefined
  }

  /** From wherever it stands, the header included. */
  takeUpTo(end: number, trusted: boolean): Damage | undefined {
    const damage = this.#offset === 0 ? this.header() : undefined
    if (damage !== undefined) return damage
    while (this.#offset < end) {
      const damage = this.takePiece(trusted)
      if (damage !== undefined) return damage
    }
    return this.#offset >= end ? undefined : this.#damage('a group reaches beyond the end that is on record')
  }

  /** Takes the next group, or says why that cannot be; then nothing is taken. */
  takePiece(trusted: boolean): Damage | undefined {
    const piece = readPiece(this.#bytes, this.#offset, this.#last, trusted ? undefined : () => this.digest())
    if ('problem' in piece) return piece
    if (piece.kind === 'footer') return this.#damage('a footer has no place here')
    return this.#takeLines(piece)
  }

  #takeLines(piece: Piece): Damage | undefined {
    const taken: (() => void)[] = []
    let last = this.#last
    let start = piece.linesStart
    while (start < piece.end) {
      const end = this.#bytes.indexOf(NEWLINE, start)
      const line = end < 0 || end >= piece.end ? undefined : parseKvLine(this.#bytes.toString('utf8', start, end))
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

  #place({ revision, key, isDeletion }: KvLine, offset: number, end: number): () => void {
    const checksum = crc32(this.#bytes.subarray(offset, end))
    return () => {
      this.keys.note(key)
      if (isDeletion) this.places.delete(key)
      else this.places.set(key, { revision, offset, bytes: end - offset, crc32: checksum })
    }
  }

  #take(end: number): void {
    this.#hash.update(this.#bytes.subarray(this.#offset, end))
    this.#offset = end
  }

  #damage(problem: string, offset = this.#offset): Damage {
    return { problem, offset, position: this.#last + 1, pieceOffset: this.#offset }
  }
}

/** Walks the bytes of a segment: header, groups, footer. Opening, rebuilding an index and verifying all see it alike. */
import { createHash, hash as hashOnce, type Hash } from 'node:crypto'
import { MalformedLine, scanEnvelope, type Envelope } from '../../log/line.js'
import type { PerdureError } from '../../errors.js'
import { corrupt, type CorruptFacts } from './failures.js'
import {
  encodeFooter,
  encodeHeader,
  encodeMark,
  OWN_LINE_SIZE_MAX_BYTES,
  parseFooter,
  parseMark,
  type Extent,
} from './format.js'
import { OpenIndex } from './open-index.js'

const NEWLINE = 10

/** A group or the footer, as it stands in the segment. */
export interface Piece {
  readonly kind: 'group' | 'footer'
  /** Of the mark or footer line. */
  readonly start: number
  readonly end: number
  /** Of the group's first event line. */
  readonly linesStart: number
  readonly events: number
}

export interface Damage extends Omit<CorruptFacts, 'path'> {
  readonly problem: string
  readonly offset: number
  readonly position: number
  /** Where the piece begins that cannot be taken. */
  readonly pieceOffset: number
}

/** The damage as an error. */
export function damaged(path: string, { problem, pieceOffset: _, ...facts }: Damage): PerdureError<'log-corrupt'> {
  return corrupt(problem, { path, ...facts })
}

/**
 * Reads the piece at `offset`. `before` says what stands before it; with `digest`, marks must agree with that and groups
 * with their own hash, without it only the form is checked (the caller has checked the whole).
 */
export function readPiece(
  bytes: Buffer,
  offset: number,
  last: number,
  digest: (() => string) | undefined,
): Piece | Damage {
  const damage = (problem: string, facts: Partial<Damage> = {}): Damage => ({
    problem,
    offset,
    position: last + 1,
    pieceOffset: offset,
    ...facts,
  })
  const lineEnd = bytes.subarray(offset, offset + OWN_LINE_SIZE_MAX_BYTES).indexOf(NEWLINE)
  if (lineEnd < 0) return damage('a mark has no end')
  const linesStart = offset + lineEnd + 1
  const text = bytes.toString('latin1', offset, linesStart - 1)
  const mark = parseMark(text)
  const before = mark?.before ?? parseFooter(text)
  if (before === undefined) return damage('neither a mark nor a footer stands here')
  const expected: Extent = { bytes: offset, last, sha256: digest?.() ?? before.sha256 }
  for (const fact of ['bytes', 'last', 'sha256'] as const) {
    if (before[fact] !== expected[fact]) {
      return damage(`the mark's ${fact} does not agree with what stands before it`, {
        expected: before[fact],
        found: expected[fact],
      })
    }
  }
  // Byte for byte, so that nothing can hide beside what was parsed.
  const canonical = mark === undefined ? encodeFooter(before) : encodeMark(before, mark.group)
  if (canonical !== text + '\n') return damage('the mark is not written as the format has it')
  if (mark === undefined) return { kind: 'footer', start: offset, end: linesStart, linesStart, events: 0 }
  const { group } = mark
  const end = linesStart + group.bytes
  if (end > bytes.length) {
    return damage('the group is cut short', { expected: group.bytes, found: bytes.length - linesStart })
  }
  if (digest !== undefined) {
    const found = hashOnce('sha256', bytes.subarray(linesStart, end))
    if (found !== group.sha256) return damage('the group is not what its mark says', { expected: group.sha256, found })
  }
  return { kind: 'group', start: offset, end, linesStart, events: group.events }
}

/** What a walk knows of a segment up to where it has come. */
export class SegmentWalk {
  #bytes: Buffer
  #index = new OpenIndex()
  #hash = createHash('sha256')
  #offset = 0
  #last: number
  /** Of all before the footer, once there is one. */
  #closedDigest: string | undefined
  /** Groups and footers taken. */
  pieces = 0
  /** Whether the index came from the disk, and nothing has been taken since. */
  isIndexed = false

  constructor(
    bytes: Buffer,
    readonly log: string,
    readonly from: number,
  ) {
    this.#bytes = bytes
    this.#last = from - 1
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  /** More of the same file has been read; what has been taken of it stands as it did. */
  extend(bytes: Buffer): void {
    this.#bytes = bytes
  }

  get index(): OpenIndex {
    return this.#index
  }

  get offset(): number {
    return this.#offset
  }

  get last(): number {
    return this.#last
  }

  get isClosed(): boolean {
    return this.#closedDigest !== undefined
  }

  /** SHA-256 of all up to here. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  /** The running SHA-256, to go on with. */
  runningHash(): Hash {
    return this.#hash.copy()
  }

  /** SHA-256 of all before the footer, or of all if there is none: what an index is bound to. */
  contentDigest(): string {
    return this.#closedDigest ?? this.digest()
  }

  header(): Damage | undefined {
    const header = encodeHeader(this.log, this.from)
    const found = this.bytes.toString('latin1', 0, Math.min(header.length, this.bytes.length))
    if (found !== header) {
      return { ...this.#damage('the header is not that of this segment'), expected: header, found }
    }
    this.#take(header.length, [])
    return undefined
  }

  /** Takes everything up to `end` at once: the caller trusts these bytes, and has the index that was made of them. */
  takeIndexed(end: number, index: OpenIndex, hash: Hash): void {
    this.#hash = hash
    this.#index = index
    this.isIndexed = true
    this.#offset = end
    this.#last = this.from - 1 + index.events
  }

  /**
   * Takes the pieces up to `end`, which must be where one ends. `trusted`: the caller has compared the digest of these
   * bytes with one that it trusts, so marks need not be checked against the bytes before them one by one.
   */
  takeUpTo(end: number, trusted: boolean): Damage | undefined {
    while (this.#offset < end) {
      const damage = this.takePiece(trusted)
      if (damage !== undefined) return damage
    }
    return this.#offset === end ? undefined : this.#damage('a group reaches beyond the end that is on record')
  }

  /** Takes the next group or footer, or says why that cannot be; then nothing is taken. */
  takePiece(trusted = false): Damage | undefined {
    if (this.isClosed) return this.#damage('something follows the footer')
    const piece = readPiece(this.bytes, this.#offset, this.#last, trusted ? undefined : () => this.digest())
    if ('problem' in piece) return piece
    if (piece.kind === 'footer') {
      this.#closedDigest = this.digest()
      this.#take(piece.end, [])
      return undefined
    }
    const events = this.#readEvents(piece)
    if ('problem' in events) return events
    const lineEnds: number[] = []
    for (const { envelope, end } of events.lines) {
      this.#index.add(envelope, envelope.stream, envelope.revision, envelope.time)
      lineEnds.push(end - piece.start)
    }
    this.#take(piece.end, lineEnds)
    this.#last += piece.events
    return undefined
  }

  /** The events taken so far, read again. */
  *events(): Generator<{ envelope: Envelope }, void, void> {
    for (let start = 0; start < this.#offset;) {
      const end = this.bytes.indexOf(NEWLINE, start)
      const isEvent = this.bytes[start + 3] === 0x6f
      if (isEvent) yield { envelope: scanEnvelope(this.bytes.toString('utf8', start, end)) }
      start = end + 1
    }
  }

  #readEvents(piece: Piece): { lines: readonly { envelope: Envelope; end: number }[] } | Damage {
    const lines: { envelope: Envelope; end: number }[] = []
    let start = piece.linesStart
    while (start < piece.end) {
      const newline = this.bytes.indexOf(NEWLINE, start)
      const position = this.#last + 1 + lines.length
      if (newline < 0 || newline >= piece.end) return this.#damage('an event has no end', start, position)
      try {
        const envelope = scanEnvelope(this.bytes.toString('utf8', start, newline))
        if (envelope.position !== position) {
          return this.#damage(`an event says position ${envelope.position}`, start, position)
        }
        lines.push({ envelope, end: newline + 1 })
      } catch (error) {
        if (!(error instanceof MalformedLine)) throw error
        return this.#damage(`an event is malformed: ${error.message}`, start, position)
      }
      start = newline + 1
    }
    const end = lines.at(-1)?.envelope
    if (end !== undefined && end.position !== end.first + end.count - 1) {
      return this.#damage('a group ends in the middle of a commit')
    }
    if (lines.length !== piece.events) return this.#damage(`a group of ${piece.events} holds ${lines.length} events`)
    return { lines }
  }

  #take(end: number, lineEnds: readonly number[]): void {
    const part = this.bytes.subarray(this.#offset, end)
    if (this.#offset > 0) this.pieces++
    this.isIndexed = false
    this.#hash.update(part)
    this.#index.blocks.append(part, lineEnds)
    this.#offset = end
  }

  #damage(problem: string, offset = this.#offset, position = this.#last + 1): Damage {
    return { problem, offset, position, pieceOffset: this.#offset }
  }
}

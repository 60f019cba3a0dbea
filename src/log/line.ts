/** The line: an event's one serialisation. Written and read here and nowhere else; docs/format.md specifies it. */
import type { CommitWrite, EncodedEvent, Line } from '../backends/protocol.js'
import type { Meta, RecordedEvent } from '../events.js'
import { deepFreeze, encodeJson, type Json } from '../json.js'

/** Where and when an event was recorded; given by the backend, under its lock. */
export interface Place {
  readonly position: number
  readonly first: number
  readonly count: number
  readonly revision: number
  readonly time: string
}

/** The line of an event at its place. `streamJson` is the stream's name as JSON, made once per write. */
export function composeLine(event: EncodedEvent, streamJson: string, place: Place): Line {
  const commit = place.count === 1 ? '' : `,"commit":[${place.first},${place.count}]`
  return (
    `{"position":${place.position}${commit},"stream":${streamJson},"revision":${place.revision}` +
    `${event.front},"time":"${place.time}"${event.back}`
  )
}

/**
 * The lines of a commit, in order. `revisions` comes back with the revision of each stream written; where it has none
 * yet, `revisionOf` says what the stream's was.
 */
export function composeCommit(
  writes: readonly CommitWrite[],
  head: number,
  revisionOf: (stream: string) => number,
  revisions: Map<string, number>,
  time: string,
): Line[] {
  const lines: Line[] = []
  const first = head + 1
  let count = 0
  for (const { events } of writes) count += events.length
  for (const { stream, events } of writes) {
    const streamJson = encodeJson(stream)
    let revision = revisions.get(stream) ?? revisionOf(stream)
    for (const event of events) {
      lines.push(
        composeLine(event, streamJson, { position: first + lines.length, first, count, revision: ++revision, time }),
      )
    }
    revisions.set(stream, revision)
  }
  return lines
}

/** What can be known of a line without parsing its content. */
export interface Envelope {
  readonly position: number
  readonly first: number
  readonly count: number
  readonly stream: string
  readonly revision: number
  readonly id: string
  readonly type: string
  readonly version: number
  readonly time: string
  readonly tags: readonly string[]
}

/** Not a line as docs/format.md has it. Internal: who read it knows the place and says `log-corrupt`. */
export class MalformedLine extends Error {}

const NO_TAGS: readonly string[] = Object.freeze([])
const NO_META: Meta = Object.freeze({})

/**
 * Reads a line from its front, relying on the fixed order of keys: the names and numbers of the envelope without
 * parsing `data`. A raw `,"type":"` cannot occur inside an earlier string, where each quote is escaped.
 */
class LineScanner {
  #at: number

  constructor(readonly line: Line) {
    this.#at = 0
  }

  /** Steps over this exact text. */
  expect(text: string): void {
    if (!this.skip(text)) throw new MalformedLine(`${text} is missing at character ${this.#at}`)
  }

  skip(text: string): boolean {
    if (!this.line.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  integer(): number {
    let at = this.#at
    let value = 0
    for (;;) {
      const digit = this.line.charCodeAt(at) - 48
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      at++
    }
    if (at === this.#at || !Number.isSafeInteger(value)) {
      throw new MalformedLine(`no whole number at character ${this.#at}`)
    }
    this.#at = at
    return value
  }

  string(): string {
    const { line } = this
    const start = this.#at
    if (line.charCodeAt(start) !== 0x22) throw new MalformedLine(`no string at character ${start}`)
    let end = line.indexOf('"', start + 1)
    const plain = line.slice(start + 1, end)
    if (end > 0 && !plain.includes('\\')) {
      this.#at = end + 1
      return plain
    }
    while (end > 0 && isEscaped(line, end)) end = line.indexOf('"', end + 1)
    if (end < 0) throw new MalformedLine(`a string without an end at character ${start}`)
    this.#at = end + 1
    return parseText(line.slice(start, end + 1)) as string
  }

  /** Strings between brackets; only called where tags stand. */
  strings(): string[] {
    const values: string[] = []
    this.expect('[')
    do values.push(this.string())
    while (this.skip(','))
    this.expect(']')
    return values
  }

  rest(): string {
    return this.line.slice(this.#at)
  }
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MalformedLine('not JSON', { cause: error })
  }
}

/** @throws MalformedLine */
export function scanEnvelope(line: Line): Envelope {
  return scan(new LineScanner(line)).envelope
}

function scan(scanner: LineScanner): { envelope: Envelope; occurred: string | undefined } {
  scanner.expect('{"position":')
  const position = scanner.integer()
  let first = position
  let count = 1
  if (scanner.skip(',"commit":[')) {
    first = scanner.integer()
    scanner.expect(',')
    count = scanner.integer()
    scanner.expect(']')
  }
  scanner.expect(',"stream":')
  const stream = scanner.string()
  scanner.expect(',"revision":')
  const revision = scanner.integer()
  scanner.expect(',"id":')
  const id = scanner.string()
  scanner.expect(',"type":')
  const type = scanner.string()
  const version = scanner.skip(',"version":') ? scanner.integer() : 1
  scanner.expect(',"time":')
  const time = scanner.string()
  const occurred = scanner.skip(',"occurred":') ? scanner.string() : undefined
  const tags = scanner.skip(',"tags":') ? Object.freeze(scanner.strings()) : NO_TAGS
  return { envelope: { position, first, count, stream, revision, id, type, version, time, tags }, occurred }
}

/** The type alone, for readers that skip most lines. @throws MalformedLine */
export function scanType(line: Line): string {
  // The first raw `,"type":"` is the envelope's: in every string before it, quotes are escaped.
  const at = line.indexOf(',"type":"')
  const end = line.indexOf('"', at + 9)
  if (at < 0 || end < 0) throw new MalformedLine('"type" is missing')
  const type = line.slice(at + 9, end)
  return type.includes('\\') ? scanEnvelope(line).type : type
}

/**
 * The event that a line records, frozen.
 *
 * @throws MalformedLine
 */
export function decodeLine(line: Line): RecordedEvent {
  const scanner = new LineScanner(line)
  const { envelope, occurred } = scan(scanner)
  if (!scanner.skip(',"data":')) {
    if (!scanner.skip(',')) throw new MalformedLine('"data" is missing')
    return decodeRest(envelope, occurred, '{' + scanner.rest())
  }
  const rest = scanner.rest()
  if (rest.includes(',"sealed":')) return decodeRest(envelope, occurred, '{"data":' + rest)
  // The common case: nothing before data, nothing after it.
  if (!rest.endsWith('}')) throw new MalformedLine('the end is missing')
  const data = deepFreeze(parseText(rest.slice(0, -1))) as Json
  return Object.freeze(toEvent(envelope, occurred, NO_META, data))
}

interface Rest extends Pick<RecordedEvent, 'subject' | 'subjects' | 'refers'> {
  readonly meta?: Meta
  readonly data?: Json
  readonly sealed?: readonly { readonly at: string }[]
}

function decodeRest(envelope: Envelope, occurred: string | undefined, text: string): RecordedEvent {
  const { subject, subjects, refers, meta, data, sealed } = deepFreeze(parseText(text)) as Rest
  if (data === undefined && sealed === undefined) throw new MalformedLine('"data" is missing')
  const event = toEvent(envelope, occurred, meta ?? NO_META, data ?? null)
  if (subject !== undefined) event.subject = subject
  if (subjects !== undefined) event.subjects = subjects
  if (refers !== undefined) event.refers = refers
  if (sealed !== undefined) {
    // Until somebody with the key unseals it.
    event.unreadable = Object.freeze(sealed.map(({ at }) => ({ path: at, why: 'key-unavailable' as const })))
  }
  return Object.freeze(event)
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** One literal for each shape: spreading objects together takes longer than parsing the line. */
function toEvent(envelope: Envelope, occurred: string | undefined, meta: Meta, data: Json): Writable<RecordedEvent> {
  const { position, first, count, stream, revision, id, type, version, time, tags } = envelope
  const commit = Object.freeze([first, count] as const)
  return occurred === undefined
    ? { position, commit, stream, revision, id, type, version, time, tags, meta, data }
    : { position, commit, stream, revision, id, type, version, time, occurred, tags, meta, data }
}

/** What is sealed in a line that {@link decodeLine} found partly unreadable. */
export function sealedOf(line: Line): Json {
  return (parseText(line) as { sealed: Json }).sealed
}

/** The line: an event's one serialisation. Written and read here and nowhere else; docs/format.md specifies it. */
import type { CommitWrite, EncodedEvent, Line } from '../backends/protocol.js'
import type { Meta, RecordedEvent } from '../events.js'
import { deepFreeze, encodeJson, type Json } from '../json.js'
import { checkName, checkTag, checkTime } from './names.js'
import { commitOf, NO_META, NO_TAGS } from './plain-line.js'
import { checkSealed, checkSubjects } from './sealed-parts.js'

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

/**
 * Reads a line from its front, relying on the fixed order of keys. Keys are told by their first letter and their length:
 * comparing them whole takes longer than all the rest. What that leaves unchecked {@link checkLine} checks.
 */
class LineScanner {
  position = 0
  first = 0
  count = 0
  stream = ''
  revision = 0
  id = ''
  type = ''
  version = 1
  time = ''
  occurred: string | undefined
  tags = NO_TAGS
  #line = ''
  #at = 0
  /** Somewhere in the line a character is escaped: then strings have to be looked at more closely. */
  #hasEscape = false

  /** Reads everything up to and including the tags. */
  envelope(line: Line): void {
    this.#line = line
    this.#at = 0
    this.#hasEscape = line.includes('\\')
    this.#key(P, 8)
    this.position = this.#integer()
    this.first = this.position
    this.count = 1
    if (this.skipKey(C, 6)) this.#commit()
    this.#key(S, 6)
    this.stream = this.#string()
    this.#key(R, 8)
    this.revision = this.#integer()
    this.#key(I, 2)
    this.id = this.#string()
    this.#key(T, 4)
    this.type = this.#string()
    this.version = this.skipKey(V, 7) ? this.#integer() : 1
    this.#key(T, 4)
    this.time = this.#string()
    this.occurred = this.skipKey(O, 8) ? this.#string() : undefined
    this.tags = this.skipKey(T, 4) ? Object.freeze(this.#strings()) : NO_TAGS
  }

  /** Steps over `,"key":` (or `{"key":`), if the next key begins with this letter and has this length. */
  skipKey(letter: number, length: number): boolean {
    const end = this.#at + length + 4
    if (this.#line.charCodeAt(this.#at + 2) !== letter || this.#line.charCodeAt(end - 1) !== COLON) return false
    this.#at = end
    return true
  }

  #key(letter: number, length: number): void {
    if (!this.skipKey(letter, length)) throw new MalformedLine(`another key is expected at character ${this.#at}`)
  }

  #integer(): number {
    const start = this.#at
    let value = 0
    for (;;) {
      const digit = this.#line.charCodeAt(this.#at) - 48
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      this.#at++
    }
    if (this.#at === start || !Number.isSafeInteger(value)) {
      throw new MalformedLine(`a whole number is expected at character ${start}`)
    }
    return value
  }

  #string(): string {
    const start = this.#at
    if (this.#line.charCodeAt(start) !== QUOTE) throw new MalformedLine(`a string is expected at character ${start}`)
    let end = this.#line.indexOf('"', start + 1)
    while (this.#hasEscape && end > 0 && isEscaped(this.#line, end)) end = this.#line.indexOf('"', end + 1)
    if (end < 0) throw new MalformedLine(`the string at character ${start} has no end`)
    this.#at = end + 1
    const plain = this.#line.slice(start + 1, end)
    return this.#hasEscape && plain.includes('\\') ? (parseText(`"${plain}"`) as string) : plain
  }

  /** `[first,count]` */
  #commit(): void {
    this.#at++
    this.first = this.#integer()
    this.#at++
    this.count = this.#integer()
    this.#at++
  }

  /** Strings between brackets, at least one. */
  #strings(): string[] {
    const values: string[] = []
    do {
      this.#at++
      values.push(this.#string())
    } while (this.#line.charCodeAt(this.#at) === COMMA)
    this.#at++
    return values
  }

  /** From here to the end of the line. */
  rest(): string {
    return this.#line.slice(this.#at)
  }
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const [C, I, O, P, R, S, T, V] = Array.from('cioprstv', (letter) => letter.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/** Whether the character at this place of a JSON text has an odd number of backslashes before it. */
export function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++
  return backslashes % 2 === 1
}

function parseText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new MalformedLine('not JSON', { cause: error })
  }
}

/** One for all: scanning is never interrupted. */
const scanner = new LineScanner()

/** @throws MalformedLine */
export function scanEnvelope(line: Line): Envelope {
  scanner.envelope(line)
  const { position, first, count, stream, revision, id, type, version, time, tags } = scanner
  return { position, first, count, stream, revision, id, type, version, time, tags }
}

/**
 * Checks a line completely: that it is JSON, and that its envelope is written exactly as the format has it.
 *
 * @returns its envelope
 * @throws MalformedLine
 */
export function checkLine(line: Line): Envelope {
  const { occurred } = decodeChecked(line)
  const envelope = scanEnvelope(line)
  const { position, first, count, stream, revision, id, type, version, time, tags } = envelope
  const expected = composeLine(
    {
      id,
      chosen: true,
      type,
      tags,
      front: `,"id":${encodeJson(id)},"type":${encodeJson(type)}${version === 1 ? '' : `,"version":${version}`}`,
      back:
        (occurred === undefined ? '' : `,"occurred":${encodeJson(occurred)}`) +
        (tags.length === 0 ? '' : `,"tags":${encodeJson(tags)}`),
    },
    encodeJson(stream),
    { position, first, count, revision, time },
  )
  if (!line.startsWith(expected)) throw new MalformedLine('its envelope is not written as the format has it')
  checkValues(envelope, occurred)
  checkRest(`{${line.slice(expected.length + 1)}`)
  return envelope
}

/** A line of a foreign writer may nest deeper than the stack is. */
function decodeChecked(line: Line): RecordedEvent {
  try {
    return decodeLine(line)
  } catch (error) {
    if (error instanceof RangeError) throw new MalformedLine('it is nested too deep', { cause: error })
    throw error
  }
}

const RECORDED_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function checkValues({ stream, id, type, time, tags, revision, version, count }: Envelope, occurred?: string): void {
  const problem =
    checkName(stream) ??
    checkName(id) ??
    checkName(type) ??
    tags.map(checkTag).find((one) => one !== undefined) ??
    (RECORDED_TIME.test(time) ? checkTime(time) : 'has a time that is not written as the format has it') ??
    (occurred === undefined ? undefined : checkTime(occurred))
  if (problem !== undefined) throw new MalformedLine(`a name, a tag or a time in it ${problem}`)
  if (revision < 1 || version < 1 || count < 1) throw new MalformedLine('a number in it is less than 1')
}

const REST_KEYS = ['subject', 'subjects', 'refers', 'meta', 'data', 'sealed']

function checkSealedRest({ data, sealed, subjects }: Record<string, unknown>): void {
  if (data !== undefined) throw new MalformedLine('its data stands beside what is sealed')
  const problem = checkSealed(sealed, subjects as RecordedEvent['subjects'])
  if (problem !== undefined) throw new MalformedLine(`its sealed parts ${problem}`)
}

/** What follows the tags: only known keys, in their order, each once, and nothing between them. */
function checkRest(text: string): void {
  const rest = parseText(text) as Record<string, unknown>
  const keys = Object.keys(rest)
  const inOrder = REST_KEYS.filter((key) => Object.hasOwn(rest, key))
  if (keys.length !== inOrder.length || keys.some((key, i) => key !== inOrder[i])) {
    throw new MalformedLine('its keys are not those of the format, in their order')
  }
  const { meta = {}, subject, subjects } = rest
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) throw new MalformedLine('its meta is no object')
  const problem = checkSubjects(subject, subjects)
  if (problem !== undefined) throw new MalformedLine(`its subjects ${problem}`)
  if (Object.hasOwn(rest, 'sealed')) checkSealedRest(rest)
  // By length, because members of an object may stand in an order that JavaScript does not keep.
  if (encodeRecorded(rest).length !== text.length) throw new MalformedLine('it is not written as the format has it')
}

function encodeRecorded(rest: Record<string, unknown>): string {
  try {
    const members = Object.entries(rest).map(([key, value]) => `"${key}":${encodeJson(value)}`)
    return `{${members.join(',')}}`
  } catch (error) {
    throw new MalformedLine('it holds what no event may hold', { cause: error })
  }
}

/**
 * The event that a line records, frozen.
 *
 * @throws MalformedLine
 */
export function decodeLine(line: Line): RecordedEvent {
  return withoutKeys(decodeSealedLine(line))
}

/** An event as its line has it. Frozen, unless something of it is sealed: whoever opens that completes it. */
export interface DecodedLine {
  readonly event: Writable<RecordedEvent>
  /** Undefined: nothing. */
  readonly sealed: Json | undefined
}

/** What can be told of it by somebody who has no keys. */
export function withoutKeys({ event, sealed }: DecodedLine): RecordedEvent {
  if (sealed !== undefined) event.unreadable = ALL_SEALED
  return Object.freeze(event)
}

/** @throws MalformedLine */
export function decodeSealedLine(line: Line): DecodedLine {
  scanner.envelope(line)
  return decodeRest('{' + scanner.rest().slice(1))
}

interface Rest extends Pick<RecordedEvent, 'subject' | 'subjects' | 'refers'> {
  readonly meta?: Meta
  readonly data?: Json
  readonly sealed?: Json
}

const ALL_SEALED: NonNullable<RecordedEvent['unreadable']> = deepFreeze([{ path: '', why: 'key-unavailable' }])

/** `text` is the part of the line behind the tags, as an object. */
function decodeRest(text: string): DecodedLine {
  const { subject, subjects, refers, meta, data, sealed } = deepFreeze(parseText(text)) as Rest
  if (data === undefined && sealed === undefined) throw new MalformedLine('"data" is missing')
  const event = toEvent(meta ?? NO_META, data ?? null)
  if (subject !== undefined) event.subject = subject
  if (subjects !== undefined) event.subjects = subjects
  if (refers !== undefined) event.refers = refers
  return { event: sealed === undefined ? Object.freeze(event) : event, sealed }
}

export type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

/** What the scanner has read, as an event. One literal for each shape: spreading takes longer than parsing the line. */
function toEvent(meta: Meta, data: Json): Writable<RecordedEvent> {
  const { position, stream, revision, id, type, version, time, occurred, tags } = scanner
  const commit = commitOf(scanner.first, scanner.count)
  return occurred === undefined
    ? { position, commit, stream, revision, id, type, version, time, tags, meta, data }
    : { position, commit, stream, revision, id, type, version, time, occurred, tags, meta, data }
}

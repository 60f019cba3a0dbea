/**
 * The fast way to read lines: one pass over an envelope in which nothing is unusual, and the data of many lines parsed
 * at once. Most lines are such, and a replay is as fast as this. What is unusual (an escape before the data, a version, a
 * subject, meta…), and what is no line at all, is left to line.ts, which knows every form and says what is wrong.
 */
import type { Line } from '../backends/protocol.js'
import type { Meta, RecordedEvent } from '../events.js'
import { deepFreeze, type Json } from '../json.js'

export const NO_TAGS: readonly string[] = Object.freeze([])
export const NO_META: Meta = Object.freeze({})

/** More digits than these may not be a safe integer. */
const DIGITS_MAX = 15

/** Where what was read last ended: a function has one result, and an object for two would cost more than the reading. */
let end = 0

/** Parsing the data of this many lines at once takes two thirds of the time of parsing each alone. */
const BATCH_LENGTH_LINES = 64

/** The events of the lines, frozen; undefined where a line has to be read in the general way. */
export function decodePlainLines(lines: readonly Line[]): (RecordedEvent | undefined)[] {
  if (lines.length <= BATCH_LENGTH_LINES) return decodeBatch(lines)
  const events: (RecordedEvent | undefined)[] = []
  for (let from = 0; from < lines.length; from += BATCH_LENGTH_LINES) {
    for (const event of decodeBatch(lines.slice(from, from + BATCH_LENGTH_LINES))) events.push(event)
  }
  return events
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] }

function decodeBatch(lines: readonly Line[]): (RecordedEvent | undefined)[] {
  const events: (Writable<RecordedEvent> | undefined)[] = []
  const texts: string[] = []
  for (const line of lines) {
    const event = scan(line)
    events.push(event)
    if (event !== undefined) texts.push(line.slice(end + 8, -1))
  }
  const values = parseAll(texts)
  if (values === undefined) return lines.map(() => undefined)
  let at = 0
  for (const event of events) {
    if (event === undefined) continue
    event.data = deepFreeze(values[at++] as Json)
    Object.freeze(event)
  }
  return events
}

/** Undefined: they are not one value each. */
function parseAll(texts: readonly string[]): readonly Json[] | undefined {
  try {
    const values = JSON.parse(`[${texts.join(',')}]`) as Json[]
    return values.length === texts.length ? values : undefined
  } catch {
    return undefined
  }
}

/** The event without its data, before which the scan ends. */
function scan(line: Line): Writable<RecordedEvent> | undefined {
  const position = digits(line, 12)
  let first = position
  let count = 1
  if (isKey(line, 0x63, 6)) {
    first = digits(line, end + 11)
    count = digits(line, end + 1)
    if (line.charCodeAt(end++) !== 0x5d) return undefined
  }
  if (!isKey(line, 0x73, 6)) return undefined
  const stream = text(line, end + 11)
  if (!isKey(line, 0x72, 8)) return undefined
  const revision = digits(line, end + 12)
  if (!isKey(line, 0x69, 2)) return undefined
  const id = text(line, end + 7)
  if (!isKey(line, 0x74, 4)) return undefined
  const type = text(line, end + 9)
  if (!isKey(line, 0x74, 4)) return undefined
  const time = text(line, end + 9)
  const tags = isKey(line, 0x74, 4) ? texts(line, end + 8) : NO_TAGS
  if (!isKey(line, 0x64, 4) || position < 0 || first < 0 || count < 0 || revision < 0) return undefined
  const escape = line.indexOf('\\')
  if (escape >= 0 && escape < end) return undefined
  if (!isDataLast(line)) return undefined
  const commit = commitOf(first, count)
  // One literal: an object that is put together from others takes longer than all the rest.
  return { position, commit, stream, revision, id, type, version: 1, time, tags, meta: NO_META, data: null }
}

let lastCommit: readonly [number, number] = Object.freeze([0, 0] as const)

/** The events of a commit stand together, and share it. */
export function commitOf(first: number, count: number): readonly [number, number] {
  if (lastCommit[0] !== first || lastCommit[1] !== count) lastCommit = Object.freeze([first, count] as const)
  return lastCommit
}

/**
 * Whether a key of this length with this first letter stands where the last value ended. The keys that can follow each
 * other differ in that, and comparing characters takes a tenth of comparing texts. Letters stand here as numbers, because
 * the engine looks a constant of a module up each time: a fifteenth of the whole.
 */
function isKey(line: Line, letter: number, length: number): boolean {
  return line.charCodeAt(end + 2) === letter && line.charCodeAt(end + length + 3) === 0x3a
}

/** -1: no number, or one too large. */
function digits(line: Line, start: number): number {
  let at = start
  let value = 0
  for (;;) {
    const digit = line.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) break
    value = value * 10 + digit
    at++
  }
  end = at
  return at === start || at - start > DIGITS_MAX ? -1 : value
}

/** The text that begins here, up to its closing quote. If it has none, no key can follow. */
function text(line: Line, at: number): string {
  const closing = line.indexOf('"', at)
  end = closing + 1
  return line.slice(at, closing)
}

/** The list of texts whose bracket stands here. */
function texts(line: Line, at: number): readonly string[] {
  const list: string[] = []
  end = at
  do list.push(text(line, end + 2))
  while (line.charCodeAt(end) === 0x2c)
  end++
  return Object.freeze(list)
}

/** A sealed part would follow the data, as a list of objects. */
function isDataLast(line: Line): boolean {
  return line.endsWith('}') && !(line.endsWith('}]}') && line.includes(',"sealed":['))
}

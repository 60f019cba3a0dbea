/**
 * Finds the matching event lines in a run of segment bytes, looking at as little of each line as it can.
 *
 * Bytes are looked at as Latin-1, where each byte is one character: the structure of a line is ASCII, so searching needs
 * no decoding. Only lines that may match become strings of their own, so that keeping one does not keep its neighbours.
 */
import { isAscii } from 'node:buffer'
import { isEscaped, scanEnvelope } from '../../log/line.js'
import { matches } from '../../log/selection.js'
import type { Matcher } from '../protocol.js'
import type { Visit } from './segment.js'

const TYPE = ',"type":"'
/** What stands before it in the shortest line there can be: no need to look there. */
const BEFORE_TYPE_LENGTH = '{"position":1,"stream":"s","revision":1,"id":"i"'.length

export class LinePrefilter {
  readonly #matcher: Matcher
  /** Every type that can match, as it stands in a line; undefined: any can. */
  readonly #types: ReadonlySet<string> | undefined
  /** The type decides alone. */
  readonly #isExact: boolean

  constructor(matcher: Matcher) {
    this.#matcher = matcher
    const types = matcher.flatMap((item) => item.types ?? [])
    this.#types = matcher.every((item) => item.types !== undefined) ? new Set(types.map(asInLine)) : undefined
    this.#isExact = matcher.every(
      ({ stream, streamPrefix, tags }) => stream === undefined && streamPrefix === undefined && tags === undefined,
    )
  }

  /** `position` is that of the first event in the bytes. Visits those from `first` to `last`. False: stopped. */
  visit(bytes: Buffer, position: number, first: number, last: number, backwards: boolean, visit: Visit): boolean {
    const encoding = isAscii(bytes) ? 'latin1' : 'utf8'
    const look: Found = (at, start, end) => {
      const line = bytes.toString(encoding, start, end)
      if (!this.#isExact && !matches(this.#matcher, scanEnvelope(line))) return true
      return visit(at, line)
    }
    if (!backwards) return this.#find(bytes, position, first, last, look)
    const found: Parameters<Found>[] = []
    this.#find(bytes, position, first, last, (...one) => found.push(one) > 0)
    return found.reverse().every((one) => look(...one))
  }

  /** Each line that may match, in order. False: stopped. */
  #find(bytes: Buffer, from: number, first: number, last: number, found: Found): boolean {
    const text = bytes.toString('latin1')
    let position = from
    let start = 0
    while (start < text.length && position <= last) {
      const end = text.indexOf('\n', start)
      // `{"position":` is the only kind of line with an o here.
      if (text.charCodeAt(start + 3) === 0x6f) {
        if (position >= first && this.#mayMatch(text, start) && !found(position, start, end)) return false
        position++
      }
      start = end + 1
    }
    return true
  }

  #mayMatch(text: string, start: number): boolean {
    if (this.#types === undefined) return true
    const at = text.indexOf(TYPE, start + BEFORE_TYPE_LENGTH) + TYPE.length
    let end = text.indexOf('"', at)
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1)
    return this.#types.has(text.slice(at, end))
  }
}

/** Position, start and end of a line. False: enough. */
type Found = (position: number, start: number, end: number) => boolean

/** Between its quotes, byte for byte. */
function asInLine(type: string): string {
  return Buffer.from(JSON.stringify(type).slice(1, -1)).toString('latin1')
}

/** Splits text into its JSON objects: the elements of one array, or objects one after another. Parses none of them. */
import { importInvalid } from './invalid.js'

export const VALUE_SIZE_MAX_BYTES = 16 * 1024 * 1024

export interface JsonText {
  /** Where it begins. */
  readonly line: number
  readonly text: string
  readonly sizeBytes: number
}

const [QUOTE, BACKSLASH, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST, COMMA, NEWLINE] = [34, 92, 123, 125, 91, 93, 44, 10]
const BLANKS: ReadonlySet<number> = new Set([32, 9, 13, 10])

/** @throws PerdureError `import-invalid` for anything that is not such a text, and for a value that is too large */
export async function* readJsonObjects(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<JsonText> {
  const splitter = new Splitter(path)
  for await (const chunk of chunks) yield* splitter.take(chunk)
  splitter.end()
}

/** What may come next outside of an object. */
type Expecting =
  | 'start'
  /** Of a list: its first element or its end. */
  | 'first'
  | 'element'
  | 'comma'
  /** Objects that stand one after another. */
  | 'next'
  | 'nothing'

class Splitter {
  #expecting: Expecting = 'start'
  #line = 1
  /** Of the object that is being read: its braces and brackets. 0: none is. */
  #depth = 0
  #inString = false
  #escaped = false
  #begunAtLine = 1
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(readonly path: string) {}

  *take(chunk: Buffer): Generator<JsonText> {
    let from = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number
      if (byte === NEWLINE) this.#line++
      if (this.#depth > 0) {
        if (!this.#inside(byte)) continue
        yield this.#finish(chunk.subarray(from, at + 1))
      } else if (!BLANKS.has(byte) && this.#outside(byte)) from = at
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(from))
  }

  end(): void {
    if (this.#depth > 0) throw this.#invalid(this.#begunAtLine, 'an object begins here that is never closed')
    if (this.#expecting === 'start') throw this.#invalid(this.#line, 'holds no events')
    if (!['next', 'nothing'].includes(this.#expecting)) throw this.#invalid(this.#line, 'the list is never closed')
  }

  /** Whether the byte ends the object. */
  #inside(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) this.#inString = false
    } else if (byte === QUOTE) this.#inString = true
    else if (byte === OPEN || byte === OPEN_LIST) this.#depth++
    else if (byte === CLOSE || byte === CLOSE_LIST) return --this.#depth === 0
    return false
  }

  /** Whether the byte begins an object. */
  #outside(byte: number): boolean {
    const expecting = this.#expecting
    if (byte === OPEN && expecting !== 'comma' && expecting !== 'nothing') {
      this.#depth = 1
      this.#begunAtLine = this.#line
      return true
    }
    if (byte === OPEN_LIST && expecting === 'start') this.#expecting = 'first'
    else if (byte === COMMA && expecting === 'comma') this.#expecting = 'element'
    else if (byte === CLOSE_LIST && (expecting === 'first' || expecting === 'comma')) this.#expecting = 'nothing'
    else throw this.#invalid(this.#line, `${JSON.stringify(String.fromCharCode(byte))} is not what may stand here`)
    return false
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    if (this.#bytes > VALUE_SIZE_MAX_BYTES) {
      throw this.#invalid(this.#begunAtLine, `an object begins here that is larger than ${VALUE_SIZE_MAX_BYTES} bytes`)
    }
  }

  #finish(piece: Buffer): JsonText {
    const bytes = Buffer.concat([...this.#pieces, piece])
    this.#pieces = []
    this.#bytes = 0
    this.#expecting = this.#expecting === 'first' || this.#expecting === 'element' ? 'comma' : 'next'
    return { line: this.#begunAtLine, text: bytes.toString('utf8'), sizeBytes: bytes.length }
  }

  #invalid(line: number, problem: string): Error {
    const hint = 'The file is one event, a list of events, or one event after another: {…}, [{…},{…}], or {…} {…}.'
    return importInvalid({ path: this.path, line }, problem, { hint })
  }
}

/** The lines of a file with their numbers; bounded. */
import { importInvalid } from './invalid.js'

export const LINE_SIZE_MAX_BYTES = 16 * 1024 * 1024
const NEWLINE = 10

export interface Line {
  /** From 1. */
  readonly line: number
  /** Without its line break. */
  readonly text: string
  readonly sizeBytes: number
}

/** Lines that hold nothing but blanks are left out. @throws PerdureError `import-invalid` if one is too long */
export async function* readLines(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Line> {
  let rest: Buffer[] = []
  let restBytes = 0
  let line = 0
  const take = (end: Buffer): Line | undefined => {
    const bytes = Buffer.concat([...rest, end])
    rest = []
    restBytes = 0
    line++
    const text = bytes.toString('utf8')
    return text.trim() === '' ? undefined : { line, text, sizeBytes: bytes.length }
  }
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const taken = take(chunk.subarray(from, at))
      if (taken !== undefined) yield taken
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
    restBytes += chunk.length - from
    if (restBytes > LINE_SIZE_MAX_BYTES) {
      const hint = 'One event is one line. Is this a file of JSON Lines?'
      throw importInvalid({ path, line: line + 1 }, `is longer than ${LINE_SIZE_MAX_BYTES} bytes`, { hint })
    }
  }
  const last = restBytes > 0 ? take(Buffer.alloc(0)) : undefined
  if (last !== undefined) yield last
}

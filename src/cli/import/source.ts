/** The file that is imported, or standard input: as chunks of whole UTF-8 characters, checked as they pass. */
import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Digest } from '../../privacy/pseudonyms.js'
import { CommandError } from '../failures.js'
import type { Io } from '../io.js'
import { importInvalid } from './invalid.js'

export interface Source {
  readonly path: string
  /** Begins the derivation of ids: the file's own name unless another is given. */
  readonly name: string
  /** Unknown for standard input and pipes. */
  readonly sizeBytes: number | undefined
  /**
   * Makes the ids of what goes into a sealed log. It keeps guesses from those without the keys. Those with them could make
   * some even of what is forgotten, so what a record says besides its `--id` goes into no id.
   */
  readonly digest?: Digest | undefined
  /** Without a byte order mark. @throws PerdureError `import-invalid` at the first byte that is not UTF-8 */
  readonly chunks: AsyncIterable<Buffer>
  /** How much has been read. */
  readonly readBytes: () => number
}

export const STANDARD_INPUT = '-'

/** @throws CommandError `usage` for standard input without a name, `failed` if it cannot be read */
export async function openSource(path: string, name: string | undefined, io: Io): Promise<Source> {
  if (path === STANDARD_INPUT && name === undefined) {
    const hint = 'A repeat with the same name adds only what is new.'
    throw new CommandError('usage', 'standard input needs a --name, from which the ids are derived', { hint })
  }
  const about =
    path === STANDARD_INPUT ? undefined : await stat(path).catch((error: unknown) => unreadable(path, error))
  if (about?.isDirectory() === true) throw unreadableError(path, 'it is a folder')
  const input = path === STANDARD_INPUT ? io.input : createReadStream(path)
  let read = 0
  const counted = async function* (): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of input) {
        const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as string)
        read += bytes.length
        yield bytes
      }
    } catch (error) {
      unreadable(path, error)
    }
  }
  return {
    path,
    name: name ?? basename(path),
    sizeBytes: about?.isFile() === true ? about.size : undefined,
    chunks: checkedUtf8(counted(), path),
    readBytes: () => read,
  }
}

function unreadable(path: string, error: unknown): never {
  throw unreadableError(path, error instanceof Error ? error.message : String(error))
}

function unreadableError(path: string, why: string): CommandError {
  return new CommandError('failed', `cannot read ${path}: ${why}`, { facts: { path } })
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const NEWLINE = 10

/** The same bytes, cut between characters. */
export async function* checkedUtf8(chunks: AsyncIterable<Buffer>, path: string): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let offset = 0
  let line = 1
  const checked = (bytes: Buffer): Buffer => {
    const isStart = offset === 0
    if (!isUtf8(bytes)) throw notUtf8(bytes, { path, offset, line })
    const zero = bytes.indexOf(0)
    if (zero >= 0) throw zeroByte(bytes, zero, { path, offset, line })
    offset += bytes.length
    line += countNewlines(bytes)
    return isStart && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes
  }
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = bytes.length - unfinishedLength(bytes)
    rest = bytes.subarray(end)
    if (end > 0) yield checked(bytes.subarray(0, end))
  }
  if (rest.length > 0) yield checked(rest)
}

/** How many bytes at the end begin a character that is not all there; 0 to 3. */
function unfinishedLength(bytes: Buffer): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] as number
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needed > length ? length : 0
    }
  }
  return 0
}

function countNewlines(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) count++
  return count
}

interface Start {
  readonly path: string
  readonly offset: number
  readonly line: number
}

/** How files begin that spreadsheets call Unicode text. */
const UTF_16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])]

/** No text holds it: the file is something else, or was converted from something else than it is. */
function zeroByte(bytes: Buffer, at: number, { path, offset, line }: Start): Error {
  const place = { path, line: line + countNewlines(bytes.subarray(0, at)), offset: offset + at }
  const hint = 'Is it UTF-16? Then convert it first, for example: iconv -f UTF-16LE -t UTF-8 <file>.'
  return importInvalid(place, 'is no text: it holds a zero byte', { hint })
}

/** Finds the first byte that does not continue UTF-8. */
function notUtf8(bytes: Buffer, { path, offset, line }: Start): Error {
  let good = 0
  let bad = bytes.length
  // Whether a beginning is good can be told where a character ends.
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    const whole = bytes.subarray(0, middle)
    if (isUtf8(whole.subarray(0, middle - unfinishedLength(whole)))) good = middle
    else bad = middle
  }
  // Where the character begins that is none.
  const at = good - unfinishedLength(bytes.subarray(0, good))
  const place = { path, line: line + countNewlines(bytes.subarray(0, at)), offset: offset + at }
  const isUtf16 = offset + at === 0 && UTF_16_MARKS.some((mark) => bytes.subarray(0, 2).equals(mark))
  const from = isUtf16 ? 'UTF-16' : 'WINDOWS-1252'
  const hint = `Convert the file to UTF-8 first, for example: iconv -f ${from} -t UTF-8 <file>.`
  return importInvalid(place, `is not UTF-8 (byte 0x${(bytes[at] ?? 0).toString(16).padStart(2, '0')})`, { hint })
}

/** The rows of a CSV file, with their places; bounded, whatever the file holds. */
import { CsvError, parse, type Parser } from 'csv-parse'
import { Readable } from 'node:stream'
import { assertInvariant } from '../../errors.js'
import { plural } from '../text.js'
import { importInvalid } from './invalid.js'

export const COLUMNS_MAX = 10_000
/** What programs cut rows by, beside the comma. */
const OTHER_DELIMITERS = [';', '\t', '|', ','] as const

export const RECORD_SIZE_MAX_BYTES = 16 * 1024 * 1024

export interface CsvRow {
  /** From 1, the header not counted. */
  readonly row: number
  /** Where it begins. */
  readonly line: number
  readonly cells: readonly string[]
  readonly sizeBytes: number
}

export interface CsvFile {
  /** An empty name is `column <number>`. */
  readonly columns: readonly string[]
  readonly rows: AsyncIterable<CsvRow>
}

interface CsvInput {
  readonly path: string
  readonly chunks: AsyncIterable<Buffer>
  readonly delimiter: string
}

/** Reads the header; the rows as they are asked for. @throws PerdureError `import-invalid` */
export async function openCsv(input: CsvInput): Promise<CsvFile> {
  const records = readRecords(input)
  const header = await records.next()
  if (header.done === true) {
    const hint = 'Give a CSV file whose first line names its columns.'
    throw importInvalid({ path: input.path, line: 1 }, 'is empty', { hint })
  }
  const columns = header.value.cells.map((name, index) => (name.trim() === '' ? `column ${index + 1}` : name))
  checkHeader(columns, input.path)
  checkDelimiter(columns, input)
  return { columns, rows: checkedRows(records, columns.length, input.path) }
}

function checkHeader(columns: readonly string[], path: string): void {
  const place = { path, line: 1 }
  const twice = columns.find((name, index) => columns.indexOf(name) !== index)
  if (twice === undefined) return
  throw importInvalid(place, 'stands twice in the header', {
    column: twice,
    hint: 'Give each column a name of its own.',
  })
}

/** A file that is cut in the wrong way has one column, and would be recorded as that for ever. */
function checkDelimiter([only = '', ...others]: readonly string[], { path, delimiter }: CsvInput): void {
  const other = OTHER_DELIMITERS.find((one) => one !== delimiter && only.includes(one))
  if (others.length > 0 || other === undefined) return
  const hint = `Name the delimiter: --delimiter '${other === '\t' ? '\\t' : other}'.`
  throw importInvalid({ path, line: 1 }, `has one column, ${JSON.stringify(only)}`, { hint })
}

async function* checkedRows(records: AsyncGenerator<CsvRecord>, length: number, path: string): AsyncGenerator<CsvRow> {
  let row = 0
  for await (const record of records) {
    row++
    const found = record.cells.length
    if (found !== length) {
      const hint = 'Is a quote or a delimiter missing in this row? --delimiter names another one.'
      throw importInvalid(
        { path, row, line: record.line },
        `has ${plural(found, 'column')}, the header has ${length}`,
        { hint },
      )
    }
    yield { row, ...record }
  }
}

type CsvRecord = Omit<CsvRow, 'row'>

/** Also the header. Empty lines are left out. */
async function* readRecords(input: CsvInput): AsyncGenerator<CsvRecord> {
  const places = new Places()
  const parser = parse({
    delimiter: input.delimiter,
    relax_column_count: true,
    // Left to itself, the parser takes the first line's end for every line's, and the other kind for text.
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: RECORD_SIZE_MAX_BYTES,
    // Called while the parser is at the record: what it meets next may be an error, whose place is then known.
    on_record: (cells: string[], { bytes }) => {
      places.note(cells, bytes)
      return cells
    },
  })
  const feed = Readable.from(bounded(input, parser, places), { objectMode: false })
  // What the file's reader throws is what the parser's reader meets.
  feed.on('error', (error) => parser.destroy(error))
  feed.pipe(parser)
  try {
    for await (const parsed of parser) {
      const record = { ...places.take(), cells: parsed as string[] }
      if (record.cells.length > COLUMNS_MAX) throw tooManyColumns(input.path, record.line)
      if (record.cells.length > 1 || record.cells[0] !== '') yield record
    }
  } catch (error) {
    throw error instanceof CsvError ? toInvalid(error, input.path, places.line) : error
  } finally {
    feed.destroy()
  }
}

/** Where records begin, noted as they are parsed and taken as they are used. */
class Places {
  /** Where the record begins that the parser is at. */
  line = 1
  #bytes = 0
  readonly #noted: { readonly line: number; readonly sizeBytes: number }[] = []

  note(cells: readonly string[], bytes: number): void {
    this.#noted.push({ line: this.line, sizeBytes: bytes - this.#bytes })
    this.#bytes = bytes
    this.line++
    for (const cell of cells) {
      for (let at = cell.indexOf('\n'); at >= 0; at = cell.indexOf('\n', at + 1)) this.line++
    }
  }

  take(): { readonly line: number; readonly sizeBytes: number } {
    const place = this.#noted.shift()
    assertInvariant(place !== undefined, 'a record that is used has been parsed')
    return place
  }
}

/** The parser bounds the length of what the cells hold; this bounds also how many empty ones there are. */
async function* bounded({ chunks, path }: CsvInput, { info }: Parser, places: Places): AsyncGenerator<Buffer> {
  let records = 0
  let since = 0
  for await (const chunk of chunks) {
    if (info.records !== records) since = 0
    records = info.records
    since += chunk.length
    // The parser may be a few chunks behind.
    if (since > RECORD_SIZE_MAX_BYTES + 16 * chunk.length) throw tooLarge(path, places.line)
    yield chunk
  }
}

function tooManyColumns(path: string, line: number): Error {
  const hint = 'Is this a CSV file with this delimiter (--delimiter)?'
  return importInvalid({ path, line }, `has more than ${COLUMNS_MAX} columns`, { hint })
}

function tooLarge(path: string, line: number): Error {
  const hint = 'Is a quote not closed?'
  return importInvalid({ path, line }, `a row that begins here is larger than ${RECORD_SIZE_MAX_BYTES} bytes`, { hint })
}

const QUOTES =
  'A cell with a quote, a delimiter or a line break in it is quoted whole, and a quote within is doubled: "a ""b"" c".'

/** `line` is that where the record begins. */
function toInvalid(error: CsvError, path: string, line: number): Error {
  const place = { path, line }
  const details = { hint: QUOTES, cause: error }
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return importInvalid(place, 'a quote that is opened in the row that begins here is never closed', details)
    case 'CSV_INVALID_CLOSING_QUOTE':
      return importInvalid(place, 'a quote ends a cell and is followed by something else', details)
    case 'INVALID_OPENING_QUOTE':
      return importInvalid(place, 'a quote stands within a cell that is not quoted', details)
    case 'CSV_MAX_RECORD_SIZE':
      return tooLarge(path, line)
    default:
      return importInvalid(place, error.message, details)
  }
}

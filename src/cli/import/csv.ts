/** From the rows of a CSV file to events. */
import { createHash } from 'node:crypto'
import { NotJson, parseJsonText, type Json } from '../../json.js'
import { openCsv, type CsvRow } from './csv-rows.js'
import { importInvalid, type Place } from './invalid.js'
import { parseList } from './lists.js'
import { columnsUsed, toIncoming, type FileRecord, type Incoming, type Mapping } from './mapping.js'
import { named } from './pseudonyms.js'
import type { Source } from './source.js'
import type { Lookup } from './template.js'

export interface CsvOptions {
  readonly mapping: Mapping
  readonly delimiter: string
  /** Columns that become `data`; undefined: all. */
  readonly data: readonly string[] | undefined
  readonly omit: readonly string[]
  /** Columns whose cells are lists. */
  readonly lists: readonly string[]
  /** Columns whose cells are numbers. */
  readonly numbers: readonly string[]
}

interface Column {
  readonly name: string
  readonly index: number
  readonly kind: 'text' | 'list' | 'number'
  readonly inData: boolean
}

/** @throws PerdureError `import-invalid` */
export async function* readCsvEvents(source: Source, options: CsvOptions): AsyncGenerator<Incoming> {
  const { path, chunks } = source
  const { columns: names, rows } = await openCsv({ path, chunks, delimiter: options.delimiter })
  checkColumns(names, options, path)
  const columns = names.map((column, index) => toColumn(column, index, options))
  for await (const row of rows) yield toEvent(row, columns, source, options)
}

/** Every column that an option names must be there. */
function checkColumns(names: readonly string[], options: CsvOptions, path: string): void {
  const { mapping, data = [], omit, lists, numbers } = options
  const used = columnsUsed(mapping)
  const others = { '--data': data, '--omit': omit, '--list': lists, '--number': numbers }
  for (const [option, columns] of Object.entries(others)) for (const column of columns) used.set(column, option)
  for (const [column, option] of used) {
    if (names.includes(column)) continue
    const shown = names.slice(0, 30).join(', ') + (names.length > 30 ? ', …' : '')
    const hint = `The header has: ${shown}.`
    throw importInvalid({ path, line: 1 }, `is not in the header; ${option} asks for it`, { column, hint })
  }
}

function toColumn(name: string, index: number, { data, omit, lists, numbers }: CsvOptions): Column {
  const kind = lists.includes(name) ? 'list' : numbers.includes(name) ? 'number' : 'text'
  return { name, index, kind, inData: (data === undefined || data.includes(name)) && !omit.includes(name) }
}

function toEvent(row: CsvRow, columns: readonly Column[], source: Source, { mapping }: CsvOptions): Incoming {
  const place = { path: source.path, row: row.row, line: row.line }
  const values = new Map<string, readonly string[]>()
  const data: Record<string, Json> = {}
  for (const column of columns) {
    const cell = row.cells[column.index] ?? ''
    const items = column.kind === 'list' ? listOf(cell, column, place) : cell === '' ? [] : [cell]
    values.set(column.name, items)
    if (column.inData) addMember(data, column, items, place)
  }
  const kinds = new Map(mapping.pseudonyms.map(({ kind, column }) => [column, kind]))
  const lookup: Lookup = (column) => values.get(column) ?? []
  const record: FileRecord = {
    place,
    lookup,
    namedLookup: (nameOf) => (column) => {
      const kind = kinds.get(column)
      return kind === undefined ? lookup(column) : lookup(column).map((text) => named(kind, text, nameOf))
    },
    data,
    identity: ['csv', row.row, ...(source.digest === undefined ? [contentHash(row)] : [])],
    sizeBytes: row.sizeBytes,
  }
  return toIncoming(record, mapping, source)
}

/** An empty cell is left out: a table has no other way to say that there is nothing. */
function addMember(data: Record<string, Json>, { name, kind }: Column, items: readonly string[], place: Place): void {
  const [first] = items
  if (kind === 'list') define(data, name, items)
  else if (first === undefined || (kind === 'number' && first.trim() === '')) return
  else define(data, name, kind === 'number' ? numberOf(first, name, place) : first)
}

/** A column may have any name, `__proto__` too. */
function define(data: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(data, name, { value, enumerable: true, configurable: true, writable: true })
}

function listOf(cell: string, { name }: Column, place: Place): readonly string[] {
  if (cell.trim() === '') return []
  const items = parseList(cell)
  if (items !== undefined) return items
  const hint = 'A list is ["a", "b"] or [\'a\', \'b\']; leave out --list for a column that holds none.'
  throw importInvalid(place, `is not a list: ${JSON.stringify(cell.slice(0, 60))}`, { column: name, hint })
}

function numberOf(cell: string, column: string, place: Place): number {
  try {
    const value = parseJsonText(cell.trim())
    if (typeof value === 'number') return value
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
  }
  const hint = 'A number is written as in JSON (12, -0.5, 1e3), and a double must hold it exactly as written.'
  throw importInvalid(place, `is not a number: ${JSON.stringify(cell.slice(0, 60))}`, { column, hint })
}

function contentHash({ cells }: CsvRow): string {
  return createHash('sha256').update(JSON.stringify(cells)).digest('base64')
}

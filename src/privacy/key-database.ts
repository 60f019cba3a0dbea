/** The SQLite side of a key store in a folder. */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import type Database from 'libsql'
import { isPerdureError } from '../errors.js'
import { codeOf } from '../files/codes.js'
import { compareUtf8 } from '../log/utf8-order.js'
import { keysCorrupt, keyUnavailable } from './failures.js'
import type { KeyRecord } from './key-store.js'

/** How long to wait for another process that writes. */
const BUSY_TIMEOUT_MS = 5000

/** The smallest there is: see {@link createTable}. */
const PAGE_SIZE_BYTES = 512

export function connect(path: string, readOnly: boolean): Database.Database {
  const Sqlite = createRequire(import.meta.url)('libsql') as typeof Database
  const database = new Sqlite(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    // What is removed is overwritten, and nothing is acknowledged before it is on the disk.
    database.exec(
      `PRAGMA page_size = ${PAGE_SIZE_BYTES}; PRAGMA secure_delete = ON; PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA`,
    )
    // A connection that may not write at all could not put right what a writer that was killed has left.
    if (readOnly) database.exec('PRAGMA query_only = ON')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** All of the step is written, or nothing; meanwhile no other process writes. */
export function exclusively<T>(database: Database.Database, step: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = step()
    database.exec('COMMIT')
    return result
  } finally {
    if (database.inTransaction) database.exec('ROLLBACK')
  }
}

const ZEROS = 'zeroblob(102)'

export function hasTable(database: Database.Database): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'records'").get() !== undefined
}

/**
 * Bytes, and no texts: the library that reads SQLite here ends the process over a text that is damaged.
 *
 * SQLite moves rows from page to page and leaves copies behind, which `secure_delete` does not find. But what does not fit
 * into a row's own place (102 bytes where pages have 512) gets pages of its own, which never move and are overwritten when
 * they are let go of. So every row begins with as many zeros, and nothing of a record stands anywhere else.
 */
export function createTable(database: Database.Database): void {
  // A name that is damaged would not be missed: the checks are among what SQLite's own check looks at.
  database.exec(`CREATE TABLE records (
    zeros BLOB NOT NULL CHECK (zeros = ${ZEROS}), name BLOB NOT NULL, text BLOB NOT NULL, sum BLOB NOT NULL,
    copy BLOB NOT NULL CHECK (copy = name), PRIMARY KEY (zeros, name)
  ) WITHOUT ROWID`)
}

/** SQLite's own check, which is not of the texts: each has a sum, looked at when it is read. @throws PerdureError `keys-corrupt` */
export function assertWhole(database: Database.Database, path: string): void {
  if (!hasTable(database)) throw keysCorrupt(path, 'holds no keys')
  const ask = (pragma: string): unknown =>
    (database.prepare(`PRAGMA ${pragma}`).get() as Record<string, unknown> | undefined)?.[pragma]
  // In one transaction, or another process could make the file larger between two of the questions.
  database.exec('BEGIN')
  try {
    const isSound = ask('quick_check') === 'ok'
    const size = Number(ask('page_count')) * Number(ask('page_size'))
    if (!isSound || fs.statSync(path).size !== size) throw keysCorrupt(path, 'is damaged')
  } finally {
    database.exec('ROLLBACK')
  }
}

/** Bytes as the library gives them: one or the other. */
type Bytes = Buffer | ArrayBuffer

interface Row {
  readonly name: Bytes
  readonly text: Bytes
  readonly sum: Bytes
}

const COLUMNS = 'CAST(name AS BLOB) AS name, CAST(text AS BLOB) AS text, CAST(sum AS BLOB) AS sum'

/** @throws PerdureError `keys-corrupt` */
export function textOf(database: Database.Database, path: string, name: string): string | undefined {
  const row = database
    .prepare(`SELECT ${COLUMNS} FROM records WHERE zeros = ${ZEROS} AND name = CAST(? AS BLOB)`)
    .get(name)
  return row === undefined ? undefined : toRecord(row as Row, path).text
}

/** In the order of their names' bytes. @throws PerdureError `keys-corrupt` */
export function recordsOf(
  database: Database.Database,
  path: string,
  prefix: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): KeyRecord[] {
  const isInside = compareUtf8(after, prefix) >= 0
  // No UTF-8 holds the byte 255: what begins with the prefix ends before it.
  const sql = `SELECT ${COLUMNS} FROM records
    WHERE zeros = ${ZEROS} AND name ${isInside ? '>' : '>='} CAST(? AS BLOB) AND name < CAST(? || X'FF' AS BLOB)
    ORDER BY records.name LIMIT ?`
  const rows = database.prepare(sql).all(isInside ? after : prefix, prefix, limit) as Row[]
  return rows.map((row) => toRecord(row, path))
}

/** Undefined: there is none any more. */
export function putText(database: Database.Database, name: string, text: string | undefined): void {
  const where = `zeros = ${ZEROS} AND name = CAST(? AS BLOB)`
  if (text === undefined) database.prepare(`DELETE FROM records WHERE ${where}`).run(name)
  else {
    const bytes = 'CAST(? AS BLOB)'
    const sql = `INSERT OR REPLACE INTO records VALUES (${ZEROS}, ${bytes}, ${bytes}, ${bytes}, ${bytes})`
    database.prepare(sql).run(name, text, sumOf(name, text), name)
  }
}

function toRecord(row: Row, path: string): KeyRecord {
  const [name, text, sum] = [row.name, row.text, row.sum].map((bytes) => Buffer.from(bytes as Buffer).toString('utf8'))
  if (name !== undefined && text !== undefined && sumOf(name, text) === sum) return { name, text }
  throw keysCorrupt(path, 'is damaged', name)
}

function sumOf(name: string, text: string): string {
  return hash('sha256', JSON.stringify([name, text]), 'hex')
}

/** What SQLite says of a file that cannot be had now; whatever else it says is about what it read. */
const OUTAGES = /^SQLITE_(BUSY|LOCKED|IOERR|CANTOPEN|READONLY|FULL|PERM|NOMEM|INTERRUPT|PROTOCOL)/

/** A damaged file, or one that cannot be had now. */
export function asFailure(error: unknown, path: string): unknown {
  if (isPerdureError(error)) return error
  const code = codeOf(error)
  const isDamaged = code.startsWith('SQLITE_') && !OUTAGES.test(code)
  return isDamaged ? keysCorrupt(path, 'is damaged') : keyUnavailable(path, {}, error)
}

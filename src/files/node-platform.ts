/** The real world: Node's files, timers and randomness, and a lock that the kernel frees. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import { setImmediate } from 'node:timers/promises'
import type Database from 'libsql'
import { codeOf } from './codes.js'
import type { File, Files, Platform } from './platform.js'

const FLAGS = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT,
} as const

export const nodePlatform: Platform = {
  files: {
    list: (folder) => fs.readdirSync(folder),
    makeFolder: (folder) => {
      fs.mkdirSync(folder)
    },
    open: (path, mode) => new NodeFile(fs.openSync(path, FLAGS[mode], 0o666)),
    rename: (from, to) => {
      fs.renameSync(from, to)
    },
    remove: (path) => {
      fs.unlinkSync(path)
    },
    syncFolder,
    lock,
  } satisfies Files,
  timer: (delayMs, callback, keepsAlive = false) => {
    const timer = setTimeout(callback, delayMs)
    if (!keepsAlive) timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
  turn: () => setImmediate(),
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  monotonicMs: () => performance.now(),
}

class NodeFile implements File {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  size(): number {
    return fs.fstatSync(this.#descriptor).size
  }

  read(into: Uint8Array, length: number, at: number): number {
    return fs.readSync(this.#descriptor, into, 0, length, at)
  }

  write(bytes: Uint8Array, at: number): number {
    return fs.writeSync(this.#descriptor, bytes, 0, bytes.length, at)
  }

  sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.fdatasync(this.#descriptor, (error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
  }

  syncNow(): void {
    fs.fdatasyncSync(this.#descriptor)
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.#descriptor, size)
  }

  close(): void {
    fs.closeSync(this.#descriptor)
  }
}

function syncFolder(folder: string): void {
  // Windows cannot open a folder, and makes names durable by itself.
  if (process.platform === 'win32') return
  const descriptor = fs.openSync(folder, 'r')
  try {
    fs.fsyncSync(descriptor)
  } finally {
    fs.closeSync(descriptor)
  }
}

/**
 * An exclusive SQLite transaction: the operating system frees it when the process dies, however it dies, and keeps it
 * while the process is stopped. POSIX locks belong to the process: nothing else in it may open and close this file, or
 * the lock is gone.
 */
function lock(path: string): (() => void) | undefined {
  // Loaded here, because only a writer needs the native module.
  const Sqlite = createRequire(import.meta.url)('libsql') as typeof Database
  const database = openLockFile(Sqlite, path)
  try {
    database.pragma('journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (codeOf(error).startsWith('SQLITE_BUSY')) return undefined
    throw toFileError(error, path)
  }
  return () => {
    // Closing alone would leave the lock to the garbage collector.
    database.exec('ROLLBACK')
    database.close()
  }
}

function openLockFile(Sqlite: typeof Database, path: string): Database.Database {
  try {
    return new Sqlite(path, { timeout: 0 })
  } catch (error) {
    throw toFileError(error, path)
  }
}

const FILE_CODES: Readonly<Record<string, string>> = {
  SQLITE_READONLY: 'EACCES',
  SQLITE_CANTOPEN: 'EACCES',
  SQLITE_PERM: 'EACCES',
  SQLITE_FULL: 'ENOSPC',
}

/** In the terms of the platform. */
function toFileError(cause: unknown, path: string): Error {
  const code = FILE_CODES[codeOf(cause)] ?? 'ENOLCK'
  return Object.assign(new Error(`cannot lock ${path}: ${String(cause)}`, { cause }), { code })
}

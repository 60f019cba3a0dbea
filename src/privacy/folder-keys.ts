/**
 * A key store in a folder: `records` is a SQLite database, because records change one by one, under the eyes of other
 * processes, and what is removed must be gone; `master` holds the master keys, unless the environment gives them.
 */
import fs from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type Database from 'libsql'
import { storeClosed } from '../errors.js'
import { codeOf, isMissing } from '../files/codes.js'
import { nodePlatform } from '../files/node-platform.js'
import { keysMissing } from './failures.js'
import {
  asFailure,
  assertWhole,
  connect,
  createTable,
  exclusively,
  hasTable,
  putText,
  recordsOf,
  textOf,
} from './key-database.js'
import type { KeyChange, KeyProvider, KeyRecord, KeyStore } from './key-store.js'
import { assertPrivate, isGiven, LocalProvider, type Environment } from './masters.js'

export interface FolderKeysOptions {
  readonly folder: string
  /** Make what is missing. */
  readonly create: boolean
  /** Nothing is created or changed, but what a writer that was killed has left half done. */
  readonly readOnly?: boolean
  readonly random: (bytes: number) => Uint8Array
  /** In the place of the master key of this machine. */
  readonly provider?: KeyProvider
  readonly environment?: Environment
}

/** @throws PerdureError `keys-missing`, `keys-exposed`, `keys-corrupt`, `key-unavailable` */
export function openFolderKeys(options: FolderKeysOptions): KeyStore {
  const folder = resolve(options.folder)
  try {
    return openFolder(folder, options)
  } catch (error) {
    throw asFailure(error, folder)
  }
}

function openFolder(folder: string, options: FolderKeysOptions): KeyStore {
  const { create, readOnly = false, random, environment = process.env } = options
  const [records, master] = [join(folder, 'records'), join(folder, 'master')]
  if (create && !readOnly) makeFiles(folder, records)
  else if (!exists(records)) throw keysMissing(`there is no key store in ${folder}`, folder)
  assertPrivate(folder)
  assertPrivate(records)
  const database = connect(records, readOnly)
  try {
    const store = new FolderKeys(folder, records, database, (alone) => {
      return options.provider ?? new LocalProvider(master, environment, random, alone)
    })
    if (create && !readOnly) exclusively(database, () => initialise(database, store.provider, master, environment))
    assertWhole(database, records)
    return store
  } catch (error) {
    database.close()
    throw error
  }
}

/** With their modes: SQLite would leave that to the process. The files it works with take their mode from `records`. */
function makeFiles(folder: string, records: string): void {
  const first = fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (let made = first === undefined ? undefined : folder; made !== undefined;) {
    nodePlatform.files.syncFolder(dirname(made))
    made = made === first ? undefined : dirname(made)
  }
  assertPrivate(folder)
  try {
    fs.closeSync(fs.openSync(records, 'wx', 0o600))
    nodePlatform.files.syncFolder(folder)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** The master key comes first: where there are records, one that is missing is not made up again. */
function initialise(database: Database.Database, provider: KeyProvider, master: string, given: Environment): void {
  if (hasTable(database)) return
  if (provider instanceof LocalProvider && !isGiven(given) && !exists(master)) provider.make()
  createTable(database)
}

function exists(path: string): boolean {
  try {
    fs.statSync(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

class FolderKeys implements KeyStore {
  readonly provider: KeyProvider
  readonly #path: string
  readonly #file: number
  readonly #database: Database.Database
  #isClosed = false

  constructor(
    readonly name: string,
    path: string,
    database: Database.Database,
    createProvider: (alone: (step: () => void) => void) => KeyProvider,
  ) {
    this.#path = path
    this.#file = fs.statSync(path).ino
    this.#database = database
    this.provider = createProvider((step) => this.#change(step))
  }

  async read(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#attempt((database) => {
      const found = new Map<string, string>()
      for (const name of names) {
        const text = textOf(database, this.#path, name)
        if (text !== undefined) found.set(name, text)
      }
      return found
    })
  }

  async list(prefix: string, page: { readonly after: string; readonly limit: number }): Promise<readonly KeyRecord[]> {
    return this.#attempt((database) => recordsOf(database, this.#path, prefix, page))
  }

  async write(changes: readonly KeyChange[]): Promise<boolean> {
    return this.#change((database) => {
      if (changes.some(({ name, expect }) => textOf(database, this.#path, name) !== expect)) return false
      for (const { name, text } of changes) putText(database, name, text)
      return true
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#database.close()
  }

  #change<T>(step: (database: Database.Database) => T): T {
    return this.#attempt((database) => {
      // What is written to a file without a name is lost, and what is removed from it stays in the one that has the name.
      if (!exists(this.#path) || fs.statSync(this.#path).ino !== this.#file) {
        throw keysMissing(`the key store in ${this.name} was taken away or replaced while it was in use`, this.name)
      }
      return exclusively(database, () => step(database))
    })
  }

  #attempt<T>(step: (database: Database.Database) => T): T {
    if (this.#isClosed) throw storeClosed('no')
    try {
      return step(this.#database)
    } catch (error) {
      throw asFailure(error, this.name)
    }
  }
}

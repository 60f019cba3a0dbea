/**
 * Blobs in a folder: each a file under its CID, whole or not there. Any number of processes may read and put at the same
 * time; there is no lock, because all who write a name write the same bytes.
 */
import { basename, dirname, join, resolve } from 'node:path'
import type { PerdureError } from '../errors.js'
import { systemRandom } from '../ids.js'
import type { BlobStore } from './blob-store.js'
import { cidOf } from './cid.js'
import { codeOf } from '../files/codes.js'
import { makeFolders, syncAncestors } from '../files/folders.js'
import type { Files } from '../files/platform.js'
import { UNFINISHED, writeWhole } from '../files/whole-write.js'
import { corruptBlob, readFailed, syncFailed, writeFailed } from './failures.js'
import { holds, isFile, readAll } from './file-contents.js'

export interface FolderBlobsOptions {
  readonly folder: string
  readonly files: Files
  readonly random?: (bytes: number) => Uint8Array
}

export class FolderBlobs implements BlobStore {
  readonly #folder: string
  readonly #files: Files
  readonly #random: (bytes: number) => Uint8Array
  /** The same bytes put again while they are being written wait for the first. */
  readonly #underWay = new Map<string, Promise<void>>()
  /** Folders whose names are known to be durable. */
  readonly #durable = new Set<string>()
  /** After a failed sync, the disk may call clean what it has lost: nothing is acknowledged any more. */
  #broken: PerdureError | undefined

  constructor({ folder, files, random = systemRandom }: FolderBlobsOptions) {
    this.#folder = resolve(folder)
    this.#files = files
    this.#random = random
  }

  /**
   * What is there already is compared, not written again; what is there and damaged is replaced.
   *
   * @throws PerdureError `disk-full`, `sync-failed`, `backend-failed`
   */
  async put(bytes: Uint8Array): Promise<string> {
    const cid = cidOf(bytes)
    let work = this.#underWay.get(cid)
    if (work === undefined) {
      work = this.#put(cid, bytes).finally(() => this.#underWay.delete(cid))
      this.#underWay.set(cid, work)
    }
    await work
    return cid
  }

  async get(cid: string): Promise<Uint8Array | undefined> {
    const path = this.#pathOf(cid)
    const bytes = this.#reading(path, () => readAll(this.#files, path))
    if (bytes === undefined) return undefined
    const found = cidOf(bytes)
    if (found !== cid) throw corruptBlob(cid, found, path)
    return bytes
  }

  /** Whether there is a file of that name; its bytes are checked when they are read. */
  async has(cid: string): Promise<boolean> {
    const path = this.#pathOf(cid)
    return this.#reading(path, () => isFile(this.#files, path))
  }

  /** By the two characters before the last, which spread evenly: the last one holds only three bits. */
  #pathOf(cid: string): string {
    return join(this.#folder, cid.slice(-3, -1), cid)
  }

  #reading<T>(path: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw readFailed(path, error)
    }
  }

  // Until the first await the caller cannot change the bytes, and by then they have all been handed to the disk.
  async #put(cid: string, bytes: Uint8Array): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken
    const path = this.#pathOf(cid)
    try {
      if (!holds(this.#files, path, bytes)) await this.#write(path, bytes)
    } catch (error) {
      throw writeFailed(path, error)
    }
    // Also if another process has put it there: it may not have come to this yet, and may have died.
    this.#makeNamesDurable(dirname(path))
  }

  async #write(path: string, bytes: Uint8Array): Promise<void> {
    makeFolders(this.#files, dirname(path))
    const suffix = Buffer.from(this.#random(8)).toString('hex')
    const unfinished = `${path}.${suffix}${UNFINISHED}`
    try {
      await this.#writeUnfinished(unfinished, bytes)
      this.#rename(unfinished, path, bytes)
    } catch (error) {
      this.#tryRemove(unfinished)
      throw error
    }
    this.#removeLeftovers(path)
  }

  /** A name of its own, so that no other process can be writing the same file. */
  async #writeUnfinished(unfinished: string, bytes: Uint8Array): Promise<void> {
    const file = this.#files.open(unfinished, 'create')
    try {
      writeWhole(file, bytes, 0)
      await file.sync().catch((error: unknown) => {
        throw (this.#broken = syncFailed(unfinished, 'no', error))
      })
    } finally {
      file.close()
    }
  }

  #rename(unfinished: string, path: string, bytes: Uint8Array): void {
    try {
      this.#files.rename(unfinished, path)
    } catch (error) {
      // Another process has put the same blob, and took our file for a leftover.
      if (codeOf(error) !== 'ENOENT' || !holds(this.#files, path, bytes)) throw error
    }
  }

  /** Only once the blob is there, so that a process whose file goes can see why. */
  #removeLeftovers(path: string): void {
    const folder = dirname(path)
    const name = basename(path)
    try {
      for (const other of this.#files.list(folder)) {
        if (other.startsWith(`${name}.`) && other.endsWith(UNFINISHED)) this.#tryRemove(join(folder, other))
      }
    } catch {
      // Leftovers harm nobody.
    }
  }

  #tryRemove(path: string): void {
    try {
      this.#files.remove(path)
    } catch {
      // It is gone, or stays as a leftover, which harms nobody.
    }
  }

  #makeNamesDurable(folder: string): void {
    try {
      this.#files.syncFolder(folder)
      if (this.#durable.has(folder)) return
      syncAncestors(this.#files, folder)
      this.#durable.add(folder)
    } catch (error) {
      throw (this.#broken = syncFailed(folder, 'unknown', error))
    }
  }
}

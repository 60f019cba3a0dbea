/** Files and folders whose names and bytes survive a power failure, over {@link BlobFiles}. */
import { dirname } from 'node:path'
import type { BlobFile, BlobFiles } from './blob-files.js'
import { codeOf } from './failures.js'

/** With missing parents, each name made durable. */
export function makeFolders(files: BlobFiles, folder: string): void {
  try {
    files.makeFolder(folder)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error
    makeFolders(files, dirname(folder))
    makeOne(files, folder)
  }
  files.syncFolder(dirname(folder))
}

/** Another process may be making the same folder. */
function makeOne(files: BlobFiles, folder: string): void {
  try {
    files.makeFolder(folder)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

const NOT_OURS = ['EACCES', 'EPERM', 'EROFS', 'EINVAL', 'ENOTSUP']

/**
 * Makes the names of all folders that lead to this one durable: a process that made one of them may have died before it
 * could. Folders that are not ours to sync were not made by us either.
 */
export function syncAncestors(files: BlobFiles, folder: string): void {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    try {
      files.syncFolder(dirname(at))
    } catch (error) {
      if (!NOT_OURS.includes(codeOf(error))) throw error
    }
  }
}

/** A write may be short without an error; what is missing is written again, and then the error shows. */
export function writeAll(file: BlobFile, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) {
    const written = file.write(bytes.subarray(done), done)
    if (written <= 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' })
    done += written
  }
}

const READ_SIZE_BYTES = 1024 * 1024

/** The bytes of a file; undefined if it does not exist. */
export function readAll(files: BlobFiles, path: string): Uint8Array | undefined {
  return withFile(files, path, (file) => {
    const bytes = new Uint8Array(file.size())
    let done = 0
    while (done < bytes.length) {
      const into = bytes.subarray(done, done + READ_SIZE_BYTES)
      const count = file.read(into, into.length, done)
      if (count === 0) break
      done += count
    }
    return bytes.subarray(0, done)
  })
}

/** Whether there is a file with exactly these bytes. Cheaper than writing them, and it finds damage. */
export function holds(files: BlobFiles, path: string, bytes: Uint8Array): boolean {
  const isSame = withFile(files, path, (file) => {
    if (file.size() !== bytes.length) return false
    const buffer = new Uint8Array(Math.min(READ_SIZE_BYTES, bytes.length))
    for (let at = 0; at < bytes.length;) {
      const count = file.read(buffer, Math.min(buffer.length, bytes.length - at), at)
      if (count === 0 || Buffer.compare(buffer.subarray(0, count), bytes.subarray(at, at + count)) !== 0) return false
      at += count
    }
    return true
  })
  return isSame ?? false
}

/** A folder can be opened like a file, and is found out when it is read. */
export function isFile(files: BlobFiles, path: string): boolean {
  try {
    return withFile(files, path, (file) => file.read(new Uint8Array(1), 1, 0) >= 0) ?? false
  } catch (error) {
    if (codeOf(error) === 'EISDIR') return false
    throw error
  }
}

/** Undefined: there is no such file. */
export function withFile<T>(files: BlobFiles, path: string, use: (file: BlobFile) => T): T | undefined {
  let file: BlobFile
  try {
    file = files.open(path, 'read')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    return use(file)
  } finally {
    file.close()
  }
}

/** What a file holds, where it is one. */
import { codeOf, isMissing } from '../files/codes.js'
import type { File, Files } from '../files/platform.js'

const READ_SIZE_BYTES = 1024 * 1024

/** The bytes of a file; undefined if it does not exist. */
export function readAll(files: Files, path: string): Uint8Array | undefined {
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
export function holds(files: Files, path: string, bytes: Uint8Array): boolean {
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
export function isFile(files: Files, path: string): boolean {
  try {
    return withFile(files, path, (file) => file.read(new Uint8Array(1), 1, 0) >= 0) ?? false
  } catch (error) {
    if (codeOf(error) === 'EISDIR') return false
    throw error
  }
}

/** Undefined: there is no such file. */
export function withFile<T>(files: Files, path: string, use: (file: File) => T): T | undefined {
  let file: File
  try {
    file = files.open(path, 'read')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  try {
    return use(file)
  } finally {
    file.close()
  }
}

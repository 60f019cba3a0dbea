/** Reading all of a file. */
import { isPerdureError } from '../../errors.js'
import { corrupt, readFailed } from './failures.js'
import type { File, Files } from '../../files/platform.js'

/** Far more than a segment can hold, and what a buffer can. */
const SIZE_MAX_BYTES = 2 ** 31 - 1

/** @throws PerdureError `backend-failed` with the place, `log-corrupt` if it is too large to be ours */
export function readWhole(files: Files, path: string): Buffer {
  return withFile(files, path, (file) => {
    const size = file.size()
    if (size > SIZE_MAX_BYTES) {
      throw corrupt('the file is larger than any that was written', { path, expected: SIZE_MAX_BYTES, found: size })
    }
    const bytes = Buffer.allocUnsafe(size)
    return bytes.subarray(0, fill(file, path, bytes, 0))
  })
}

/** The first bytes, or all if there are fewer. */
export function readStart(files: Files, path: string, length: number): Buffer {
  return withFile(files, path, (file) => readPart(file, path, 0, length))
}

/** So many bytes from an offset on, or fewer if the file ends before. */
export function readRange(files: Files, path: string, offset: number, length: number): Buffer {
  return withFile(files, path, (file) => readPart(file, path, offset, length))
}

/** The last bytes, or all if there are fewer; and the size of the file. */
export function readEnd(files: Files, path: string, length: number): { bytes: Buffer; size: number } {
  return withFile(files, path, (file) => {
    const size = file.size()
    return { bytes: readPart(file, path, Math.max(0, size - length), length), size }
  })
}

function readPart(file: File, path: string, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, fill(file, path, bytes, offset))
}

function withFile<T>(files: Files, path: string, use: (file: File) => T): T {
  let file: File
  try {
    file = files.open(path, 'read')
  } catch (error) {
    throw readFailed(path, 0, error)
  }
  try {
    return use(file)
  } catch (error) {
    throw isPerdureError(error) ? error : readFailed(path, 0, error)
  } finally {
    file.close()
  }
}

/** How many bytes there were. */
function fill(file: File, path: string, into: Uint8Array, offset: number): number {
  let length = 0
  try {
    while (length < into.length) {
      const read = file.read(into.subarray(length), into.length - length, offset + length)
      if (read === 0) break
      length += read
    }
  } catch (error) {
    throw readFailed(path, offset + length, error)
  }
  return length
}

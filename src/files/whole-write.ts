/** Writing all of something, when the disk takes less than it was given. */
import type { File, Files } from './platform.js'

/** Ends the name of a file that is being made. */
export const UNFINISHED = '.new'

/** A write may be short without an error; what is missing is written again, and then the error shows. */
export function writeWhole(file: File, bytes: Uint8Array, at: number): void {
  let done = 0
  while (done < bytes.length) {
    const written = file.write(bytes.subarray(done), at + done)
    if (written <= 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' })
    done += written
  }
}

/**
 * Makes a file that is either there as a whole or not at all: written under another name, synced, renamed, and, with
 * `folder`, the name made durable.
 */
export function createWhole(
  files: Files,
  path: string,
  pieces: Iterable<Uint8Array>,
  folder: string | undefined,
): void {
  const unfinished = path + UNFINISHED
  const file = files.open(unfinished, 'create')
  try {
    fill(file, pieces)
    if (folder !== undefined) file.syncNow()
  } catch (error) {
    // What is half made would keep the room that is missing.
    removeIfPossible(files, unfinished)
    throw error
  } finally {
    file.close()
  }
  files.rename(unfinished, path)
  if (folder !== undefined) files.syncFolder(folder)
}

function fill(file: File, pieces: Iterable<Uint8Array>): void {
  // A leftover of the same name may be longer.
  file.truncate(0)
  let offset = 0
  for (const piece of pieces) {
    writeWhole(file, piece, offset)
    offset += piece.length
  }
}

function removeIfPossible(files: Files, path: string): void {
  try {
    files.remove(path)
  } catch {
    // The next opening removes it.
  }
}

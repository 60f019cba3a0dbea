/** Folders whose names survive a power failure. */
import { dirname } from 'node:path'
import { codeOf, isMissing } from './codes.js'
import type { Files } from './platform.js'

/** With missing parents, each name made durable. Another process may be making the same. */
export function makeFolders(files: Files, folder: string): void {
  try {
    files.makeFolder(folder)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (!isMissing(error) || dirname(folder) === folder) throw error
    makeFolders(files, dirname(folder))
    makeIfMissing(files, folder)
  }
  files.syncFolder(dirname(folder))
}

function makeIfMissing(files: Files, folder: string): void {
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
export function syncAncestors(files: Files, folder: string): void {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    try {
      files.syncFolder(dirname(at))
    } catch (error) {
      if (!NOT_OURS.includes(codeOf(error))) throw error
    }
  }
}

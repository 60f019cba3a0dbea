/** The real platform, but for everything that would create or change anything: that fails, and is noted. */
import { nodePlatform } from '../../src/files/node-platform.js'
import type { File, Files, Platform } from '../../src/files/platform.js'

export interface WatchedPlatform extends Platform {
  /** Calls that an observer must not make. */
  readonly forbidden: readonly string[]
}

export function watchedPlatform(): WatchedPlatform {
  const forbidden: string[] = []
  const refuse =
    (call: string) =>
    (path?: unknown): never => {
      forbidden.push(`${call} ${String(path)}`)
      throw new Error(`an observer must not ${call}`)
    }
  const files: Files = {
    list: (folder) => nodePlatform.files.list(folder),
    open: (path, mode) =>
      mode === 'read' ? readOnly(nodePlatform.files.open(path, mode)) : refuse(`open to ${mode}`)(path),
    makeFolder: refuse('make a folder'),
    rename: refuse('rename'),
    remove: refuse('remove'),
    syncFolder: refuse('sync a folder'),
    lock: refuse('lock'),
  }
  const readOnly = (file: File): File => ({
    size: () => file.size(),
    read: (into, length, at) => file.read(into, length, at),
    close: () => file.close(),
    write: refuse('write'),
    sync: refuse('sync'),
    syncNow: refuse('sync'),
    truncate: refuse('truncate'),
  })
  return { ...nodePlatform, files, forbidden }
}

/** Repairing what only a person may decide: to go on without the record of what was acknowledged. */
import { resolve } from 'node:path'
import { closeFiles } from './folder-log.js'
import { nodePlatform } from '../../files/node-platform.js'
import type { Platform } from '../../files/platform.js'
import { openFolder } from './recovery.js'

export interface RepairResult {
  /** The head after the repair. */
  readonly position: number
  /** Where a broken end was set aside. */
  readonly setAside: string | undefined
  /** False: the head was valid, and there was nothing to repair. */
  readonly headMade: boolean
}

/**
 * Makes a head for a folder whose head is missing or unreadable, from what its segments hold: every whole group counts.
 * What is damaged below that is refused as ever.
 *
 * @throws PerdureError as `openFileBackend`
 */
export function repairFolder(folder: string, platform: Platform = nodePlatform): RepairResult {
  const { log, kv, setAside, headMade } = openFolder({
    folder: resolve(folder),
    platform,
    create: false,
    acceptTail: true,
  })
  closeFiles(log)
  kv?.file?.file.close()
  kv?.headFile.close()
  log.unlock()
  return { position: log.head.last, setAside, headMade }
}

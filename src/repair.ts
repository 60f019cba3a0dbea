/** Repairing a log, and recording in it that it was repaired. */
import { existsSync } from 'node:fs'
import { repairFolder, type RepairResult } from './backends/file/repair.js'
import { keysBeside, openStore } from './open.js'
import { openKeyStore } from './privacy/opening.js'
import { Store } from './store.js'

/**
 * Goes on without the record of what was acknowledged: makes a head from what the segments hold, and appends an event
 * that says so. Does nothing if the head is valid. `keys`: of a sealed log, where they are not beside it.
 *
 * @throws PerdureError as `open`; `log-corrupt` if what the segments hold is damaged before their end
 */
export async function acceptTail(folder: string, keys?: string): Promise<RepairResult> {
  await requireKeys(folder, keys)
  const result = repairFolder(folder)
  if (!result.headMade) return result
  const store = await openStore(`file:${folder}`, keys === undefined ? {} : { keys }, {})
  try {
    const data = { accepted: result.position, setAside: result.setAside !== undefined }
    await Store.appendOwn(store, '$repair', { type: '$repaired', data })
  } finally {
    await store.close()
  }
  return result
}

/** What would keep the log from being opened afterwards is to be known before anything is changed. */
async function requireKeys(folder: string, keys: string | undefined): Promise<void> {
  const at = keys ?? keysBeside(folder)
  if (keys === undefined && !existsSync(at.slice('file:'.length))) return
  await openKeyStore(at, { readOnly: true }).close()
}

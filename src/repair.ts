/** Repairing a log, and recording in it that it was repaired. */
import { repairFolder, type RepairResult } from './backends/file/repair.js'
import { openStore } from './open.js'
import { Store } from './store.js'

/**
 * Goes on without the record of what was acknowledged: makes a head from what the segments hold, and appends an event
 * that says so. Does nothing if the head is valid. A sealed log needs no keys for it.
 *
 * @throws PerdureError as `open`; `log-corrupt` if what the segments hold is damaged before their end
 */
export async function acceptTail(folder: string): Promise<RepairResult> {
  const result = repairFolder(folder)
  if (!result.headMade) return result
  const store = await openStore(`file:${folder}`, { keys: 'none' }, {})
  try {
    const data = { accepted: result.position, setAside: result.setAside !== undefined }
    await Store.appendOwn(store, '$repair', { type: '$repaired', data })
  } finally {
    await store.close()
  }
  return result
}

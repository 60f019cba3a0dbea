/** From the `blobs` option of `open` to a blob store. */
import { isInside, parseAddress, type Address } from '../address.js'
import { isPerdureError, PerdureError } from '../errors.js'
import type { Files } from '../files/platform.js'
import type { BlobStore } from './blob-store.js'
import { FolderBlobs } from './folder-blobs.js'
import { MemoryBlobs } from './memory-blobs.js'

/**
 * `at`: `file:<folder>`, `memory:`, or a store of the caller's own; undefined: none. Nothing is made before the first
 * put. `files` is the disk that a folder lies on, `log` the folder of the log, which is no place for them.
 *
 * @throws PerdureError `options-invalid`
 */
export function openBlobs(
  at: string | BlobStore | undefined,
  files: Files,
  log: string | undefined,
): BlobStore | undefined {
  if (typeof at !== 'string') return at
  const address = parseBlobAddress(at)
  if (address.kind === 'memory') return new MemoryBlobs()
  const { folder } = address
  if (log === undefined || !isInside(folder, log)) return new FolderBlobs({ folder, files })
  const message = 'the blobs would stand inside the folder of the log'
  const hint = 'Put them beside it, for example into file:./data.blobs.'
  throw new PerdureError('options-invalid', message, { option: 'blobs' }, { hint })
}

function parseBlobAddress(at: string): Address {
  const hint = "Say 'memory:' or 'file:<folder>', for example file:./blobs, or hand in a blob store of your own."
  try {
    const address = parseAddress(at)
    if (address.kind === 'file' || address.name === '') return address
  } catch (error) {
    if (!isPerdureError(error)) throw error
    // It may hold secrets, and the parser's message repeats none.
    const message = `blobs: ${error.message}`
    throw new PerdureError('options-invalid', message, { option: 'blobs' }, { hint, cause: error })
  }
  throw new PerdureError('options-invalid', 'blobs in memory have no name', { option: 'blobs' }, { hint })
}

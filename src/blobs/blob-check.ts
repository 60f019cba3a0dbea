/** Refuses events whose blobs do not exist. */
import type { Events } from '../log/evolution.js'
import type { CheckPort } from '../log/ports.js'
import type { BlobStore } from './blob-store.js'

/** Undefined: no declared type says that it refers to blobs. */
export function createBlobCheck(_events: Events, _blobs: BlobStore | undefined): CheckPort | undefined {
  return undefined
}

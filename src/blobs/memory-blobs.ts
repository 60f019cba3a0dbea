/** Blobs in memory, gone with the process: for tests, and the reference for what a blob store does. */
import type { BlobStore } from './blob-store.js'
import { cidOf } from './cid.js'

export class MemoryBlobs implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>()

  async put(bytes: Uint8Array): Promise<string> {
    const cid = cidOf(bytes)
    if (!this.#blobs.has(cid)) this.#blobs.set(cid, Uint8Array.from(bytes))
    return cid
  }

  /** A copy: what the caller does to it does nothing to the blob. */
  async get(cid: string): Promise<Uint8Array | undefined> {
    const bytes = this.#blobs.get(cid)
    return bytes === undefined ? undefined : Uint8Array.from(bytes)
  }

  async has(cid: string): Promise<boolean> {
    return this.#blobs.has(cid)
  }
}

/** Where large objects live: outside the store, by content address. */

/** Keeps bytes under their CID (CIDv1, raw, sha2-256). Fits a folder, IPFS, S3. `perdure/conformance` has its suite. */
export interface BlobStore {
  /** Durable once it resolves. Gives the CID; the same bytes have the same one and are kept once. */
  put(bytes: Uint8Array): Promise<string>
  /** Undefined: there is none. @throws PerdureError `blob-corrupt` if the bytes are not those of the CID */
  get(cid: string): Promise<Uint8Array | undefined>
  has(cid: string): Promise<boolean>
  close?(): Promise<void>
}

/** What a folder of blobs asks of the world: a part of what the file backend asks, so that one disk serves both. */

/** Errors are Node's: an `Error` with a `code` such as `ENOENT`, `ENOSPC`, `EIO`. */
export interface BlobFiles {
  list(folder: string): readonly string[]
  /** Creates one folder. @throws EEXIST, ENOENT (no parent) */
  makeFolder(folder: string): void
  /** `create`: read and write, made if missing, contents kept. @throws ENOENT, EACCES */
  open(path: string, mode: 'read' | 'create'): BlobFile
  /** Replaces `to` if it exists. Durable only after {@link BlobFiles.syncFolder}. */
  rename(from: string, to: string): void
  remove(path: string): void
  /** Makes created, renamed and removed names in the folder durable. */
  syncFolder(folder: string): void
}

export interface BlobFile {
  size(): number
  /** Reads up to `length` bytes into `into` from its start; returns how many, 0 at the end of the file. */
  read(into: Uint8Array, length: number, at: number): number
  /** May write fewer bytes than asked, without an error, and says how many. */
  write(bytes: Uint8Array, at: number): number
  /** Data and size survive a power failure once this resolves. Never ask again after it failed. */
  sync(): Promise<void>
  close(): void
}

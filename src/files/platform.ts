/**
 * The one object through which folders of logs and of blobs touch the world: files, timers, randomness. The simulated disk
 * implements the same interface, which is why calls are synchronous except the one that waits for the disk.
 */

/**
 * Errors are Node's: an `Error` with a `code` such as `ENOENT`, `ENOSPC`, `EIO`.
 */
export interface Platform {
  readonly files: Files
  /**
   * Calls back once after `delayMs`, and returns a function that cancels. Does not keep the process alive, unless
   * somebody waits for what another process may do.
   */
  timer(delayMs: number, callback: () => void, keepsAlive?: boolean): () => void
  /** Resolves once everything that waits in this process (timers, requests, signals) has had its turn. */
  turn(): Promise<void>
  random(bytes: number): Uint8Array
  /** For telling how long something took; begins anywhere, never goes back. */
  monotonicMs(): number
}

export interface Files {
  /** Names in a folder, in no particular order. @throws ENOENT, ENOTDIR */
  list(folder: string): readonly string[]
  /** Creates one folder. @throws EEXIST, ENOENT (no parent) */
  makeFolder(folder: string): void
  /** `create`: read and write, made if missing, contents kept. `write`: read and write, must exist. @throws ENOENT, EACCES */
  open(path: string, mode: 'read' | 'write' | 'create'): File
  /** Replaces `to` if it exists. Durable only after {@link Files.syncFolder}. */
  rename(from: string, to: string): void
  remove(path: string): void
  /** Makes created, renamed and removed names in the folder durable. */
  syncFolder(folder: string): void
  /** Held until released or until the process dies. `undefined`: somebody else holds it. @throws EACCES */
  lock(path: string): (() => void) | undefined
}

export interface File {
  size(): number
  /** Reads up to `length` bytes into `into` from its start; returns how many, 0 at the end of the file. */
  read(into: Uint8Array, length: number, at: number): number
  /** Writes at an explicit offset; may write fewer bytes than asked, without an error, and says how many. */
  write(bytes: Uint8Array, at: number): number
  /** Data and size survive a power failure once this resolves. Never ask again after it failed. */
  sync(): Promise<void>
  /** The same, waiting for it. */
  syncNow(): void
  truncate(size: number): void
  close(): void
}

/**
 * A disk with a write-back cache: what reads see, what would survive a power failure, and, in order, everything that
 * stands between the two. No counting and no faults here; `SimulatedDisk` adds them.
 */
import { Bytes } from './bytes.js'
import type { DiskImage } from './image.js'
import { applyData, applyName, DiskFile, folderOf, imageOf, type Node, type PendingOp } from './pending.js'

export class Volume {
  readonly #names = new Map<string, Node>([['/', 'folder']])
  readonly #durableNames = new Map<string, Node>([['/', 'folder']])
  readonly #files: DiskFile[] = []
  #pending: PendingOp[] = []

  constructor(image: DiskImage) {
    for (const folder of image.folders) this.#adopt(folder, 'folder')
    for (const [path, bytes] of image.files) this.#adopt(path, this.#newFile(path, bytes))
  }

  /** Oldest first. */
  get pending(): readonly PendingOp[] {
    return this.#pending
  }

  /** What a name stands for as long as the power stays on. */
  node(path: string): Node | undefined {
    return this.#names.get(path)
  }

  file(id: number): DiskFile {
    const file = this.#files[id]
    if (file === undefined) throw new Error(`there is no file ${id} on this volume`)
    return file
  }

  list(folder: string): string[] {
    const prefix = folder === '/' ? folder : folder + '/'
    const names: string[] = []
    for (const path of this.#names.keys()) {
      if (path.length > prefix.length && path.startsWith(prefix) && !path.includes('/', prefix.length)) {
        names.push(path.slice(prefix.length))
      }
    }
    return names
  }

  create(path: string): DiskFile {
    const file = this.#newFile(path)
    this.#link(path, file)
    return file
  }

  makeFolder(path: string): void {
    this.#link(path, 'folder')
  }

  rename(from: string, to: string): void {
    const node = this.#names.get(from)
    if (node === undefined) return
    this.#names.delete(from)
    this.#names.set(to, node)
    this.#pending.push({ kind: 'rename', from, path: to, node })
  }

  remove(path: string): void {
    this.#names.delete(path)
    this.#pending.push({ kind: 'unlink', path })
  }

  write(file: DiskFile, bytes: Uint8Array, at: number): void {
    file.view.write(bytes, at)
    this.#pending.push({ kind: 'write', file, at, bytes })
  }

  truncate(file: DiskFile, size: number): void {
    file.view.truncate(size)
    this.#pending.push({ kind: 'truncate', file, size })
  }

  /** How many operations on the file are pending. */
  pendingCount(file: DiskFile): number {
    let count = 0
    for (const op of this.#pending) if ('file' in op && op.file === file) count++
    return count
  }

  /** Makes the file's first `count` pending operations durable. */
  sync(file: DiskFile, count: number): void {
    for (const op of this.#take(file, count)) applyData(file.durable, op)
  }

  /**
   * A sync that failed: the cache counts the writes as clean and still shows them, but they never reach the platter,
   * except for the first `kept`. A new size is the file system's own affair and stays pending: where that fails, the
   * file system stops, and nothing after it succeeds.
   */
  loseSync(file: DiskFile, count: number, kept: number): void {
    const lost = this.#take(file, count)
    for (const op of lost.splice(0, kept)) applyData(file.durable, op)
    this.#pending.push(...lost.filter(({ kind }) => kind === 'truncate'))
  }

  syncFolder(folder: string): void {
    for (const op of this.#pending) {
      if (!('file' in op) && folderOf(op.path) === folder) applyName(this.#durableNames, op)
    }
    this.#pending = this.#pending.filter((op) => 'file' in op || folderOf(op.path) !== folder)
  }

  /** Everything in the cache, as a process that starts now would see it. */
  view(): DiskImage {
    return imageOf(this.#names, (file) => file.view.snapshot())
  }

  /**
   * What is left after the power failed: `settle` decides, for each pending operation, what of it reached the platter,
   * by applying to the file's durable bytes what it likes. Changes nothing here.
   */
  powerFailure(
    namePersists: (op: PendingOp, index: number) => boolean,
    settle: (bytes: Bytes, op: PendingOp, index: number) => void,
  ): DiskImage {
    const names = new Map(this.#durableNames)
    const touched = new Map<DiskFile, Bytes>()
    this.#pending.forEach((op, index) => {
      if (!('file' in op)) {
        if (namePersists(op, index)) applyName(names, op)
        return
      }
      let bytes = touched.get(op.file)
      if (bytes === undefined) {
        bytes = Bytes.of(op.file.durable.snapshot())
        touched.set(op.file, bytes)
      }
      settle(bytes, op, index)
    })
    return imageOf(names, (file) => (touched.get(file) ?? file.durable).snapshot())
  }

  #newFile(path: string, bytes?: Uint8Array): DiskFile {
    const file = new DiskFile(this.#files.length, path, bytes)
    this.#files.push(file)
    return file
  }

  #adopt(path: string, node: Node): void {
    this.#names.set(path, node)
    this.#durableNames.set(path, node)
  }

  #link(path: string, node: Node): void {
    this.#names.set(path, node)
    this.#pending.push({ kind: 'link', path, node })
  }

  /** Removes the first `count` operations on the file from what is pending, and returns them. */
  #take(file: DiskFile, count: number): PendingOp[] {
    const taken: PendingOp[] = []
    this.#pending = this.#pending.filter((op) => {
      const isTaken = 'file' in op && op.file === file && taken.length < count
      if (isTaken) taken.push(op)
      return !isTaken
    })
    return taken
  }
}

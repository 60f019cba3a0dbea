/**
 * A disk with a write-back cache: what reads see, what would survive a power failure, and, in order, everything that
 * stands between the two. No counting and no faults here; `SimulatedDisk` adds them.
 */
import { Bytes } from './bytes.js'
import type { DiskImage } from './image.js'

export class DiskFile {
  /** Its number on its volume, in the order of creation: how a recorded trace names it. */
  readonly id: number
  /** What reads return. */
  readonly view: Bytes
  /** What is on the platter. */
  readonly durable: Bytes

  /** Its first name: what kind of file it is. */
  readonly bornAs: string

  constructor(id: number, path: string, bytes?: Uint8Array) {
    this.id = id
    this.bornAs = path
    this.view = bytes === undefined ? Bytes.empty() : Bytes.of(bytes)
    this.durable = bytes === undefined ? Bytes.empty() : Bytes.of(bytes)
  }
}

/** What a name stands for. */
type Node = DiskFile | 'folder'

/** Done in the cache, not yet on the platter. */
export type PendingOp =
  | { readonly kind: 'write'; readonly file: DiskFile; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: DiskFile; readonly size: number }
  | { readonly kind: 'link'; readonly path: string; readonly node: Node }
  | { readonly kind: 'rename'; readonly from: string; readonly path: string; readonly node: Node }
  | { readonly kind: 'unlink'; readonly path: string }

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

export function applyData(bytes: Bytes, op: PendingOp): void {
  if (op.kind === 'write') bytes.write(op.bytes, op.at)
  else if (op.kind === 'truncate') bytes.truncate(op.size)
}

function applyName(names: Map<string, Node>, op: PendingOp): void {
  if (op.kind === 'link') names.set(op.path, op.node)
  else if (op.kind === 'unlink') names.delete(op.path)
  else if (op.kind === 'rename') {
    if (names.get(op.from) === op.node) names.delete(op.from)
    names.set(op.path, op.node)
  }
}

function imageOf(names: ReadonlyMap<string, Node>, contents: (file: DiskFile) => Uint8Array): DiskImage {
  const folders = new Set<string>()
  const files = new Map<string, Uint8Array>()
  for (const [path, node] of names) if (node === 'folder' && path !== '/') folders.add(path)
  for (const path of folders) if (!isReachable(folders, path)) folders.delete(path)
  for (const [path, node] of names) {
    if (node !== 'folder' && isReachable(folders, path)) files.set(path, contents(node))
  }
  return { folders, files }
}

/** A name survives only where every folder above it does. */
function isReachable(folders: ReadonlySet<string>, path: string): boolean {
  for (let at = folderOf(path); at !== '/'; at = folderOf(at)) if (!folders.has(at)) return false
  return true
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

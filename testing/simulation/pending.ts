/** What a file is to a disk with a cache, and what is done in the cache before it is done on the platter. */
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
export type Node = DiskFile | 'folder'

/** Done in the cache, not yet on the platter. */
export type PendingOp =
  | { readonly kind: 'write'; readonly file: DiskFile; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'truncate'; readonly file: DiskFile; readonly size: number }
  | { readonly kind: 'link'; readonly path: string; readonly node: Node }
  | { readonly kind: 'rename'; readonly from: string; readonly path: string; readonly node: Node }
  | { readonly kind: 'unlink'; readonly path: string }

export function applyData(bytes: Bytes, op: PendingOp): void {
  if (op.kind === 'write') bytes.write(op.bytes, op.at)
  else if (op.kind === 'truncate') bytes.truncate(op.size)
}

export function applyName(names: Map<string, Node>, op: PendingOp): void {
  if (op.kind === 'link') names.set(op.path, op.node)
  else if (op.kind === 'unlink') names.delete(op.path)
  else if (op.kind === 'rename') {
    if (names.get(op.from) === op.node) names.delete(op.from)
    names.set(op.path, op.node)
  }
}

export function imageOf(names: ReadonlyMap<string, Node>, contents: (file: DiskFile) => Uint8Array): DiskImage {
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

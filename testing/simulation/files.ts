/** The files and folders of a simulated disk, as the file backend sees them. */
import type { File, Files } from '../../src/files/platform.js'
import type { Calls } from './calls.js'
import { systemError } from './faults.js'
import { type DiskFile, folderOf } from './pending.js'

export class SimulatedFiles implements Files {
  readonly #locked = new Set<string>()

  constructor(readonly calls: Calls) {}

  list(folder: string): readonly string[] {
    return this.calls.make('list', folder, () => {
      this.#assertFolder(folder, 'scandir')
      return this.calls.volume.list(folder)
    })
  }

  makeFolder(folder: string): void {
    this.calls.make('makeFolder', folder, () => {
      this.#assertFolder(folderOf(folder), 'mkdir')
      if (this.calls.volume.node(folder) !== undefined) throw systemError('EEXIST', 'mkdir', folder)
      this.calls.change({ op: 'makeFolder', path: folder })
    })
  }

  open(path: string, mode: 'read' | 'write' | 'create'): File {
    const kind = mode === 'create' && this.calls.volume.node(path) === undefined ? 'create' : 'open'
    return this.calls.make(kind, path, () => new SimulatedFile(this.calls, this.#fileAt(path, mode), path, mode))
  }

  rename(from: string, to: string): void {
    this.calls.make('rename', from, () => {
      if (this.calls.volume.node(from) === undefined) throw systemError('ENOENT', 'rename', from)
      this.#assertFolder(folderOf(to), 'rename')
      this.calls.change({ op: 'rename', from, to })
    })
  }

  remove(path: string): void {
    this.calls.make('remove', path, () => {
      const node = this.calls.volume.node(path)
      if (node === undefined) throw systemError('ENOENT', 'unlink', path)
      if (node === 'folder') throw systemError('EISDIR', 'unlink', path)
      this.calls.change({ op: 'remove', path })
    })
  }

  syncFolder(folder: string): void {
    this.calls.make('syncFolder', folder, () => {
      this.#assertFolder(folder, 'fsync')
      this.calls.change({ op: 'syncFolder', path: folder })
    })
  }

  /** Free again on the next disk: a lock dies with its process. */
  lock(path: string): (() => void) | undefined {
    return this.calls.make('lock', path, () => {
      this.#fileAt(path, 'create')
      if (this.#locked.has(path)) return undefined
      this.#locked.add(path)
      return () => void this.#locked.delete(path)
    })
  }

  #fileAt(path: string, mode: 'read' | 'write' | 'create'): DiskFile {
    const { volume } = this.calls
    this.#assertFolder(folderOf(path), 'open')
    if (volume.node(path) === undefined && mode === 'create') this.calls.change({ op: 'create', path })
    const node = volume.node(path)
    if (node === undefined) throw systemError('ENOENT', 'open', path)
    if (node === 'folder') throw systemError('EISDIR', 'open', path)
    return node
  }

  #assertFolder(path: string, call: string): void {
    const node = this.calls.volume.node(path)
    if (node === undefined) throw systemError('ENOENT', call, path)
    if (node !== 'folder') throw systemError('ENOTDIR', call, path)
  }
}

class SimulatedFile implements File {
  #open = true

  constructor(
    readonly calls: Calls,
    readonly file: DiskFile,
    readonly path: string,
    readonly mode: 'read' | 'write' | 'create',
  ) {}

  size(): number {
    this.#assertOpen('fstat')
    return this.calls.make('size', this.path, () => this.file.view.size)
  }

  read(into: Uint8Array, length: number, at: number): number {
    this.#assertOpen('read')
    return this.calls.make('read', this.path, () => this.file.view.read(into, length, at))
  }

  write(bytes: Uint8Array, at: number): number {
    this.#assertWritable('write')
    return this.calls.write(this.file, this.path, bytes, at)
  }

  async sync(): Promise<void> {
    this.#assertWritable('fdatasync')
    await this.calls.sync(this.file, this.path)
  }

  syncNow(): void {
    this.#assertWritable('fdatasync')
    this.calls.syncNow(this.file, this.path)
  }

  truncate(size: number): void {
    this.#assertWritable('ftruncate')
    this.calls.make('truncate', this.path, () => {
      this.calls.change({ op: 'truncate', file: this.file.id, size })
    })
  }

  close(): void {
    this.#assertOpen('close')
    this.#open = false
  }

  #assertOpen(call: string): void {
    if (!this.#open) throw systemError('EBADF', call, this.path)
  }

  #assertWritable(call: string): void {
    this.#assertOpen(call)
    if (this.mode === 'read') throw systemError('EBADF', call, this.path)
  }
}

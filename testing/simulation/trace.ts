/** The record of what a run did to its disk, from which the disk at any moment of the run can be built again. */
import { createHash } from 'node:crypto'
import type { DiskImage } from './image.js'
import type { Volume } from './volume.js'

/** Everything that changes a disk. Files are named by their number on the volume. */
export type TraceOp =
  | { readonly op: 'create'; readonly path: string }
  | { readonly op: 'makeFolder'; readonly path: string }
  | { readonly op: 'rename'; readonly from: string; readonly to: string }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'syncFolder'; readonly path: string }
  | { readonly op: 'write'; readonly file: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly op: 'truncate'; readonly file: number; readonly size: number }
  | { readonly op: 'sync'; readonly file: number; readonly count: number }
  | { readonly op: 'loseSync'; readonly file: number; readonly count: number; readonly kept: number }

/** What one disk went through, from a starting image on. `Note` is whatever the run wrote in between. */
export interface Recording<Note> {
  readonly base: DiskImage
  readonly entries: (TraceOp | { readonly note: Note })[]
}

export function applyOp(volume: Volume, op: TraceOp): void {
  switch (op.op) {
    case 'create':
      return void volume.create(op.path)
    case 'makeFolder':
      return volume.makeFolder(op.path)
    case 'rename':
      return volume.rename(op.from, op.to)
    case 'remove':
      return volume.remove(op.path)
    case 'syncFolder':
      return volume.syncFolder(op.path)
    case 'write':
      return volume.write(volume.file(op.file), op.bytes, op.at)
    case 'truncate':
      return volume.truncate(volume.file(op.file), op.size)
    case 'sync':
      return volume.sync(volume.file(op.file), op.count)
    case 'loseSync':
      return volume.loseSync(volume.file(op.file), op.count, op.kept)
  }
}

/** Equal for equal runs: what a seed is held to. */
export function traceHash(recordings: readonly Recording<unknown>[]): string {
  const hash = createHash('sha256')
  for (const { entries } of recordings) {
    for (const entry of entries) {
      hash.update(JSON.stringify(entry, (_, value: unknown) => (value instanceof Uint8Array ? '' : value)))
      if ('op' in entry && entry.op === 'write') hash.update(entry.bytes)
    }
  }
  return hash.digest('hex')
}

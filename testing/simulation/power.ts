/** The power failures of scripts: what is left on the disk, and what has become of the indexes. */
import type { SimulatedDisk } from '../simulated-disk.js'
import { type CrashVariant, type Fate, sectorCount } from './crash.js'
import { damageImage, type DiskImage } from './image.js'
import { FOLDER, type PowerLoss, type Step } from './scenario.js'
import type { PendingOp } from './pending.js'

export function scriptedImage(disk: SimulatedDisk, step: Extract<Step, { do: 'power' }>): DiskImage {
  const image = disk.crash(variantOf(disk.volume.pending, step.leaves))
  return step.indexes === undefined ? image : withIndexes(image, step.indexes)
}

const HEAD_SLOT_BYTES = 512

function variantOf(pending: readonly PendingOp[], leaves: PowerLoss): CrashVariant {
  if (leaves === 'lose') return { rest: 'drop' }
  const group = pending.findLastIndex((op) => op.kind === 'write' && op.bytes.length !== HEAD_SLOT_BYTES)
  const op = pending[group]
  if (leaves === 'keep' || op?.kind !== 'write') return { rest: 'apply' }
  return { rest: 'apply', except: new Map([[group, fateOf(op, leaves)]]) }
}

function fateOf(op: Extract<PendingOp, { kind: 'write' }>, leaves: 'torn' | 'grown' | 'garbage'): Fate {
  if (leaves === 'torn') return { torn: op.bytes.length >> 1 }
  return leaves === 'grown' ? 'grown' : { sector: sectorCount(op) - 1, as: 'garbage' }
}

function withIndexes(image: DiskImage, indexes: 'deleted' | 'emptied' | 'outdated'): DiskImage {
  const paths = [...image.files.keys()].filter((path) => path.startsWith(`${FOLDER}/index/`))
  return paths.reduce((damaged, path, i) => {
    if (indexes === 'deleted') return damageImage(damaged, { kind: 'delete', path })
    if (indexes === 'emptied') return damageImage(damaged, { kind: 'truncate', path, size: 0 })
    // Each index stands under its neighbour's name.
    const bytes = image.files.get(paths[(i + 1) % paths.length] ?? path) ?? new Uint8Array(0)
    return damageImage(damaged, { kind: 'restore', path, bytes })
  }, image)
}

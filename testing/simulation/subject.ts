/** What the simulation runs: the code under test, and who is told of it. */
import type { Backend } from '../../src/backends/protocol.js'
import type { SimulatedDisk } from '../simulated-disk.js'

/** The code under test: the real one, or a broken twin of it. */
export interface Subject {
  openFileBackend(options: {
    folder: string
    create?: boolean
    platform: SimulatedDisk
    segmentBytes?: number
    syncHead?: 'idle' | 'close'
    kvCompactionBytes?: number
  }): Promise<Backend>
  /** Makes a head for a log that has lost it. */
  repairFolder?(folder: string, platform: SimulatedDisk): { readonly position: number; readonly headMade: boolean }
}

/** Told of everything worth counting: steps of opening, error codes. */
export type Mark = (branch: string) => void

/** What the parts of a simulated life know of the whole. */
import type { Backend } from '../../src/backends/protocol.js'
import type { SimulatedDisk } from '../simulated-disk.js'
import type { Strike } from './calls.js'
import type { Mark } from './subject.js'

export interface Host {
  readonly disk: SimulatedDisk
  readonly backend: Backend | undefined
  readonly mark: Mark
  /** Puts what is known now into the record. */
  note(): void
  strikesSinceOpen(): readonly Strike[]
}

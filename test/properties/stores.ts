/** The stores under test: one over memory, one over a folder that can also be lost and found again. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { open, type Store } from '../../src/index.js'
import { manualClock, seededRandom, type ManualClock } from '../../testing/index.js'

/** A store and what can be done to it from outside. */
export interface StoreUnderTest {
  store: Store
  readonly clock: ManualClock
  /** Closes it and opens it again. */
  readonly reopen: () => Promise<void>
  /** Goes on with the folder as it is at this moment, as after the loss of the process. */
  readonly crash: () => Promise<void>
  /** Throws everything away. */
  readonly end: () => Promise<void>
}

export const kinds: Readonly<Record<string, () => Promise<StoreUnderTest>>> = {
  memory: async () => {
    const clock = manualClock()
    const store = await open(openMemoryBackend(), { clock })
    const nothing = (): Promise<void> => Promise.resolve()
    return { store, clock, reopen: nothing, crash: nothing, end: () => store.close() }
  },
  file: async () => {
    const parent = mkdtempSync(join(tmpdir(), 'perdure-property-'))
    const clock = manualClock()
    const random = seededRandom(1)
    let folder = join(parent, '0')
    let copies = 0
    const openIt = async (create: boolean): Promise<Store> => {
      const backend = await openFileBackend({ folder, create, segmentBytes: 1500 })
      return await open(backend, { clock, random: random.bytes })
    }
    const under: StoreUnderTest = {
      store: await openIt(true),
      clock,
      reopen: async () => {
        await under.store.close()
        under.store = await openIt(false)
      },
      crash: async () => {
        const lost = under.store
        const copy = join(parent, String(++copies))
        cpSync(folder, copy, { recursive: true })
        folder = copy
        under.store = await openIt(false)
        await lost.close()
      },
      end: async () => {
        await under.store.close()
        rmSync(parent, { recursive: true })
      },
    }
    return under
  },
}

/** The stores that the properties here are tried on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type OpenOptions, type Store } from '../../src/index.js'

export interface StoreUnderTest {
  store: Store
  /** Closes it and opens it again, where anything outlives that. */
  readonly reopen: () => Promise<void>
  readonly end: () => Promise<void>
}

export const kinds: Readonly<Record<string, (options?: OpenOptions) => Promise<StoreUnderTest>>> = {
  memory: async (options = {}) => {
    const store = await open('memory:', options)
    return { store, reopen: () => Promise.resolve(), end: () => store.close() }
  },
  file: async (options = {}) => {
    const parent = mkdtempSync(join(tmpdir(), 'perdure-projections-'))
    const at = `file:${join(parent, 'log')}`
    const under: StoreUnderTest = {
      store: await open(at, { ...options, create: true, syncHead: 'close' }),
      reopen: async () => {
        await under.store.close()
        under.store = await open(at, { ...options, syncHead: 'close' })
      },
      end: async () => {
        await under.store.close()
        rmSync(parent, { recursive: true })
      },
    }
    return under
  },
}

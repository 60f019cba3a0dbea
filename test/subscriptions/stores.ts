/** Stores for tests of following and subscribing: in memory and in a folder of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { open, type Backend, type NewEvent, type OpenOptions, type Store } from '../../src/index.js'

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-subscriptions-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Closed when the test is over. */
export async function openForTest(at: string | Backend, options: OpenOptions = {}): Promise<Store> {
  const store = await open(at, options)
  onTestFinished(() => store.close())
  return store
}

export const memoryStore = (): Promise<Store> => openForTest('memory:')

export const note = (text: string, more: Partial<NewEvent> = {}): NewEvent => ({ type: 'noted', data: text, ...more })

export const notes = (count: number): NewEvent[] => Array.from({ length: count }, (_, i) => note(`${i + 1}`))

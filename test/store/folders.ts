/** Folders of logs for tests: made, damaged, and compared file by file. */
import { createHash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { open, type RecordedEvent, type Store } from '../../src/index.js'
import { manualClock, seededRandom } from '../../testing/index.js'

/** Segments of the sample log roll over after this many bytes, so that it has several. */
const SEGMENT_SIZE_BYTES = 3000
const SAMPLE_COMMITS = 30

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-store-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function openFolder(folder: string, options: { readonly create?: boolean } = {}): Promise<Store> {
  const backend = await openFileBackend({ ...options, folder, segmentBytes: SEGMENT_SIZE_BYTES })
  return await open(backend, { clock: manualClock(), random: seededRandom(7).bytes })
}

/** A log of 45 events in four segments and more, closed. Every second commit has two events. */
export async function makeLog(folder: string): Promise<void> {
  const store = await openFolder(folder, { create: true })
  for (let i = 1; i <= SAMPLE_COMMITS; i++) {
    const events = (i % 2 === 0 ? [1, 2] : [1]).map((n) => ({
      id: `i${i}-${n}`,
      type: `type-${i % 3}`,
      tags: [`k:${i % 5}`],
      data: { i, n, text: 'x'.repeat(20) },
    }))
    await store.append(`stream-${i % 4}`, events)
  }
  await store.close()
}

/** A new folder with a copy of what the sample log holds. */
export function copyOf(folder: string): string {
  const copy = join(temporaryFolder(), 'log')
  cpSync(folder, copy, { recursive: true })
  return copy
}

/** Path within the folder → SHA-256 of the file; folders too. */
export function filesOf(folder: string): Map<string, string> {
  const files = new Map<string, string>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name)
    files.set(
      name,
      statSync(path).isDirectory() ? 'folder' : createHash('sha256').update(readFileSync(path)).digest('hex'),
    )
  }
  return files
}

/** All but the lock, which opening may make again. */
export function filesButLock(folder: string): Map<string, string> {
  return new Map([...filesOf(folder)].filter(([name]) => !name.startsWith('lock')))
}

/** Paths of the segments, oldest first. */
export function segmentsOf(folder: string): string[] {
  const segments = join(folder, 'segments')
  return readdirSync(segments)
    .sort()
    .map((name) => join(segments, name))
}

export async function eventsOf(store: Store): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const event of store.read()) events.push(event)
  return events
}

/** Sealed logs in folders of a test's own, their keys beside them, and a look at what they hold. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  open,
  openKeyStore,
  type KeyStore,
  type OpenOptions,
  type RecordedEvent,
  type Store,
} from '../../../src/index.js'

/** Gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-pairs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Everything of one log under one roof: its folder, its keys, its blobs. */
export class Home {
  readonly folder = temporaryFolder()
  readonly log = join(this.folder, 'log')
  readonly keys = join(this.folder, 'log.keys')
  readonly blobs = join(this.folder, 'blobs')

  /** Closed when the test is over. */
  async open(options: OpenOptions = {}): Promise<Store> {
    const store = await open(`file:${this.log}`, { create: true, keys: `file:${this.keys}`, ...options })
    onTestFinished(() => store.close())
    return store
  }

  keyStore(): KeyStore {
    const store = openKeyStore(`file:${this.keys}`)
    onTestFinished(() => store.close())
    return store
  }

  /** What the keys' folder is now, to be brought back by the function that it gives. */
  backUpKeys(backup = `${this.keys}.backup`): () => void {
    cpSync(this.keys, backup, { recursive: true })
    return () => {
      rmSync(this.keys, { recursive: true })
      cpSync(backup, this.keys, { recursive: true })
    }
  }
}

export async function eventsOf(store: Pick<Store, 'read'>): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = []
  for await (const event of store.read()) events.push(event)
  return events
}

/** Without Perdure's own. */
export async function givenEvents(store: Pick<Store, 'read'>): Promise<RecordedEvent[]> {
  return (await eventsOf(store)).filter(({ stream }) => !stream.startsWith('$'))
}

export async function linesOf(store: Pick<Store, 'lines'>): Promise<string[]> {
  const lines: string[] = []
  for await (const line of store.lines()) lines.push(line)
  return lines
}

/** Path within the folder → bytes, of every file in it. */
export function bytesOf(folder: string): Map<string, Buffer> {
  const files = new Map<string, Buffer>()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name)
    if (statSync(path).isFile()) files.set(name, readFileSync(path))
  }
  return files
}

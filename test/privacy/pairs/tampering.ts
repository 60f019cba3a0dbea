/** A sealed log whose lines are changed behind the store's back, in copies of its folder. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openFileBackend } from '../../../src/backends/file/backend.js'
import { open, type Backend, type Json, type KeyStore, type NewEvent, type Store } from '../../../src/index.js'
import { scanEnvelope } from '../../../src/log/line.js'
import { aroundBackend, justCall } from '../../../testing/index.js'
import { Home, linesOf } from './stores.js'

/** A type, because an interface is no JSON to the compiler. */
export type SealedPart = Readonly<Record<'at' | 'key' | 'nonce' | 'box', string>>

/** A line as JSON has it. Members of their own kind may be added. */
export type LineObject = { readonly [Member in string]: Json } & { readonly sealed: readonly SealedPart[] }

/** In which members of a line stand. */
const ORDER =
  'position commit stream revision id type version time occurred tags subject subjects refers meta data sealed'

export class TamperedLog {
  readonly home: Home
  readonly store: Store
  readonly keys: KeyStore
  readonly lines: readonly string[]
  #copies = 0

  private constructor(home: Home, store: Store, lines: readonly string[]) {
    this.home = home
    this.store = store
    this.keys = home.keyStore()
    this.lines = lines
  }

  /** Each event is a commit of its own. */
  static async begin(events: readonly (readonly [stream: string, event: NewEvent])[]): Promise<TamperedLog> {
    const home = new Home()
    const store = await home.open()
    for (const [stream, event] of events) await store.append(stream, event)
    return new TamperedLog(home, store, await linesOf(store))
  }

  line(position: number): LineObject {
    return parse(this.lines[position - 1] ?? '')
  }

  /** A copy of the folder in which these lines stand, read with the same keys. */
  async reopened(lines: readonly string[]): Promise<Store> {
    const folder = join(this.home.folder, `copy-${++this.#copies}`)
    cpSync(this.home.log, folder, { recursive: true })
    const backend = await openFileBackend({ folder, syncHead: 'close' })
    const store = await open(withLines(backend, lines), { keys: this.keys })
    onTestFinished(() => store.close())
    return store
  }

  /** With one line changed. */
  async changed(position: number, change: (line: LineObject) => Readonly<Record<string, unknown>>): Promise<Store> {
    return await this.reopened(this.lines.with(position - 1, encode(change(this.line(position)))))
  }
}

/** As if somebody had written them into the files, and all checksums anew. */
function withLines(backend: Backend, lines: readonly string[]): Backend {
  const changed = (line: string): string => lines[scanEnvelope(line).position - 1] ?? line
  return {
    ...aroundBackend(backend, justCall),
    read: async (matcher, page) => {
      const { lines: own, scannedTo } = await backend.read(matcher, page)
      return { lines: own.map(changed), scannedTo }
    },
    append: async (group, now) => {
      const outcomes = await backend.append(group, now)
      return outcomes.map((one) => (one.kind === 'known' ? { ...one, lines: one.lines.map(changed) } : one))
    },
  }
}

export function parse(line: string): LineObject {
  return JSON.parse(line) as LineObject
}

/** As the format has it: undefined members are left out. */
export function encode(line: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.fromEntries(ORDER.split(' ').map((member) => [member, line[member]])))
}

export function withPart(line: LineObject, index: number, change: Partial<SealedPart>): LineObject {
  return { ...line, sealed: line.sealed.map((part, i) => (i === index ? { ...part, ...change } : part)) }
}

/** The base64 of the same bytes but for one. */
export function flipped(base64: string, index: number, mask: number): string {
  const bytes = Buffer.from(base64, 'base64')
  bytes[index] = (bytes[index] ?? 0) ^ mask
  return bytes.toString('base64')
}

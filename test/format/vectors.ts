/** The vectors of docs/format/, typed, and their folders put on disk. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { KvEntry } from '../../src/backends/protocol.js'
import type { NewEvent } from '../../src/events.js'

export interface CommitVector {
  readonly name: string
  /** What the clock shows when the commit is appended. */
  readonly clock: string
  readonly writes: readonly { readonly stream: string; readonly events: readonly NewEvent[] }[]
  readonly lines: readonly string[]
  readonly leaves: readonly string[]
  /** Of the log so far. */
  readonly root: string
}

export interface RootVector {
  readonly name: string
  readonly lines: readonly string[]
  readonly root: string
}

export interface FolderVector {
  readonly name: string
  readonly about: string
  /** The texts of the two slots, without padding. */
  readonly head: readonly (string | null)[]
  /** Texts; bytes where a test has damaged them. */
  readonly segments: Readonly<Record<string, string | Uint8Array>>
  /** What the head vouches for. */
  readonly lines?: readonly string[]
  readonly root?: string
  /** What a writer has after opening it, where that is more. */
  readonly taken?: readonly string[]
  /** What it set aside, by position. */
  readonly torn?: Readonly<Record<string, string>>
  /** The error with which it is not opened. */
  readonly refused?: string
}

export interface KvVector {
  readonly name: string
  readonly about: string
  /** Of the log's head and of that of the values, the texts of the two slots, without padding. */
  readonly head: readonly (string | null)[]
  readonly kv?: {
    /** Null: no such file. */
    readonly head: readonly (string | null)[] | null
    readonly files: Readonly<Record<string, string>>
  }
  /** What the head vouches for: the newest revision, and the newest put of each key. */
  readonly last?: number
  readonly entries?: readonly KvEntry[]
  /** What a writer has after opening them, where that is more. */
  readonly taken?: KvVector['entries']
  /** The error with which they are not opened. */
  readonly refused?: string
}

export interface SealedVectors {
  readonly log: string
  readonly clock: string
  /** The data keys by id, bare, as base64. */
  readonly keys: Readonly<Record<string, { readonly owner: string; readonly secret: string }>>
  /** In the order in which they are used. */
  readonly nonces: readonly string[]
  readonly events: readonly {
    readonly name: string
    readonly stream: string
    readonly event: NewEvent
    readonly line: string
    readonly parts: readonly {
      readonly at: string
      readonly bound: string
      /** The key that is derived for it, hex. */
      readonly derived: string
      readonly text: string
    }[]
  }[]
  readonly malformed: readonly { readonly name: string; readonly line: string }[]
  /** Of the right form, and nothing that was sealed. */
  readonly broken: SealedVectors['malformed']
}

function load(name: string): unknown {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../../docs/format/${name}`, import.meta.url)), 'utf8'))
}

export const lineVectors = load('lines.json') as { readonly log: string; readonly commits: readonly CommitVector[] }
export const rootVectors = load('roots.json') as { readonly lists: readonly RootVector[] }
export const folderVectors = load('folders.json') as { readonly log: string; readonly folders: readonly FolderVector[] }

export const kvVectors = load('values.json') as { readonly log: string; readonly folders: readonly KvVector[] }

export const sealedVectors = load('sealed.json') as SealedVectors

const SLOT_SIZE_BYTES = 512
const SLOT_DISTANCE_BYTES = 4096

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'perdure-format-'))
}

/** Puts the files of a folder vector into an empty folder. */
export function writeFolder(folder: string, { head, segments }: FolderVector): void {
  writeFileSync(join(folder, 'head'), slotsOf(head))
  mkdirSync(join(folder, 'segments'))
  for (const [name, text] of Object.entries(segments)) writeFileSync(join(folder, 'segments', name), text)
}

/** The bytes of a head file. */
export function slotsOf(head: readonly (string | null)[]): Buffer {
  const slots = Buffer.alloc(SLOT_DISTANCE_BYTES + SLOT_SIZE_BYTES, ' ')
  head.forEach((text, i) => {
    if (text !== null) slots.write(text.padEnd(SLOT_SIZE_BYTES - 1) + '\n', i * SLOT_DISTANCE_BYTES)
  })
  return slots
}

/** What was put, byte for byte, from the line that it became. */
export function putOf(key: string, { revision, line }: { revision: number; line: string }): KvEntry {
  const front = `{"revision":${revision},"key":${JSON.stringify(key)},`
  if (!line.startsWith(front)) throw new Error(`the line ${line} begins otherwise than ${front}`)
  return { key, revision, text: `{${line.slice(front.length)}` }
}

/** Every file in a folder with its bytes, the lock left out: it holds nothing, and whoever looks may make it. */
export function snapshotOf(folder: string): Record<string, string> {
  const files: Record<string, string> = {}
  if (!existsSync(folder)) return files
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = path.slice(folder.length + 1)
    if (entry.isFile() && dirname(name) + entry.name !== '.lock') files[name] = readFileSync(path, 'latin1')
  }
  return files
}

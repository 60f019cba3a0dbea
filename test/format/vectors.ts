/** The vectors of docs/format/, typed, and their folders put on disk. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
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

function load(name: string): unknown {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../../docs/format/${name}`, import.meta.url)), 'utf8'))
}

export const lineVectors = load('lines.json') as { readonly log: string; readonly commits: readonly CommitVector[] }
export const rootVectors = load('roots.json') as { readonly lists: readonly RootVector[] }
export const folderVectors = load('folders.json') as { readonly log: string; readonly folders: readonly FolderVector[] }

const SLOT_SIZE_BYTES = 512
const SLOT_DISTANCE_BYTES = 4096

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'perdure-format-'))
}

/** Puts the files of a folder vector into an empty folder. */
export function writeFolder(folder: string, { head, segments }: FolderVector): void {
  const slots = Buffer.alloc(SLOT_DISTANCE_BYTES + SLOT_SIZE_BYTES, ' ')
  head.forEach((text, i) => {
    if (text !== null) slots.write(text.padEnd(SLOT_SIZE_BYTES - 1) + '\n', i * SLOT_DISTANCE_BYTES)
  })
  writeFileSync(join(folder, 'head'), slots)
  mkdirSync(join(folder, 'segments'))
  for (const [name, text] of Object.entries(segments)) writeFileSync(join(folder, 'segments', name), text)
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

/** Begins the folder of current values and its files, compacted ones too: each is there as a whole before it counts. */
import { createHash } from 'node:crypto'
import { isOutOfSpace } from '../../files/codes.js'
import type { Platform } from '../../files/platform.js'
import { createWhole } from '../../files/whole-write.js'
import { diskFull } from './failures.js'
import { listOf, type FolderPaths } from './folder.js'
import { encodeHeader } from './format.js'
import type { GroupFile, GroupWriter } from './group-writer.js'
import { encodeHeadFile, HeadFile } from './head-file.js'
import { compactedPieces, type Compaction, type LiveLines } from './kv-compaction.js'
import { KvLines } from './kv-lines.js'
import { emptyHead, type OpenKv } from './kv-settling.js'
import type { KvPlace } from './kv-walk.js'

const COMPACTION_READ_SIZE_BYTES = 1024 * 1024

/** The head first: a file that no head names is none. */
export function beginFolder(platform: Platform, paths: FolderPaths, logId: string): OpenKv {
  const { files } = platform
  if (listOf(files, paths.kv) === undefined) files.makeFolder(paths.kv)
  files.syncFolder(paths.root)
  const head = emptyHead(logId)
  createWhole(files, paths.kvHead, [encodeHeadFile(head)], paths.kv)
  const headFile = new HeadFile(files, paths.kvHead, 1)
  // It is durable, and the first write must leave its slot alone.
  headFile.syncNow()
  return { logId, platform, headFile, head, places: new Map(), file: undefined }
}

/** Writes the newest values into a file of their own, makes the head name it, and only then removes the old one. */
export function compactFile(open: OpenKv, writer: GroupWriter, paths: FolderPaths, old: GroupFile): GroupFile {
  // In the order of revisions, which is their order in the file.
  const entries = [...open.places].sort(([, a], [, b]) => a.revision - b.revision)
  const reader = new KvLines(old, COMPACTION_READ_SIZE_BYTES)
  const file = beginFile(open, writer, paths, { entries, read: (key, place) => reader.line(key, place) })
  old.file.close()
  open.platform.files.remove(old.path)
  return file
}

/** A file that begins with these lines, which are all there are. */
export function beginFile(open: OpenKv, writer: GroupWriter, paths: FolderPaths, lines: LiveLines): GroupFile {
  const { files } = open.platform
  const from = open.head.last + 1
  const path = paths.kvFile(from)
  const header = Buffer.from(encodeHeader(open.logId, from), 'latin1')
  const made: Compaction = { last: from - 1, hash: createHash('sha256'), bytes: 0, places: new Map<string, KvPlace>() }
  try {
    createWhole(files, path, compactedPieces(header, lines, made), paths.kv)
  } catch (error) {
    throw isOutOfSpace(error) ? diskFull(path, error) : error
  }
  const { hash, bytes, places } = made
  const file: GroupFile = { path, from, file: files.open(path, 'write'), hash, bytes }
  open.places = places
  open.file = file
  writer.moveHead(file, hash.copy().digest('hex'), open.head.last, undefined)
  writer.restHeadNow()
  return file
}

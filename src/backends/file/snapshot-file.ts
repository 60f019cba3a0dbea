/** A saved state as a file: a first line with checksums, then the text. docs/format.md specifies it. */
import { hash } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { crc32 } from 'node:zlib'
import { PerdureError } from '../../errors.js'
import { FORMAT } from './format.js'
import { newerFormat } from './head-file.js'
import type { Files } from '../../files/platform.js'
import { readStart, readWhole } from './whole-read.js'

/** Longer than any first line: a key is a projection's name and a selection. */
const FIRST_LINE_SIZE_MAX_BYTES = 4 * 1024 * 1024

export interface SnapshotHeader {
  readonly perdure: number
  readonly log: string
  readonly key: string
  readonly position: number
  readonly bytes: number
  readonly sha256: string
}

export function folderNameOf(key: string): string {
  return hash('sha256', key).slice(0, 32)
}

export function nameOf(position: number): string {
  return `${String(position).padStart(16, '0')}.json`
}

export function parseFirstLine(files: Files, path: string): SnapshotHeader {
  for (let size = 4096; ; size *= 16) {
    const bytes = readStart(files, path, size)
    const end = bytes.indexOf(10)
    if (end >= 0) return parseHeader(bytes.toString('utf8', 0, end), path)
    if (bytes.length < size || size > FIRST_LINE_SIZE_MAX_BYTES) throw malformed(path, 'its first line has no end')
  }
}

/** In every version: the number of the format first, a checksum of all before it last. */
const CHECKED = /^(\{"perdure":(\d{1,9}),.*),"crc32":(\d{1,10})\}$/s

export function encodeHeader(header: SnapshotHeader): string {
  const text = JSON.stringify(header).slice(0, -1)
  return `${text},"crc32":${crc32(text)}}\n`
}

function parseHeader(line: string, path: string): SnapshotHeader {
  const [, checked, format, sum] = CHECKED.exec(line) ?? []
  if (checked === undefined || crc32(checked) !== Number(sum)) {
    throw malformed(path, 'its first line is not one that was written')
  }
  if (Number(format) > FORMAT) throw newerFormat(path, Number(format))
  const header = JSON.parse(`${checked}}`) as Partial<SnapshotHeader>
  const { log, key, position, sha256 } = header
  if (!Number.isSafeInteger(position) || [log, key, sha256].some((one) => typeof one !== 'string')) {
    throw malformed(path, 'its first line is not that of a snapshot')
  }
  return header as SnapshotHeader
}

/** The text that was put, for the key and position that the path says. @throws PerdureError `snapshot-malformed` */
export function readSnapshot(files: Files, path: string, log: string): string {
  const bytes = readWhole(files, path)
  const end = bytes.indexOf(10)
  const header = parseHeader(bytes.toString('utf8', 0, Math.max(0, end)), path)
  const { key, position, sha256 } = header
  if (header.log !== log || nameOf(position) !== basename(path) || folderNameOf(key) !== basename(dirname(path))) {
    throw malformed(path, 'it is one of something else', { key, position })
  }
  const body = bytes.subarray(end + 1, -1)
  const found = hash('sha256', body)
  if (found === sha256 && bytes.at(-1) === 10) return body.toString('utf8')
  throw malformed(path, 'its bytes are not those that were written', { key, position, expected: sha256, found })
}

function malformed(
  path: string,
  problem: string,
  facts: { key?: string; position?: number; expected?: string; found?: string } = {},
): PerdureError<'snapshot-malformed'> {
  return new PerdureError(
    'snapshot-malformed',
    `the snapshot ${path} is malformed: ${problem}`,
    { path, ...facts },
    {
      hint: 'A snapshot can be made again: delete the file, or open with { snapshots: { rebuild: true } }.',
    },
  )
}

/** What is no log, or no whole one, is refused when opened: with its code, its place, what to do, and nothing changed. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { isPerdureError, open, type ErrorCode } from '../../src/index.js'
import { copyOf, filesButLock, filesOf, makeLog, openFolder, segmentsOf, temporaryFolder } from './folders.js'

/** A whole log, and another one; made once. */
const sample = join(mkdtempSync(join(tmpdir(), 'perdure-sample-')), 'log')
const other = join(mkdtempSync(join(tmpdir(), 'perdure-sample-')), 'log')

beforeAll(async () => {
  await makeLog(sample)
  const store = await openFolder(other, { create: true })
  for (let i = 0; i < 30; i++) await store.append('other', { type: 't', data: 'y'.repeat(120) })
  await store.close()
  return () => {
    for (const folder of [sample, other]) rmSync(join(folder, '..'), { recursive: true })
  }
})

/** The error with which opening fails, and the folder as it was before. */
async function refusal(
  folder: string,
  options: { create?: boolean } = {},
): Promise<{ code: string; path: string; message: string }> {
  const before = filesButLock(folder)
  const error = await openFolder(folder, options).then(
    async (store) => {
      await store.close()
      throw new Error('it was opened')
    },
    (failure: unknown) => failure,
  )
  if (!isPerdureError(error)) throw error
  expect(error.hint ?? '', 'a refusal says what to do').not.toBe('')
  expect(filesButLock(folder), 'a refusal changes nothing').toEqual(before)
  return { code: error.code, path: (error.facts as { path?: string }).path ?? '', message: error.message }
}

/** Damage to a copy of the sample, the code it is refused with, and the file that is named (within the folder). */
const damages: Readonly<Record<string, readonly [damage: (folder: string) => string, code: ErrorCode]>> = {
  'a head that is missing beside segments': [(folder) => removed(join(folder, 'head')), 'head-missing'],
  'a head that is empty': [(folder) => cut(join(folder, 'head'), 0), 'log-corrupt'],
  'a head that is cut within its first slot': [(folder) => cut(join(folder, 'head'), 100), 'log-corrupt'],
  'a head with both slots flipped': [(folder) => flipped(join(folder, 'head'), 40, 4096 + 40), 'log-corrupt'],
  'a head of zeros': [(folder) => written(join(folder, 'head'), Buffer.alloc(4608)), 'log-corrupt'],
  'a head of a newer format': [(folder) => newerHead(join(folder, 'head')), 'format-newer'],
  'a head of another log': [(folder) => copied(join(other, 'head'), join(folder, 'head')), 'log-corrupt'],
  'a folder `segments` that is missing': [(folder) => removed(join(folder, 'segments')), 'log-corrupt'],
  'a first segment that is missing': [(folder) => removed(segmentAt(folder, 0)), 'log-corrupt'],
  'a segment in the middle that is missing': [(folder) => removed(segmentAt(folder, 1)), 'log-corrupt'],
  'the last segment but one that is missing': [(folder) => removed(segmentAt(folder, -2)), 'log-corrupt'],
  'a last segment that is missing': [(folder) => removed(segmentAt(folder, -1)), 'log-corrupt'],
  'a first segment that is empty': [(folder) => cut(segmentAt(folder, 0), 0), 'log-corrupt'],
  'a segment that is empty': [(folder) => cut(segmentAt(folder, 1), 0), 'log-corrupt'],
  'a last segment that is empty': [(folder) => cut(segmentAt(folder, -1), 0), 'log-corrupt'],
  'a closed segment that is one byte short': [(folder) => cut(segmentAt(folder, 1), -1), 'log-corrupt'],
  'a closed segment that is half as long': [(folder) => cut(segmentAt(folder, 1), 1500), 'log-corrupt'],
  'a last segment that is one byte short': [(folder) => cut(segmentAt(folder, -1), -1), 'log-corrupt'],
  'a closed segment with something behind its end': [(folder) => extended(segmentAt(folder, 1), 'x\n'), 'log-corrupt'],
  'a closed segment with its last line twice': [(folder) => lastLineTwice(segmentAt(folder, 1)), 'log-corrupt'],
  'a segment of a newer format': [
    (folder) => replacedStart(segmentAt(folder, 1), '{"perdure":1,', '{"perdure":2,'),
    'format-newer',
  ],
  'a segment of another log': [(folder) => copied(segmentsOf(other)[0] as string, segmentAt(folder, 0)), 'log-corrupt'],
  'two segments that have changed places': [
    (folder) => swapped(segmentAt(folder, 0), segmentAt(folder, 1)),
    'log-corrupt',
  ],
  'a segment under another number': [
    (folder) => renamed(segmentAt(folder, 1), '0000000000000099.ndjson'),
    'log-corrupt',
  ],
  'two lines of the last segment in another order': [(folder) => linesSwapped(segmentAt(folder, -1)), 'log-corrupt'],
  'a line of the last segment that is malformed': [(folder) => malformed(segmentAt(folder, -1)), 'log-corrupt'],
}

for (const [what, [damage, code]] of Object.entries(damages)) {
  test(`open: ${what} is refused as ${code}, by name, and nothing is changed`, async () => {
    const folder = copyOf(sample)
    const path = damage(folder)
    const refused = await refusal(folder)
    expect(refused.code).toBe(code)
    expect(refused.path.startsWith(folder), `${refused.path} is in the folder`).toBe(true)
    expect(refused.message).toContain(refused.path)
    // A missing segment may be named by the one that misses it.
    if (!/missing|places|number|head of another/.test(what)) expect(refused.path).toBe(path)
  })
}

test('open: the same folder, undamaged, opens', async () => {
  const store = await openFolder(copyOf(sample))
  expect(await store.head()).toBe(45)
  expect((await store.verify()).findings).toEqual([])
  await store.close()
})

test('open: a folder that is missing is refused as store-missing, and is not made', async () => {
  const parent = temporaryFolder()
  const error = await open(`file:${join(parent, 'no/log')}`).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'store-missing', facts: { path: join(parent, 'no/log') } })
  expect([...filesOf(parent)]).toEqual([])
})

test('open: a folder that is empty is refused as store-missing, and stays empty, lock included', async () => {
  const folder = temporaryFolder()
  expect(await refusal(folder)).toMatchObject({ code: 'store-missing', path: folder })
  expect([...filesOf(folder)]).toEqual([])
})

test('open: with `create`, a missing and an empty folder become logs, of different ids', async () => {
  const parent = temporaryFolder()
  const first = await open(`file:${parent}`, { create: true })
  const second = await open(`file:${join(parent, '../', basename(parent), 'a/b/c')}`, { create: true })
  expect(await first.head()).toBe(0)
  expect(first.report().log).not.toBe(second.report().log)
  await Promise.all([first.close(), second.close()])
})

test('open: `create` on a log that exists opens it as it is', async () => {
  const folder = copyOf(sample)
  const store = await openFolder(folder, { create: true })
  expect(await store.head()).toBe(45)
  await store.close()
})

test('open: a folder of something else is refused as store-foreign, though `create` is said', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'thesis.txt'), 'years of work')
  mkdirSync(join(folder, 'photos'))
  for (const options of [{}, { create: true }])
    expect(await refusal(folder, options)).toMatchObject({ code: 'store-foreign' })
  expect(filesOf(folder).size, 'not even a lock was made').toBe(2)
})

test('open: a file is refused as store-foreign, and stays as it is', async () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, 'a file')
  for (const create of [false, true]) {
    const error = await open(`file:${path}`, { create }).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'store-foreign', facts: { path } })
  }
  expect(readFileSync(path, 'utf8')).toBe('a file')
})

test('open: a log that this process has open is refused as store-locked, and goes on', async () => {
  const folder = copyOf(sample)
  const store = await openFolder(folder)
  expect(await refusal(folder)).toMatchObject({ code: 'store-locked', path: folder })
  await store.append('a', { type: 't', data: 1 })
  await store.close()
  const again = await openFolder(folder)
  expect(await again.head()).toBe(46)
  await again.close()
})

test('open: what refuses once refuses again, and opens once the file is back', async () => {
  const folder = copyOf(sample)
  const segment = segmentAt(folder, 1)
  renameSync(segment, segment + '.away')
  for (let i = 0; i < 2; i++) expect(await refusal(folder)).toMatchObject({ code: 'log-corrupt' })
  renameSync(segment + '.away', segment)
  const store = await openFolder(folder)
  expect(await store.head()).toBe(45)
  await store.close()
})

function segmentAt(folder: string, index: number): string {
  return segmentsOf(folder).at(index) as string
}

function removed(path: string): string {
  rmSync(path, { recursive: true })
  return path
}

/** To so many bytes; a negative number: shorter by so many. */
function cut(path: string, bytes: number): string {
  truncateSync(path, bytes < 0 ? readFileSync(path).length + bytes : bytes)
  return path
}

function written(path: string, bytes: Uint8Array | string): string {
  writeFileSync(path, bytes)
  return path
}

function flipped(path: string, ...offsets: readonly number[]): string {
  const bytes = readFileSync(path)
  for (const offset of offsets) bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
  return written(path, bytes)
}

function extended(path: string, text: string): string {
  return written(path, readFileSync(path, 'utf8') + text)
}

function lastLineTwice(path: string): string {
  return extended(path, (readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) ?? '') + '\n')
}

function copied(from: string, path: string): string {
  copyFileSync(from, path)
  return path
}

function swapped(a: string, b: string): string {
  renameSync(a, a + '.a')
  renameSync(b, a)
  renameSync(a + '.a', b)
  return a
}

function renamed(path: string, name: string): string {
  renameSync(path, join(path, '..', name))
  return path
}

function replacedStart(path: string, from: string, to: string): string {
  const text = readFileSync(path, 'utf8')
  expect(text.startsWith(from)).toBe(true)
  return written(path, to + text.slice(from.length))
}

function linesSwapped(path: string): string {
  const lines = readFileSync(path, 'utf8').split('\n')
  const events = lines.flatMap((line, i) => (line.startsWith('{"position":') ? [i] : []))
  const [a, b] = [events[0] as number, events[1] as number]
  ;[lines[a], lines[b]] = [lines[b] as string, lines[a] as string]
  return written(path, lines.join('\n'))
}

function malformed(path: string): string {
  const text = readFileSync(path, 'utf8')
  const at = text.indexOf('"data":')
  return written(path, text.slice(0, at) + '"data";' + text.slice(at + 7))
}

/** A slot that is valid in every way but its format. */
function newerHead(path: string): string {
  const bytes = readFileSync(path)
  for (const at of [0, 4096]) {
    const slot = bytes.toString('latin1', at, at + 512)
    const text = slot.slice(0, slot.indexOf(',"crc32"')).replace('{"perdure":1,', '{"perdure":2,')
    bytes.write(`${text},"crc32":${crc32(text)}}`.padEnd(511) + '\n', at, 'latin1')
  }
  return written(path, bytes)
}

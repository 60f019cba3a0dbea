/** Every file of a log's folder with every fault planted in it: the doctor says what opening and verifying say, and where. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { examineFolder } from '../../src/cli/doctor/folder.js'
import { isPerdureError } from '../../src/errors.js'
import { defineProjection, open, type Store } from '../../src/index.js'
import { temporaryFolder } from './run.js'

const FAULTS: Readonly<Record<string, (path: string) => void>> = {
  deleted: (path) => rmSync(path),
  'cut in half': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
  'with one bit flipped': (path) => {
    const bytes = readFileSync(path)
    const at = Math.floor(bytes.length / 3)
    bytes[at] = (bytes[at] ?? 0) ^ 4
    writeFileSync(path, bytes)
  },
  emptied: (path) => truncateSync(path, 0),
  'replaced by a folder': (path) => {
    rmSync(path)
    mkdirSync(path)
  },
  'of somebody else': (path) => writeFileSync(path, 'lorem ipsum '.repeat(500)),
}

/** Two segments, values, a snapshot. */
async function makeFolder(folder: string): Promise<void> {
  const store = await open(await openFileBackend({ folder, create: true, segmentBytes: 1500 }))
  for (let i = 1; i <= 8; i++) await store.append('s', { type: 't', data: { i, text: 'x'.repeat(100) } })
  for (let i = 1; i <= 3; i++) await store.kv.put(`k${i}`, i)
  await store.snapshots.take(defineProjection({ name: 'n', version: 1, initial: 0, on: { t: (n: number) => n + 1 } }))
  await store.close()
}

/** What opening fails with, or what verifying then finds: the codes, without those that harm nothing. */
async function codesOf(folder: string): Promise<string[]> {
  let store: Store | undefined
  try {
    const backend = await openFileBackend({ folder })
    store = await open(backend)
    const { findings } = await backend.verify()
    return findings.map(({ code }) => code).filter((code) => code !== 'index-damaged')
  } catch (error) {
    if (!isPerdureError(error)) throw error
    return [error.code]
  } finally {
    await store?.close()
  }
}

const isFile = (path: string): boolean => statSync(path).isFile()

test('doctor: of every file of a folder, and every fault of it, it says what opening and verifying say, and where', async () => {
  const sound = join(temporaryFolder(), 'log')
  await makeFolder(sound)
  const names = readdirSync(sound, { recursive: true, encoding: 'utf8' }).filter((name) => isFile(join(sound, name)))
  expect(names.length).toBeGreaterThan(8)
  let problems = 0
  for (const name of names.filter((one) => !one.startsWith('lock-'))) {
    for (const [fault, plant] of Object.entries(FAULTS)) {
      if (statSync(join(sound, name)).size === 0 && fault !== 'replaced by a folder' && fault !== 'of somebody else')
        continue
      const folder = join(temporaryFolder(), 'log')
      cpSync(sound, folder, { recursive: true })
      plant(join(folder, name))
      const title = `${name} ${fault}`
      const found = examineFolder(folder).findings.filter(({ level }) => level === 'problem')
      const codes = await codesOf(folder)
      expect.soft(new Set(found.map(({ code }) => code)), title).toEqual(new Set(codes))
      for (const { message, hint, facts } of found) {
        expect.soft(`${message} ${JSON.stringify(facts)}`, title).toContain(folder)
        expect(hint, title).toBeTruthy()
      }
      problems += found.length
    }
  }
  expect(problems).toBeGreaterThan(25)
}, 60_000)

const projection = defineProjection({ name: 'n', version: 1, initial: 0, on: { t: (n: number) => n + 1 } })

test('doctor: a snapshot beyond the end of the log, which opening refuses, is a problem', async () => {
  const short = join(temporaryFolder(), 'log')
  await makeFolder(short)
  const long = join(temporaryFolder(), 'log')
  cpSync(short, long, { recursive: true })
  const store = await open(`file:${long}`)
  await store.append('s', { type: 't', data: 9 })
  await store.snapshots.take(projection)
  await store.close()
  expect(examineFolder(long).findings.filter(({ level }) => level !== 'ok')).toEqual([])
  cpSync(join(long, 'snapshots'), join(short, 'snapshots'), { recursive: true })
  await expect(open(`file:${short}`)).rejects.toMatchObject({ code: 'snapshot-malformed' })
  const [found, ...others] = examineFolder(short).findings.filter(({ level }) => level === 'problem')
  expect(others).toEqual([])
  expect(found).toMatchObject({ code: 'snapshot-malformed', facts: { expected: 8, found: 9 } })
  expect(found?.hint).toBeTruthy()
})

const CHECKPOINT = { position: 8, skipped: 0, parked: [] }

test.each([
  ['sound', JSON.stringify(CHECKPOINT), []],
  ['beyond the end of the log', JSON.stringify({ ...CHECKPOINT, position: 9 }), ['checkpoint-invalid']],
  ['malformed', JSON.stringify({ ...CHECKPOINT, skipped: 'none' }), ['checkpoint-invalid']],
  ['of another history', JSON.stringify({ ...CHECKPOINT, event: 'another' }), ['checkpoint-invalid']],
])('doctor: of a checkpoint that is %s it says what subscribing says', async (_, text, codes) => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  const backend = await openFileBackend({ folder })
  await backend.kv.put('$subscription/mails', text, 'any')
  await backend.close()
  const problems = examineFolder(folder).findings.filter(({ level }) => level === 'problem')
  expect(problems.map(({ code }) => code)).toEqual(codes)
  for (const { message, facts, hint } of problems) {
    expect(message).toContain('$subscription/mails')
    expect(JSON.stringify(facts)).toContain(join(folder, 'kv'))
    expect(hint).toBeTruthy()
  }
  const store = await open(`file:${folder}`)
  const subscribed = store
    .subscribe('mails', {}, () => undefined)
    .then(
      () => [],
      (error: unknown) => [isPerdureError(error) ? error.code : error],
    )
  expect(await subscribed).toEqual(codes)
  await store.close()
})

test('doctor: a checkpoint names the event at its position, wherever that is in the log', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  const store = await open(`file:${folder}`)
  const ids = new Map<number, string>()
  for await (const { position, id } of store.read()) ids.set(position, id)
  await store.close()
  const problemsWith = async (shift: number): Promise<string[]> => {
    const backend = await openFileBackend({ folder })
    for (const [position] of ids) {
      const checkpoint = { ...CHECKPOINT, position, event: ids.get(position + shift) ?? 'another' }
      await backend.kv.put(`$subscription/at-${position}`, JSON.stringify(checkpoint), 'any')
    }
    await backend.close()
    return examineFolder(folder).findings.flatMap(({ level, message }) => (level === 'problem' ? [message] : []))
  }
  expect(await problemsWith(0)).toEqual([])
  const problems = await problemsWith(1)
  expect(problems).toHaveLength(ids.size)
  for (const message of problems) expect(message).toContain('of another history of the log')
})

test('doctor: a snapshot that was being made is a note, and opening removes it', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  const [key = ''] = readdirSync(join(folder, 'snapshots'))
  const unfinished = join(folder, 'snapshots', key, '0000000000000007.json.new')
  writeFileSync(unfinished, 'half')
  const { findings } = examineFolder(folder)
  expect(findings.filter(({ level }) => level !== 'ok')).toMatchObject([
    { level: 'note', message: `${unfinished} was being made when a process ended` },
  ])
  await (await open(`file:${folder}`)).close()
  expect(examineFolder(folder).findings.filter(({ level }) => level !== 'ok')).toEqual([])
})

test('doctor: what a crash leaves in kv is a note, and opening settles it', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  const kv = join(folder, 'kv')
  const name = readdirSync(kv).find((one) => one.endsWith('.ndjson')) as string
  writeFileSync(join(kv, '0000000000000099.ndjson.new'), 'half')
  appendFileSync(join(kv, name), '{"revision":4,"key":"k')
  const { findings } = examineFolder(folder)
  expect(findings.filter(({ level }) => level === 'problem')).toEqual([])
  const notes = findings.filter(({ level }) => level === 'note').map(({ message }) => message)
  expect(notes).toEqual([
    expect.stringContaining('0000000000000099.ndjson.new was being made'),
    expect.stringContaining(`${name} ends in an unfinished write`),
  ])
  await (await open(`file:${folder}`)).close()
  const after = examineFolder(folder).findings.filter(({ level }) => level === 'note')
  expect(after.map(({ message }) => message)).toEqual([expect.stringContaining('torn')])
})

test('doctor: without a head, a folder in the place of a segment is a problem like any other', async () => {
  const folder = join(temporaryFolder(), 'log')
  await makeFolder(folder)
  const [first = ''] = readdirSync(join(folder, 'segments')).sort()
  rmSync(join(folder, 'head'))
  rmSync(join(folder, 'segments', first))
  mkdirSync(join(folder, 'segments', first))
  const codes = examineFolder(folder).findings.flatMap(({ level, code }) => (level === 'problem' ? [code] : []))
  expect(codes).toContain('head-missing')
  expect(codes).toContain('backend-failed')
})

/** Every file of a log's folder with every fault planted in it: the doctor says what opening and verifying say, and where. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import type { Backend } from '../../src/backends/protocol.js'
import { examineFolder } from '../../src/cli/doctor/folder.js'
import { isPerdureError } from '../../src/errors.js'
import { defineProjection, open } from '../../src/index.js'
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
  let backend: Backend | undefined
  try {
    backend = await openFileBackend({ folder })
    const { findings } = await backend.verify()
    return findings.map(({ code }) => code).filter((code) => code !== 'index-damaged')
  } catch (error) {
    if (!isPerdureError(error)) throw error
    return [error.code]
  } finally {
    await backend?.close()
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

/** The vectors against the second reader: what docs/format.md says is enough to read a log, and the vectors follow it. */
import { deepStrictEqual } from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { emptyLog, leafHash, readFolder, readLine, rootOf } from '../../docs/format/reader.mjs'
import { folderVectors, lineVectors, rootVectors, temporaryFolder, writeFolder } from './vectors.js'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function folderOf(vector: (typeof folderVectors.folders)[number]): string {
  const folder = temporaryFolder()
  folders.push(folder)
  writeFolder(folder, vector)
  return folder
}

test('format: the second reader has at most 100 lines and imports nothing but Node', () => {
  const text = readFileSync(fileURLToPath(new URL('../../docs/format/reader.mjs', import.meta.url)), 'utf8')
  expect(text.split('\n').length - 1).toBeLessThanOrEqual(100)
  const imports = [...text.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)].map((match) => match[1] ?? match[2])
  expect(imports.length).toBeGreaterThan(0)
  expect(imports.filter((name) => name?.startsWith('node:') !== true)).toEqual([])
})

test('format: every line vector continues the log before it, and has the leaf hash and the root that it states', () => {
  const log = emptyLog()
  for (const { name, lines, leaves, root } of lineVectors.commits) {
    for (const line of lines) readLine(line, log)
    expect(
      lines.map((line) => leafHash(line).toString('hex')),
      name,
    ).toEqual(leaves)
    expect(rootOf(log.lines.map(leafHash)).toString('hex'), name).toBe(root)
  }
})

test('format: every line vector says what the event said that it was made from', () => {
  const log = emptyLog()
  for (const { name, writes, lines } of lineVectors.commits) {
    const given = writes.flatMap(({ stream, events }) => events.map((event) => ({ stream, event })))
    expect(lines.length, name).toBe(given.length)
    lines.forEach((line, i) => {
      const { position: _position, commit: _commit, revision: _revision, time: _time, ...found } = readLine(line, log)
      const { stream, event } = given[i] as (typeof given)[number]
      // JSON has no -0: it is recorded as 0.
      const data: unknown = JSON.parse(JSON.stringify(event.data))
      // Not `expect`: it does not compare keys that are named __proto__.
      deepStrictEqual(withDefaults(found), withDefaults({ ...event, stream, data }), name)
    })
  }
})

function withDefaults(event: object): object {
  return { version: 1, tags: [], meta: {}, ...event }
}

test('format: every list of texts has the root that its vector states', () => {
  for (const { name, lines, root } of rootVectors.lists) {
    expect(rootOf(lines.map(leafHash)).toString('hex'), name).toBe(root)
  }
})

for (const vector of folderVectors.folders) {
  test(`format: the second reader, given the folder "${vector.name}", reads or refuses it as the vector says`, () => {
    const folder = folderOf(vector)
    if (vector.refused === 'log-corrupt' && vector.name.includes('beyond')) {
      // Above the head nothing is acknowledged: a reader stops before it, only a writer has to judge it.
      expect(readFolder(folder).head.last).toBe(1)
    } else if (vector.refused !== undefined) {
      expect(() => readFolder(folder)).toThrow()
    } else {
      const { lines, root } = readFolder(folder)
      expect(lines).toEqual(vector.lines)
      expect(root).toBe(vector.root)
    }
  })
}

test('format: a reader that is given a folder with one bit flipped at or below the head refuses it', () => {
  const vector = folderVectors.folders.find(({ name }) => name === 'three segments')
  if (vector === undefined) throw new Error('the vector is gone')
  for (const [name, text] of Object.entries(vector.segments)) {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += 13) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
      const damaged = { ...vector, segments: { ...vector.segments, [name]: flipped } }
      expect(() => readFolder(folderOf(damaged)), `${name}, byte ${at}`).toThrow()
    }
  }
})

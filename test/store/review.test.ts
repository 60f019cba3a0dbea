/** Faults that a review of the code found, and that must not come back. */
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { defineProjection, isPerdureError, open, type NewEvent } from '../../src/index.js'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'perdure-review-')), 'log')
})
afterEach(() => {
  rmSync(join(folder, '..'), { recursive: true })
})

const note = (n: number): NewEvent => ({ type: 'noted', data: n })

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'nothing',
    (error: unknown) => (isPerdureError(error) ? error.code : String(error)),
  )
}

// Somebody tidies up and removes the lock file; a second process then gets in.
test('lock: a writer whose lock was taken from it notices before it writes over what the other wrote', async () => {
  const first = await open(`file:${folder}`, { create: true })
  await first.append('a', note(1))
  rmSync(join(folder, 'lock'))
  const second = await open(`file:${folder}`)
  await second.append('a', note(2))

  expect(await codeOf(first.append('a', note(3)))).toBe('store-locked')
  expect(await codeOf(first.append('a', note(4)))).toBe('store-locked')

  await second.close()
  await first.close()
  const again = await open(`file:${folder}`)
  const events = []
  for await (const event of again.read()) events.push(event.data)
  await again.close()
  expect(events).toEqual([1, 2])
})

test('open: removes only unfinished files of its own', async () => {
  await (await open(`file:${folder}`, { create: true })).close()
  writeFileSync(join(folder, 'my-notes.new'), 'mine')
  writeFileSync(join(folder, 'head.new'), 'ours')
  const store = await open(`file:${folder}`)
  await store.close()
  expect(existsSync(join(folder, 'my-notes.new'))).toBe(true)
  expect(existsSync(join(folder, 'head.new'))).toBe(false)
})

test.skipIf(!existsSync('/proc/self/fd'))('open: a refused opening holds no file', async () => {
  const store = await open(`file:${folder}`, { create: true })
  await store.append('a', note(1))
  await store.close()
  appendFileSync(join(folder, 'segments', '0000000000000001.ndjson'), '')
  writeFileSync(join(folder, 'segments', '0000000000000009.ndjson'), 'not a segment\n')
  // The lock's own goes with the next collection of garbage: docs/gaps.md.
  const held = (): number =>
    readdirSync('/proc/self/fd').filter((name) => {
      const link = `/proc/self/fd/${name}`
      return existsSync(link) && readlinkSync(link).startsWith(folder) && !readlinkSync(link).endsWith('lock')
    }).length
  for (let i = 0; i < 5; i++) expect(await codeOf(open(`file:${folder}`))).toBe('log-corrupt')
  expect(held()).toBe(0)
})

test('commit: a misspelt condition of a write is refused, not ignored', async () => {
  const store = await open('memory:')
  const write = { stream: 'a', events: note(1), expects: 'new' }
  expect(await codeOf(store.commit([write]))).toBe('condition-invalid')
  expect(await store.head()).toBe(0)
})

test('project: refuses bounds that its position could not tell of', async () => {
  const store = await open('memory:')
  await store.append('a', [note(1), note(2)])
  const count = defineProjection({ name: 'count', version: 1, initial: 0, on: { noted: (n: number) => n + 1 } })
  expect(await codeOf(store.project(count, { upTo: 1 } as object))).toBe('query-invalid')
  expect((await store.project(count, { at: 1 })).state).toBe(1)
})

test('time: a query far in the future selects everything, a clock far in the future is refused', async () => {
  const store = await open('memory:')
  await store.append('a', note(1))
  const events = []
  for await (const event of store.read({ until: new Date(8.64e15) })) events.push(event)
  expect(events).toHaveLength(1)
  const late = await open('memory:', { clock: () => new Date(8.64e15) })
  expect(await codeOf(late.append('a', note(1)))).toBe('options-invalid')
})

test('file: a loop of appends leaves the program time for other things', async () => {
  const store = await open(`file:${folder}`, { create: true })
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  for (let i = 0; i < 500; i++) await store.append('a', note(i))
  clearInterval(timer)
  await store.close()
  // Without a turn in between it would be none; how many depends on the disk.
  expect(turns).toBeGreaterThan(2)
})

/** Sealed events in the log: what stands in the lines, what a read gives, and that a repeat is still known as one. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Backend } from '../../src/index.js'
import { open, openKeyStore, openObserver } from '../../src/index.js'
import type { Store } from '../../src/index.js'
import { acceptTail } from '../../src/repair.js'

const event = { id: 'i', type: 't', subject: 'person:1', data: { name: 'Ann' } }

async function openSealed(backend: Backend = openMemoryBackend()): Promise<Store> {
  return await open(backend, { keys: openKeyStore('memory:') })
}

async function linesOf(store: Store): Promise<string> {
  const lines: string[] = []
  for await (const line of store.lines()) lines.push(line)
  return lines.join('\n')
}

test('sealing: the line holds ciphertext, and a read gives the data back', async () => {
  const store = await openSealed()
  await store.append('a', event)
  expect(await linesOf(store)).toMatch(/"subject":"person:1","sealed":\[\{"at":"","key":"[\w-]{16}","nonce":"/)
  expect(await linesOf(store)).not.toContain('Ann')
  expect(await store.event('i')).toMatchObject({ data: { name: 'Ann' }, subject: 'person:1' })
  expect(await store.event('i')).not.toHaveProperty('unreadable')
})

test('sealing: without its keys, the data is null and said to be unreadable', async () => {
  const backend = openMemoryBackend()
  await (await openSealed(backend)).append('a', event)
  const bare = await openObserver(backend, { keys: 'none' })
  expect(await bare.event('i')).toMatchObject({ data: null, unreadable: [{ path: '', why: 'key-unavailable' }] })
})

test('sealing: parts are sealed by the subjects they are about, and the rest by the log', async () => {
  const store = await openSealed()
  const data = { from: { name: 'Ann' }, to: ['Bob'], amount: 3 }
  await store.append('a', { id: 'p', type: 't', subjects: { '/from': 'person:1', '/to/0': 'person:2' }, data })
  expect((await store.event('p'))?.data).toEqual(data)
  await store.subjects.shred('person:2', { reason: 'asked' })
  const left = await store.event('p')
  expect(left?.data).toEqual({ ...data, to: [null] })
  expect(left?.unreadable).toEqual([{ path: '/to/0', why: 'shredded' }])
})

test('sealing: a repeat is opened and compared', async () => {
  const store = await openSealed()
  await store.append('a', event)
  expect(await store.append('a', event)).toMatchObject({ duplicate: true, first: 1 })
  await expect(store.append('a', { ...event, data: { name: 'Bob' } })).rejects.toMatchObject({ code: 'id-reused' })
})

test('sealing: a repeat of what was shredded is compared by id, type and subject alone, and says so', async () => {
  const store = await openSealed()
  await store.append('a', event)
  await store.subjects.shred('person:1', { reason: 'asked' })
  const head = await store.head()
  expect(await store.append('a', event)).toMatchObject({ duplicate: true, unverified: true, first: 1 })
  expect(await store.append('a', { ...event, data: 'other' })).toMatchObject({ duplicate: true, unverified: true })
  await expect(store.append('a', { ...event, type: 'u' })).rejects.toMatchObject({ code: 'id-reused' })
  await expect(store.append('a', { ...event, subject: 'person:2' })).rejects.toMatchObject({ code: 'id-reused' })
  await expect(store.append('a', { ...event, id: 'new' })).rejects.toMatchObject({ code: 'subject-shredded' })
  expect(await store.head()).toBe(head)
})

test('sealing: opened without its keys, a log is read as far as that goes, and nothing is appended in the clear', async () => {
  const backend = openMemoryBackend()
  await (await openSealed(backend)).append('a', event)
  const store = await open(backend, { keys: 'none' })
  expect((await store.event('i'))?.unreadable).toEqual([{ path: '', why: 'key-unavailable' }])
  const refused = { code: 'keys-missing', written: 'no' }
  await expect(store.append('a', { type: 't', data: 'open' })).rejects.toMatchObject(refused)
  expect(await store.head()).toBe(1)
})

test('sealing: a log whose head and keys are lost is repaired, and says so itself', async () => {
  const root = mkdtempSync(join(tmpdir(), 'perdure-sealing-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const [folder, keys] = [join(root, 'log'), join(root, 'log.keys')]
  const store = await open(`file:${folder}`, { create: true, keys: `file:${keys}` })
  await store.append('a', event)
  await store.close()
  for (const lost of [keys, join(folder, 'head')]) rmSync(lost, { recursive: true })
  await expect(acceptTail(folder)).resolves.toMatchObject({ headMade: true, position: 1 })
  const observer = await openObserver(`file:${folder}`, { keys: 'none' })
  onTestFinished(() => observer.close())
  expect((await observer.event(2))?.type).toBe('$repaired')
})

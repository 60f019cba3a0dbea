/** Checkpoints of a log that has since gone another way, and those that nobody can go on from. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Backend, RecordedEvent } from '../../src/index.js'
import { aroundBackend } from '../../testing/index.js'
import { note, notes, openForTest, temporaryFolder } from './stores.js'

const KEY = '$subscription/s'

/** A log of `length` events whose subscription, of `types`, has come to its end; then all but its current values is as at 10. */
async function restored(length: number, types?: string[]): Promise<string> {
  const folder = temporaryFolder()
  const [log, copy] = [join(folder, 'log'), join(folder, 'copy')]
  const first = await openForTest(`file:${log}`, { create: true })
  await first.append('a', notes(10))
  await first.close()
  cpSync(log, copy, { recursive: true })
  const second = await openForTest(`file:${log}`)
  await second.append('a', notes(length - 10))
  const subscription = await second.subscribe('s', types ? { types } : {}, () => {})
  await subscription.whenAt(length)
  await second.close()
  rmSync(join(copy, 'kv'), { recursive: true, force: true })
  cpSync(join(log, 'kv'), join(copy, 'kv'), { recursive: true })
  return `file:${copy}`
}

for (const types of [undefined, ['rare']]) {
  const what = types ? 'that selects none of them' : 'that selects them'
  test(`subscribe: a log older than the checkpoint, grown past it since, is refused by one ${what}`, async () => {
    const store = await openForTest(await restored(20, types))
    await store.append('a', notes(15))
    const opening = store.subscribe('s', types ? { types } : {}, () => expect.unreachable())
    await expect(opening).rejects.toMatchObject({
      code: 'checkpoint-invalid',
      message: expect.stringContaining('of another history of the log') as string,
      facts: { key: KEY, problem: expect.stringMatching(/ its event at 20 is .+, the log has .+ there$/) as string },
    })
    // Another name is free to begin where its user says.
    const seen: number[] = []
    const other = await store.subscribe('t', { after: 10 }, ({ position }) => void seen.push(position))
    await other.whenAt(25)
    expect(seen).toHaveLength(15)
  })
}

test('subscribe: a checkpoint names the event at its position, wherever that comes from, and at 0 none', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  const saved = async (): Promise<unknown> => JSON.parse((await backend.kv.get(KEY))?.text ?? '')
  await (await store.subscribe('s', { types: ['rare', 'bad'] }, () => {})).close()
  expect(await saved()).toMatchObject({ position: 0 })
  expect(await saved()).not.toHaveProperty('event')
  const refuse = ({ type }: RecordedEvent): void => {
    if (type === 'bad') throw new Error('no')
  }
  for (const last of ['noted', 'rare', 'bad', 'noted']) {
    await store.append('a', [note('x', { type: 'rare' }), note('y', { type: last })])
    const position = await store.head()
    const subscription = await store.subscribe('s', { types: ['rare', 'bad'] }, refuse, { onError: 'park' })
    await subscription.whenAt(position)
    await subscription.close()
    expect(await saved()).toMatchObject({ position, event: (await store.event(position))?.id })
  }
  await (await store.subscribe('t', { after: 3 }, () => {})).close()
  const { position, event } = JSON.parse((await backend.kv.get('$subscription/t'))?.text ?? '') as Record<
    string,
    unknown
  >
  expect(event).toBe((await store.event(position as number))?.id)
})

test('subscribe: a checkpoint without the id of an event, from before they were kept, is gone on from', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  await store.append('a', notes(3))
  await backend.kv.put(KEY, JSON.stringify({ position: 2, skipped: 0, parked: [] }), 'any')
  const seen: number[] = []
  const subscription = await store.subscribe('s', {}, ({ position }) => void seen.push(position))
  await subscription.whenAt(3)
  expect(seen).toEqual([3])
})

test('subscribe: taking over with a checkpoint that is invalid is refused, and the former holder goes on', async () => {
  const backend = openMemoryBackend()
  const store = await openForTest(backend)
  await store.append('a', notes(5))
  const former = await store.subscribe('s', {}, () => {})
  await former.whenAt(5)
  const entry = await backend.kv.get(KEY)
  let claims = 0
  const whole = aroundBackend(backend, (operation, call) => {
    if (operation === 'claim') claims++
    return call()
  })
  const text = JSON.stringify({ position: 999, skipped: 0, parked: [] })
  const get: Backend['kv']['get'] = async (key) =>
    key === KEY ? { key, text, revision: 1 } : await backend.kv.get(key)
  const other = await openForTest({ ...whole, kv: { ...whole.kv, get } })
  const opening = other.subscribe('s', {}, () => {}, { takeOver: true })
  await expect(opening).rejects.toMatchObject({ code: 'checkpoint-invalid', facts: { key: KEY } })
  expect([claims, await backend.kv.get(KEY)]).toEqual([0, entry])
  await store.append('a', notes(1))
  await former.whenAt(6)
  await former.close()
})

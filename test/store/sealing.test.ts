/** The socket for seals, with the plainest one: a repeat is compared with what was recorded, as far as it can be read. */
import { expect, test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Json, RecordedEvent } from '../../src/index.js'
import type { SealPort } from '../../src/log/ports.js'
import { openStore } from '../../src/open.js'

/** Turns data around; `lost` subjects can no longer be read. */
function reversing(lost: ReadonlySet<string> = new Set()): SealPort {
  const turned = (text: string): string => [...text].reverse().join('')
  return {
    guards: () => Promise.resolve({}),
    seal: ({ data, subject = 'nobody' }) =>
      Promise.resolve({ sealed: [{ at: '', key: subject, nonce: '0', box: turned(JSON.stringify(data)) }] }),
    unseal: (event, sealed) => {
      const [{ key, box }] = sealed as [{ key: string; box: string }]
      const { unreadable: _unreadable, ...rest } = event
      if (lost.has(key))
        return Promise.resolve({ ...rest, data: null, unreadable: [{ path: '', why: 'shredded' }] } as RecordedEvent)
      return Promise.resolve({ ...rest, data: JSON.parse(turned(box)) as Json } as RecordedEvent)
    },
  }
}

const event = { id: 'i', type: 't', subject: 'person:1', data: { name: 'Ann' } }

test('sealing: the line holds what the seal made of the data, and a read gives the data back', async () => {
  const backend = openMemoryBackend()
  const store = await openStore(backend, {}, { seal: reversing() })
  await store.append('a', event)
  const lines: string[] = []
  for await (const line of store.lines()) lines.push(line)
  expect(lines.join()).toContain('"sealed":[{"at":"","key":"person:1"')
  expect(lines.join()).not.toContain('Ann')
  expect(await store.event('i')).toMatchObject({ data: { name: 'Ann' }, subject: 'person:1' })
  expect(await store.event('i')).not.toHaveProperty('unreadable')
})

test('sealing: without the seal, the data is null and said to be unreadable', async () => {
  const backend = openMemoryBackend()
  await (await openStore(backend, {}, { seal: reversing() })).append('a', event)
  const bare = await openStore(backend, {}, {})
  expect(await bare.event('i')).toMatchObject({ data: null, unreadable: [{ path: '', why: 'key-unavailable' }] })
})

test('sealing: a repeat is unsealed and compared', async () => {
  const store = await openStore(openMemoryBackend(), {}, { seal: reversing() })
  await store.append('a', event)
  expect(await store.append('a', event)).toMatchObject({ duplicate: true, first: 1 })
  await expect(store.append('a', { ...event, data: { name: 'Bob' } })).rejects.toMatchObject({ code: 'id-reused' })
})

test('sealing: a repeat of what was shredded is compared by id, type and subject alone, and says so', async () => {
  const lost = new Set<string>()
  const store = await openStore(openMemoryBackend(), {}, { seal: reversing(lost) })
  await store.append('a', event)
  lost.add('person:1')
  expect(await store.append('a', event)).toMatchObject({ duplicate: true, unverified: true, first: 1 })
  expect(await store.append('a', { ...event, data: 'other' })).toMatchObject({ duplicate: true, unverified: true })
  for (const other of [
    { ...event, type: 'u' },
    { ...event, subject: 'person:2' },
  ]) {
    await expect(store.append('a', other)).rejects.toMatchObject({ code: 'id-reused' })
  }
  expect(await store.head()).toBe(1)
})

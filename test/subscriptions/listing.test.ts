/** Listing subscriptions of which one has a checkpoint that nobody can go on from. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { open } from '../../src/index.js'
import { listSubscriptions } from '../../src/subscriptions/listing.js'
import { runInProcess } from '../cli/run.js'
import { notes, temporaryFolder } from './stores.js'

test('listing: a malformed checkpoint is named, and hides none of the others', async () => {
  const { kv } = openMemoryBackend()
  const good = JSON.stringify({ position: 1, skipped: 0, parked: [] })
  for (const [name, text] of Object.entries({ a: good, bad: '{"position":-1}', c: good, garbled: 'x' })) {
    await kv.put(`$subscription/${name}`, text, 'any')
  }
  const listed: unknown[] = []
  for await (const one of listSubscriptions(kv)) listed.push(one)
  const invalid = (name: string): object => ({
    name,
    invalid: { code: 'checkpoint-invalid', facts: { key: `$subscription/${name}` } },
  })
  expect(listed).toMatchObject([
    { name: 'a', position: 1 },
    invalid('bad'),
    { name: 'c', position: 1 },
    invalid('garbled'),
  ])
})

test('subscription list: shows an invalid one as that, and the others, and ends with exit code 1', async () => {
  const folder = join(temporaryFolder(), 'log')
  const store = await open(`file:${folder}`, { create: true })
  await store.append('a', notes(3))
  for (const name of ['a', 'b', 'c']) {
    const subscription = await store.subscribe(name, {}, () => {})
    await subscription.whenAt(3)
  }
  await store.close()
  const backend = await openFileBackend({ folder })
  await backend.kv.put('$subscription/b', '{"position":"x"}', 'any')
  await backend.close()
  const run = (...args: string[]): ReturnType<typeof runInProcess> =>
    runInProcess(['subscription', ...args, '--store', `file:${folder}`])
  const { code, out } = await run('list')
  expect(code).toBe(1)
  expect(out.split('\n').map((line) => line.replace(/\s+/g, ' ').slice(0, 12))).toEqual([
    expect.stringMatching(/^a at 3/),
    expect.stringMatching(/^b invalid:/),
    expect.stringMatching(/^c at 3/),
    '',
  ])
  const json = (await run('list', '--json')).out.trim().split('\n')
  expect(json.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { name: 'a', position: 3 },
    { name: 'b', invalid: { code: 'checkpoint-invalid', facts: { key: '$subscription/b' } } },
    { name: 'c', position: 3 },
  ])
  expect((await run('parked', 'a')).code).toBe(0)
  const parked = await run('parked', 'b')
  expect([parked.code, parked.err]).toEqual([1, expect.stringContaining('$subscription/b')])
})

// Subscriptions as the command line sees them: from outside, also while they run.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { must, open } from '../../src/index.js'
import { errorOf, jsonLines, makeLog, runInProcess, temporaryFolder, type Ran } from './run.js'

async function newLog(): Promise<{ readonly store: string; run(...args: string[]): Promise<Ran> }> {
  const types = ['placed', 'shipped', 'placed']
  const store = await makeLog(
    join(temporaryFolder(), 'log'),
    types.map((type) => ({ stream: 'order-1', type, data: {} })),
  )
  return { store, run: (...args) => runInProcess(['subscription', ...args, '--store', store]) }
}

test('subscription: list shows where each is and how far behind; parked shows what it has put aside', async () => {
  const { store, run } = await newLog()
  expect(await run('list')).toMatchObject({ code: 0, out: '', err: '' })
  const log = await open(store)
  const refuse = (): never => {
    throw new Error('no address\u202e')
  }
  const mailer = await log.subscribe('mailer', { types: ['shipped'] }, refuse, { onError: 'park' })
  await mailer.whenAt(3)
  await mailer.close()
  must(await log.append('order-1', { type: 'placed', data: {} }, { expect: 3 }))
  await log.close()
  expect(jsonLines((await run('list', '--json')).out)).toEqual([
    {
      name: 'mailer',
      position: 3,
      behind: 1,
      skipped: 0,
      parked: 1,
      time: expect.stringMatching(/^\d{4}-/) as unknown,
      query: { types: ['shipped'] },
    },
  ])
  expect((await run('list')).out).toMatch(/^mailer +at +3, 1 behind, 1 parked, saved /)
  expect((await run('parked', 'mailer')).out).toMatch(
    /^ +2 {2}order-1@2 {2}shipped {2}.+, 1 attempt: no address\\u202e\n$/,
  )
  expect(jsonLines((await run('parked', 'mailer', '--json')).out)).toMatchObject([
    { position: 2, stream: 'order-1', type: 'shipped', attempts: 1 },
  ])
})

test('subscription: one that is running can be looked at', async () => {
  const { store, run } = await newLog()
  const log = await open(store)
  try {
    const reader = await log.subscribe('reader', {}, () => undefined)
    await reader.whenAt(3)
    const [{ name } = {}] = jsonLines((await run('list', '--json')).out)
    expect(name).toBe('reader')
    expect((await run('parked', 'reader')).out).toBe('reader has parked nothing.\n')
  } finally {
    await log.close()
  }
})

test('subscription: of one that nobody knows, the names there are are told', async () => {
  const { store, run } = await newLog()
  const unknown = await run('parked', 'mailer', '--json')
  expect(unknown).toMatchObject({ code: 1, out: '' })
  expect(errorOf(unknown)).toMatchObject({ code: 'not-found', hint: 'Nobody has subscribed to this log.' })
  const log = await open(store)
  await (await log.subscribe('reader', {}, () => undefined)).close()
  await log.close()
  expect(errorOf(await run('parked', 'mailer', '--json')).hint).toBe('There are: reader.')
})

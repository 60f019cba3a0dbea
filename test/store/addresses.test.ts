/** What `open` is given: addresses, and what is none. */
import { expect, test } from 'vitest'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isPerdureError, open } from '../../src/index.js'
import { temporaryFolder } from './folders.js'

async function codeOf(at: string): Promise<string> {
  const error = await open(at).catch((failure: unknown) => failure)
  if (!isPerdureError(error)) throw new Error(`${at} was opened, or failed without a code`, { cause: error })
  expect(error.hint ?? '').not.toBe('')
  return error.code
}

test('open: what is no address is refused, with what one looks like', async () => {
  for (const at of [
    '',
    'memory',
    './data',
    '/data',
    'file:',
    'http://localhost',
    'mysql://x',
    'C:\\data',
    ':memory:',
  ]) {
    expect(await codeOf(at), at).toBe('options-invalid')
  }
  for (const at of [undefined, null, 7, {}]) expect(await codeOf(at as string)).toBe('options-invalid')
})

test('open: postgres is said to be unsupported, and its password is not repeated', async () => {
  const error = await open('postgres://ann:secret@localhost/db').catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'unsupported' })
  expect(JSON.stringify(error) + String(error)).not.toContain('secret')
  const typo = await open('postgre://ann:secret@localhost/db').catch((failure: unknown) => failure)
  expect(typo).toMatchObject({ code: 'options-invalid' })
  expect(JSON.stringify(typo) + String(typo)).not.toContain('secret')
})

test.each([
  ['http://host:8080/path?token=secret', '"http://host…"'],
  ['http://host?password=secret', '"http://host…"'],
  ['mysql://ann:secret@host/db', '"mysql:…"'],
  ['mysql://ann:se/secret?@host/db', '"mysql:…"'],
  ['mysql://host/#secret', '"mysql://host…"'],
  ['mysql://ann:secret', '"mysql://ann…"'],
  ['mysql:secret', '"mysql:…"'],
  ['MYSQL://host/\nsecret', '"MYSQL://host…"'],
  ['host=localhost password=secret', 'what was given'],
  ['ann@secret', 'what was given'],
  ['./data?token=secret', 'what was given'],
  ['file://elsewhere/share?token=secret', '"file://elsewhere…"'],
  ['http://localhost', '"http://localhost"'],
  ['./data', '"./data"'],
])('open: of %s, which is no address, only %s is repeated', async (at, shown) => {
  const error = await open(at).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'options-invalid' })
  expect((error as Error).message.startsWith(`${shown} is not `)).toBe(true)
  expect(JSON.stringify(error) + String(error)).not.toContain('secret')
})

test('open: `memory:` is a log of its own each time; `memory:<name>` is shared within the process', async () => {
  const [one, two] = [await open('memory:'), await open('memory:')]
  await one.append('a', { type: 't', data: 1 })
  expect(await two.head()).toBe(0)
  const shared = await open('memory:addresses')
  await shared.append('a', { type: 't', data: 1 })
  await shared.close()
  const again = await open('memory:addresses')
  expect(await again.head()).toBe(1)
  expect(again.report().durable).toBe(false)
  await Promise.all([one.close(), two.close(), again.close()])
})

test('open: two stores of one name share one log, and their appends come in one order', async () => {
  const [one, two] = [await open('memory:shared'), await open('memory:shared')]
  const stores = [one, two]
  const results = await Promise.all(
    Array.from({ length: 40 }, (_, i) => stores[i % 2]?.append('a', { type: 't', data: i }, { expect: 'any' })),
  )
  expect(results.map((result) => result?.ok === true && result.revision).sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
  const guarded = await Promise.all(stores.map((store) => store.append('b', { type: 't', data: 1 }, { expect: 'new' })))
  expect(guarded.filter((result) => result.ok)).toHaveLength(1)
  await Promise.all([one.close(), two.close()])
})

test('open: a folder by path or by URL is the same log', async () => {
  const folder = join(temporaryFolder(), 'with space & ünïcode')
  const store = await open(`file:${folder}`, { create: true })
  await store.append('a', { type: 't', data: 1 })
  await store.close()
  const again = await open(pathToFileURL(folder).href)
  expect(await again.head()).toBe(1)
  await again.close()
})

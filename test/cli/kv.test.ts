// Current values on the command line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorOf, jsonLines, makeLog, perdure, runInProcess, SLOW, temporaryFolder, type Ran } from './run.js'

async function newStore(): Promise<{ readonly folder: string; run(...args: string[]): Promise<Ran> }> {
  const folder = temporaryFolder()
  const store = await makeLog(join(folder, 'log'), [])
  return { folder, run: (...args) => runInProcess(['kv', ...args, '--store', store]) }
}

test('kv: what was put is given back, as it was, until it is deleted', async () => {
  const { run } = await newStore()
  const value = '{"theme":"dark","größe":[1,2.5,null]}'
  expect(await run('put', 'profile:ann', value)).toMatchObject({ code: 0, out: 'profile:ann is at revision 1.\n' })
  expect(await run('get', 'profile:ann')).toMatchObject({ code: 0, out: value + '\n' })
  expect(jsonLines((await run('get', 'profile:ann', '--json')).out)).toEqual([
    { key: 'profile:ann', value: JSON.parse(value) as unknown, revision: 1 },
  ])
  expect((await run('delete', 'profile:ann')).out).toBe('Removed profile:ann.\n')
  expect((await run('delete', 'profile:ann')).out).toBe('There was no value under profile:ann.\n')
  const gone = await run('get', 'profile:ann', '--json')
  expect(gone).toMatchObject({ code: 1, out: '' })
  expect(errorOf(gone)).toMatchObject({ code: 'not-found', facts: { key: 'profile:ann' } })
})

test('kv: a put that expects another revision writes nothing, and ends with exit code 3', async () => {
  const { run } = await newStore()
  await run('put', 'k', '1', '--expect', 'new')
  const refused = await run('put', 'k', '2', '--expect', 'new', '--json')
  expect(refused).toMatchObject({ code: 3, out: '' })
  expect(errorOf(refused)).toMatchObject({
    code: 'conflict',
    facts: { key: 'k', expected: 'new', actual: 1 },
    written: 'no',
  })
  expect((await run('delete', 'k', '--expect', '7')).err).toMatch(/^perdure: "k" is at revision 1; expected: 7/)
  expect((await run('get', 'k')).out).toBe('1\n')
  expect((await run('put', 'k', '2', '--expect', '1')).code).toBe(0)
  expect((await run('put', 'other', '2', '--expect', '9')).err).toMatch(/"other" is not there; expected: 9/)
})

test('kv: list gives the keys that begin so, in the order of their bytes', async () => {
  const { run } = await newStore()
  for (const key of ['b', 'a:2', 'a:1', 'ä']) await run('put', key, '-5')
  const keysOf = ({ out }: Ran): unknown[] => jsonLines(out).map(({ key }) => key)
  expect(keysOf(await run('list', '--json'))).toEqual(['a:1', 'a:2', 'b', 'ä'])
  expect(keysOf(await run('list', 'a:', '--json'))).toEqual(['a:1', 'a:2'])
  expect((await run('list', 'b')).out).toMatch(/^b +-5\n$/)
})

test('kv: a value comes from a file or from standard input', SLOW, async () => {
  const { folder, run } = await newStore()
  writeFileSync(join(folder, 'value.json'), '{"from":"a file"}')
  await run('put', 'file', `@${join(folder, 'value.json')}`)
  expect((await run('get', 'file')).out).toBe('{"from":"a file"}\n')
  const store = `file:${join(folder, 'log')}`
  expect((await perdure(['kv', 'put', 'input', '-', '--store', store], { input: '[1]' })).code).toBe(0)
  expect((await run('get', 'input')).out).toBe('[1]\n')
})

test.each([
  ['text without its quotes', ['put', 'k', 'dark'], 'kv-invalid'],
  ["a key of Perdure's own", ['put', '$subscription/x', '1'], 'kv-invalid'],
  ['an empty key', ['get', ''], 'kv-invalid'],
])('kv: %s is refused, with a way on', async (_, args, code) => {
  const { run } = await newStore()
  const ran = await run(...args, '--json')
  expect(ran).toMatchObject({ code: 1, out: '' })
  expect(errorOf(ran)).toMatchObject({ code, hint: expect.any(String) as unknown })
  expect((await run('list')).out).toBe('')
})

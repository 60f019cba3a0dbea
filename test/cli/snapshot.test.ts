// Snapshots on the command line.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { errorOf, jsonLines, makeLog, runInProcess, temporaryFolder, type Ran } from './run.js'

const COUNT = `export default { name: 'count', version: 1, initial: 0, on: { placed: (count) => count + 1 } }`

async function newLog(projection = COUNT): Promise<{ readonly file: string; run(...args: string[]): Promise<Ran> }> {
  const folder = temporaryFolder()
  const file = join(folder, 'count.mjs')
  writeFileSync(file, projection)
  const placed = { type: 'placed', data: {} }
  const store = await makeLog(join(folder, 'log'), [
    { stream: 'order-1', ...placed },
    { stream: 'order-2', ...placed },
  ])
  return { file, run: (...args) => runInProcess([...args, '--store', store]) }
}

test('snapshot: is taken of what is selected, listed, and gone on from with the same result', async () => {
  const { file, run } = await newLog()
  expect((await run('snapshot', 'list')).out).toBe('')
  const taken = await run('snapshot', 'take', file)
  expect(taken.out).toMatch(/^Saved count as of position 2, \d+ bytes\.\n$/)
  await run('append', 'order-1', '--type', 'placed')
  await run('snapshot', 'take', file, '--stream', 'order-1', '--json')
  expect(jsonLines((await run('snapshot', 'list', 'count', '--json')).out)).toMatchObject([
    { name: 'count', version: 1, selection: {}, position: 2 },
    { name: 'count', version: 1, selection: { stream: 'order-1' }, position: 3 },
  ])
  expect((await run('snapshot', 'list')).out).toMatch(/ 2 {2}count \(version 1\) +\d+ bytes {2}all events\n/)
  expect((await run('project', file)).out).toBe('3\n')
  expect((await run('snapshot', 'list', 'other')).out).toBe('')
})

test('snapshot: of a state that is not plain JSON none is taken', async () => {
  const { file, run } = await newLog(COUNT.replace('initial: 0', 'initial: new Map()').replace('count + 1', 'count'))
  const ran = await run('snapshot', 'take', file, '--json')
  expect(ran).toMatchObject({ code: 1, out: '' })
  expect(errorOf(ran)).toMatchObject({ code: 'state-invalid', written: 'no' })
  expect((await run('snapshot', 'list')).out).toBe('')
})

test('snapshot: a file that exports no projection is wrong usage', async () => {
  const { file, run } = await newLog('export default 1')
  expect((await run('snapshot', 'take', file)).code).toBe(2)
})

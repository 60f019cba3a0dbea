// Following and reading a log that somebody else has open for writing.
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { open, type Store } from '../../src/index.js'
import { errorOf, jsonLines, makeLog, perdure, readByHead, runInProcess, SLOW, start, temporaryFolder } from './run.js'

interface Following {
  /** Resolves once it has printed so many lines. */
  lines(count: number): Promise<string[]>
  /** Ctrl-C. */
  stop(): Promise<{ readonly signal: unknown; readonly err: string }>
}

function follow(...args: string[]): Following {
  const { child, err, closed } = start(['follow', ...args])
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  const printed = (): string[] => out.split('\n').slice(0, -1)
  return {
    lines: async (count) => {
      while (printed().length < count && child.exitCode === null)
        await Promise.race([once(child.stdout, 'data'), closed])
      return printed()
    },
    stop: async () => {
      child.kill('SIGINT')
      const { signal } = await closed
      return { signal, err: err() }
    },
  }
}

async function openLog(count: number): Promise<{ readonly folder: string; readonly url: string; readonly log: Store }> {
  const folder = join(temporaryFolder(), 'log')
  const log = await open(`file:${folder}`, { create: true })
  onTestFinished(() => log.close())
  for (let i = 0; i < count; i++) await log.append(`s-${i % 2}`, { type: 't', data: { i } })
  return { folder, url: `file:${folder}`, log }
}

test('follow: prints what is there, then what another process records, until Ctrl-C', SLOW, async () => {
  const { url, log } = await openLog(3)
  const following = follow('--json', '--stream', 's-0', '--store', url)
  await following.lines(2)
  for (let i = 3; i < 40; i++) await log.append(`s-${i % 2}`, { type: 't', data: { i } })
  const lines = await following.lines(20)
  const positions = jsonLines<{ position: number }>(lines.join('\n')).map(({ position }) => position)
  expect(positions).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i + 1))
  expect(await following.stop()).toEqual({ signal: 'SIGINT', err: '' })
})

test('follow: --after begins behind a position, or at the end of the log', SLOW, async () => {
  const { url, log } = await openLog(3)
  const fromTwo = follow('--after', '2', '--store', url)
  expect(await fromTwo.lines(1)).toEqual([expect.stringMatching(/^ +3 .* s-0@2 /)])
  await fromTwo.stop()
  const fromHead = follow('--after', 'head', '--json', '--store', url)
  // It says nothing of what was there, so nothing says that it has begun: events are recorded until one shows.
  const first = fromHead.lines(1)
  let isShown = false
  void first.then(() => (isShown = true))
  while (!isShown) await log.append('s-new', { type: 't', data: {} })
  expect(jsonLines<{ stream: string }>((await first)[0] ?? '')[0]?.stream).toBe('s-new')
  const { err } = await fromHead.stop()
  expect(err).toBe('')
})

test('follow: ends quietly when the reader of its output has gone', SLOW, async () => {
  const { url, log } = await openLog(1)
  const ended = await readByHead(['follow', '--store', url], () => log.append('s', { type: 't', data: {} }))
  expect(ended).toEqual({ code: 0, signal: null, err: '' })
})

test('follow: of a log in memory there is nothing to wait for, and what is not there is not made', async () => {
  expect(errorOf(await runInProcess(['follow', '--store', 'memory:', '--json'])).code).toBe('usage')
  const nowhere = await runInProcess(['follow', '--store', `file:${join(temporaryFolder(), 'log')}`, '--json'])
  expect(errorOf(nowhere).code).toBe('store-missing')
})

const COUNT = `export default { name: 'count', version: 1, initial: 0, on: { t: (count) => count + 1 } }`

test('reading: every command that only reads does so while another process has the log open', SLOW, async () => {
  const { folder, url, log } = await openLog(3)
  const projection = join(folder, '..', 'count.mjs')
  writeFileSync(projection, COUNT)
  await log.kv.put('k', 1)
  const commands = [
    ['read'],
    ['cat'],
    ['streams'],
    ['project', projection],
    ['checkpoint'],
    ['verify'],
    ['kv', 'get', 'k'],
    ['kv', 'list'],
    ['snapshot', 'list'],
    ['subscription', 'list'],
  ]
  for (const command of commands) {
    const ran = await perdure([...command, '--store', url])
    expect({ command, code: ran.code, err: ran.err }).toEqual({ command, code: 0, err: '' })
  }
  expect((await perdure(['append', 's', '--type', 't', '--store', url])).code).toBe(1)
})

test('reading: changes nothing in the folder, also where an index is missing', async () => {
  const url = await makeLog(join(temporaryFolder(), 'log'), [{ stream: 's', type: 't', data: {} }])
  const folder = url.slice('file:'.length)
  const projection = join(folder, '..', 'count.mjs')
  writeFileSync(projection, COUNT)
  rmSync(join(folder, 'index'), { recursive: true, force: true })
  const before = contentsOf(folder)
  for (const command of [['read'], ['streams'], ['project', projection], ['checkpoint'], ['verify'], ['kv', 'list']]) {
    expect((await runInProcess([...command, '--store', url])).code).toBe(0)
  }
  expect(contentsOf(folder)).toEqual(before)
})

function contentsOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  )
  const contents = files.sort().map((name) => [name, readFileSync(join(folder, name)).toString('base64')])
  return Object.fromEntries(contents) as Record<string, string>
}

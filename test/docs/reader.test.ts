// docs/format/reader.mjs as a program: what it prints, and how it ends when it cannot.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { open } from '../../src/index.js'
import { cleanEnvironment, makeLog, ROOT, runNode, SLOW, temporaryFolder } from '../cli/run.js'

const READER = join(ROOT, 'docs/format/reader.mjs')

async function newLog(text = 'x', count = 3): Promise<string> {
  const log = join(temporaryFolder(), 'log')
  await makeLog(
    log,
    Array.from({ length: count }, () => ({ stream: 's', type: 't', data: { text } })),
  )
  return log
}

test('reader: prints the lines, and the root that Perdure computes', SLOW, async () => {
  const log = await newLog()
  const store = await open(`file:${log}`)
  const lines: string[] = []
  for await (const line of store.lines()) lines.push(line + '\n')
  const { root } = await store.checkpoint()
  await store.close()
  expect(await runNode([READER, log])).toMatchObject({ code: 0, out: lines.join(''), err: `${root}\n` })
})

test('reader: says in one line what keeps it from reading, or how to call it', SLOW, async () => {
  expect(await runNode([READER])).toMatchObject({ code: 1, out: '', err: 'usage: node reader.mjs <folder>\n' })
  const nowhere = await runNode([READER, join(temporaryFolder(), 'nowhere')])
  expect(nowhere).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^ENOENT.*\n$/) as string })
  const log = await newLog('truth')
  const segment = join(log, 'segments/0000000000000001.ndjson')
  writeFileSync(segment, readFileSync(segment, 'utf8').replace('truth', 'false'))
  const damaged = await runNode([READER, log])
  expect(damaged).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^0+1\.ndjson, byte .*\n$/) as string })
})

test('reader: whoever has enough of it (| head) ends it quietly', SLOW, async () => {
  const log = await newLog('x'.repeat(200_000), 4)
  const child = spawn(process.execPath, [READER, log], { env: cleanEnvironment() })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = (await once(child, 'close')) as [number | null]
  expect({ code, err }).toEqual({ code: 0, err: '' })
})

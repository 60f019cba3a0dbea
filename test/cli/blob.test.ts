// Large objects on the command line: beside the log, by the address of their bytes.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cidOf } from '../../src/blobs/cid.js'
import { open } from '../../src/index.js'
import { errorOf, jsonLines, makeLog, perdure, runInProcess, SLOW, temporaryFolder, type Ran } from './run.js'

const BYTES = new Uint8Array([0, 255, 10, 27, 91, 128])
const CID = cidOf(BYTES)

interface Place {
  readonly folder: string
  readonly file: string
  readonly store: string
  run(...args: string[]): Promise<Ran>
}

async function newPlace(): Promise<Place> {
  const folder = temporaryFolder()
  const file = join(folder, 'bytes')
  writeFileSync(file, BYTES)
  const store = await makeLog(join(folder, 'log'), [])
  return { folder, file, store, run: (...args) => runInProcess(['blob', ...args, '--store', store]) }
}

test('blob: is kept beside the log, said to be there, and given back to the byte', async () => {
  const { folder, file, run } = await newPlace()
  const [reference] = jsonLines((await run('put', file, '--media-type', 'image/png', '--json')).out)
  expect(reference).toEqual({ cid: CID, size: BYTES.length, mediaType: 'image/png' })
  expect(readdirSync(folder).sort()).toEqual(['bytes', 'log', 'log.blobs'])
  expect(await run('has', CID)).toMatchObject({ code: 0, out: `yes: file:${folder}/log.blobs\n` })
  const out = join(folder, 'again')
  expect(await run('get', CID, '--out', out)).toMatchObject({ code: 0, out: `Wrote 6 bytes to ${out}.\n` })
  expect(new Uint8Array(readFileSync(out))).toEqual(BYTES)
})

test('blob: goes to a pipe as it is, while another process has the log open', SLOW, async () => {
  const { store, folder } = await newPlace()
  const holder = await open(store)
  try {
    const text = 'größe\u001b[31m\n'
    expect((await perdure(['blob', 'put', '-', '--store', store], { input: text })).code).toBe(0)
    const got = await perdure(['blob', 'get', cidOf(Buffer.from(text)), '--store', store])
    expect(got).toMatchObject({ code: 0, out: text, err: '' })
    const elsewhere = ['--blobs', `file:${join(folder, 'elsewhere')}`]
    expect((await perdure(['blob', 'has', CID, '--store', store, ...elsewhere])).code).toBe(1)
  } finally {
    await holder.close()
  }
})

test('blob: on a terminal text is shown with escapes, and bytes are not', async () => {
  const { folder, file, store, run } = await newPlace()
  writeFileSync(join(folder, 'text'), 'größe\u001b[31m\n')
  await run('put', join(folder, 'text'))
  await run('put', file)
  const get = (path: string): Promise<Ran> =>
    runInProcess(['blob', 'get', cidOf(readFileSync(path)), '--store', store], { isTerminal: true })
  expect(await get(join(folder, 'text'))).toMatchObject({ code: 0, out: 'größe\\u001b[31m\n' })
  const refused = await get(file)
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toContain('--out')
})

test('blob: what is not there, or not what it was, ends with exit code 1', async () => {
  const { folder, file, run } = await newPlace()
  expect(await run('has', CID)).toMatchObject({ code: 1, err: '' })
  expect(errorOf(await run('get', CID, '--out', join(folder, 'no'), '--json'))).toMatchObject({ code: 'not-found' })
  await run('put', file)
  const [shelf = ''] = readdirSync(join(folder, 'log.blobs'))
  writeFileSync(join(folder, 'log.blobs', shelf, CID), 'other')
  const damaged = await run('get', CID, '--out', join(folder, 'no'), '--json')
  expect(errorOf(damaged).code).toBe('blob-corrupt')
  expect(existsSync(join(folder, 'no'))).toBe(false)
})

test('blob: a file that is there is not written over, one that is not there cannot be put', async () => {
  const { folder, file, run } = await newPlace()
  await run('put', file)
  writeFileSync(join(folder, 'mine'), 'mine')
  expect((await run('get', CID, '--out', join(folder, 'mine'))).code).toBe(1)
  expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine')
  expect(errorOf(await run('put', join(folder, 'nowhere'), '--json'))).toMatchObject({ code: 'failed', written: 'no' })
})

test('blob: beside a log that is not there none are kept, and nothing is made', async () => {
  const { folder, file } = await newPlace()
  const ran = await runInProcess(['blob', 'put', file, '--json', '--store', `file:${join(folder, 'lgo')}`])
  expect(errorOf(ran).code).toBe('store-missing')
  expect(readdirSync(folder).sort()).toEqual(['bytes', 'log'])
})

test.each([
  ['an address that is none', ['has', 'abc'], 1, 'blob-invalid'],
  ['a media type that is none', ['put', 'package.json', '--media-type', 'png'], 1, 'blob-invalid'],
  ['bytes as JSON', ['get', CID], 2, 'usage'],
  ['a folder of an unknown kind', ['has', CID, '--blobs', 's3://x'], 2, 'options-invalid'],
])('blob: %s is refused', async (_, args, code, name) => {
  const { run } = await newPlace()
  const ran = await run(...args, '--json')
  expect(ran).toMatchObject({ code, out: '' })
  expect(errorOf(ran).code).toBe(name)
})

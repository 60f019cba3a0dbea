// Keys, subjects and forgetting on the command line; and that nothing secret comes out of it, whatever it is asked.
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { open, openKeyStore } from '../../src/index.js'
import { searchFiles } from '../../src/cli/demo/search.js'
import { makeRepository, RICH_COMMITS, RICH_HISTORY } from './repository.js'
import {
  errorOf,
  jsonLines,
  perdure,
  perdureHere,
  runInProcess,
  SLOW,
  temporaryFolder,
  type Ran,
  type RunOptions,
} from './run.js'

const PERSON = 'Ann Lee, 7 Orchard Road'
const NATURAL = 'ann.lee@example.org'

interface Sealed {
  readonly folder: string
  readonly log: string
  readonly keys: string
  readonly said: string[]
  run(args: readonly string[], options?: RunOptions): Promise<Ran>
}

/** A sealed log with an event about Ann, one about Bob and one about nobody. What is said is kept. */
async function sealedLog(): Promise<Sealed> {
  const folder = temporaryFolder()
  const [log, keys] = [join(folder, 'log'), join(folder, 'log.keys')]
  const said: string[] = []
  const run = async (args: readonly string[], options: RunOptions = {}): Promise<Ran> => {
    const env = { PERDURE_STORE: `file:${log}`, ...options.env }
    const ran = await perdureHere(args, { cwd: folder, ...options, env })
    said.push(ran.out, ran.err)
    return ran
  }
  await run(['init', '--keys'])
  const store = await open(`file:${log}`)
  await store.append('s', { id: 'a', type: 't', data: { name: PERSON }, subject: 'person:a', tags: ['person:a'] })
  await store.append('s', { id: 'b', type: 't', data: { name: 'Bob' }, subject: 'person:b' })
  await store.append('s', { id: 'c', type: 't', data: { x: 1 } })
  await store.close()
  return { folder, log, keys, said, run }
}

function blobIn(folder: string, cid: string): string {
  const name = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((one) => one.endsWith(cid))
  return join(folder, name ?? '')
}

const masterOf = (keys: string): string[] => {
  const file = JSON.parse(readFileSync(join(keys, 'master'), 'utf8')) as { readonly keys: Record<string, string> }
  return Object.values(file.keys)
}

test(
  'init --keys: makes a key store beside the log, for its owner alone, and says what to keep apart',
  SLOW,
  async () => {
    const folder = temporaryFolder()
    const cwd = { cwd: folder }
    const made = await perdure(['init', '--keys', '--store', 'file:./log'], cwd)
    expect(made).toMatchObject({ code: 0, err: '' })
    expect(made.out).toContain('Back up the folder of the log and the keys apart')
    for (const [name, mode] of [
      ['', 0o700],
      ['records', 0o600],
      ['master', 0o600],
    ] as const) {
      expect(statSync(join(folder, 'log.keys', name)).mode & 0o777, name).toBe(mode)
    }
    const again = await perdure(['init', '--json', '--store', 'file:./log'], cwd)
    const [status] = jsonLines(again.out)
    expect(status).toMatchObject({ made: false, keys: { store: join(folder, 'log.keys'), made: 0, rotating: false } })
    const elsewhere = await perdure(['init', '--keys', 'file:./safe/keys', '--store', 'file:./other'], cwd)
    expect(elsewhere.code).toBe(0)
    expect(existsSync(join(folder, 'safe/keys/records'))).toBe(true)
    expect(existsSync(join(folder, 'other.keys'))).toBe(false)
  },
)

test('init --keys: a log that has events without keys stays as it is', SLOW, async () => {
  const folder = temporaryFolder()
  const env = { PERDURE_STORE: `file:${join(folder, 'log')}` }
  await perdure(['init'], { env })
  // Empty, it may still become either.
  await perdure(['append', 's', '--type', 't'], { env })
  const refused = await perdure(['init', '--keys', '--json'], { env })
  expect(refused.code).toBe(1)
  expect(errorOf(refused)).toMatchObject({ code: 'keys-unexpected', written: 'no' })
  expect(existsSync(join(folder, 'log.keys'))).toBe(false)
  expect((await perdure(['read'], { env })).out).toContain('{}')
})

test(
  'cat: shows data in the place of what is sealed, and with --sealed the stored bytes, without keys',
  SLOW,
  async () => {
    const { log, keys, run } = await sealedLog()
    const segment = readFileSync(join(log, 'segments/0000000000000001.ndjson'), 'utf8')
    const stored = segment.split('\n').filter((line) => line.startsWith('{"position":'))
    const shown = jsonLines((await run(['cat'])).out)
    expect(shown.map(({ data }) => data)).toEqual([{ name: PERSON }, { name: 'Bob' }, { x: 1 }])
    expect(shown.some((line) => 'sealed' in line)).toBe(false)
    expect((await run(['cat', '--no-keys', '--limit', '1'])).out).toContain(
      '"unreadable":[{"path":"","why":"key-unavailable"}]',
    )
    renameSync(keys, `${keys}-away`)
    expect((await run(['cat', '--sealed'])).out.trimEnd().split('\n')).toEqual(stored)
    const lost = await run(['cat', '--json'])
    expect(errorOf(lost)).toMatchObject({ code: 'keys-missing', hint: expect.stringContaining('--no-keys') as string })
    expect((await run(['read', '--keys', `file:${keys}-away`, '--json'])).out).toContain(PERSON)
    expect((await run(['read', '--json'], { env: { PERDURE_KEYS: `file:${keys}-away` } })).out).toContain(PERSON)
  },
)

test('read: says of each event why it cannot be read', SLOW, async () => {
  const { run } = await sealedLog()
  await run(['shred', 'person:a', '--reason', 'asked for', '--yes'])
  expect((await run(['read'])).out.split('\n').slice(0, 2).join()).toMatch(/\(shredded\).*"name":"Bob"/s)
  const without = (await run(['read', '--keys', 'none'])).out
  expect(without.match(/\(its key is not at hand\)/g)).toHaveLength(3)
})

test.each([['streams'], ['checkpoint'], ['verify'], ['cat', '--sealed'], ['subscription', 'list']])(
  '%s %s: needs no keys',
  SLOW,
  async (...args) => {
    const { keys, run } = await sealedLog()
    const before = await run(args)
    rmSync(keys, { recursive: true })
    expect(await run(args)).toEqual({ ...before, code: 0 })
  },
)

test(
  'append: without the keys of the log nothing is written, and a key on the command line is not repeated',
  SLOW,
  async () => {
    const { keys, run } = await sealedLog()
    const none = await run(['append', 's', '--type', 't', '--keys', 'none', '--json'])
    expect(errorOf(none)).toMatchObject({ code: 'usage', written: 'no' })
    const secret = Buffer.alloc(32, 7).toString('base64')
    const pasted = await run(['append', 's', '--type', 't', '--keys', secret])
    expect(pasted.code).toBe(2)
    expect(pasted.err).not.toContain(secret)
    rmSync(keys, { recursive: true })
    expect(errorOf(await run(['append', 's', '--type', 't', '--json']))).toMatchObject({
      code: 'keys-missing',
      written: 'no',
    })
  },
)

test('keys: says what wraps them; rotate wraps them anew while another process has the log open', SLOW, async () => {
  const { log, keys, run } = await sealedLog()
  const former = masterOf(keys)
  const [before] = jsonLines((await run(['keys', '--json'])).out)
  expect(before).toMatchObject({ store: keys, provider: join(keys, 'master'), made: 3, rotating: false })
  const store = await open(`file:${log}`)
  const rotated = await run(['keys', 'rotate'])
  expect(rotated.code).toBe(0)
  expect(rotated.out).toContain('3 keys wrapped anew')
  await store.append('s', { type: 't', data: { name: 'New' }, subject: 'person:new' })
  await store.close()
  const [after] = jsonLines((await run(['keys', 'status', '--json'])).out)
  expect(after).toMatchObject({ made: 4, rotating: false })
  expect(after?.['master']).not.toBe(before?.['master'])
  expect(masterOf(keys)).toHaveLength(1)
  expect(masterOf(keys)).not.toEqual(former)
  expect((await run(['read', '--json'])).out).toContain(PERSON)
})

test('keys: of a log that was begun without any there is nothing to say', SLOW, async () => {
  const folder = temporaryFolder()
  const env = { PERDURE_STORE: `file:${join(folder, 'log')}` }
  await perdure(['init'], { env })
  await perdure(['append', 's', '--type', 't'], { env })
  expect(errorOf(await perdure(['keys', '--json'], { env }))).toMatchObject({ code: 'not-found' })
  expect(errorOf(await perdure(['subjects', '--json'], { env }))).toMatchObject({ code: 'unsupported' })
})

test('keys: the master key may come from the environment, and stands nowhere then', SLOW, async () => {
  const folder = temporaryFolder()
  const [one, other] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')]
  const store = { PERDURE_STORE: `file:${join(folder, 'log')}` }
  const env = { ...store, PERDURE_MASTER_KEY: one }
  expect((await perdure(['init', '--keys'], { env })).out).toContain('comes from PERDURE_MASTER_KEY')
  expect(existsSync(join(folder, 'log.keys/master'))).toBe(false)
  await perdure(['append', 's', '--type', 't', '--subject', 'p', '--data', '"seen"'], { env })
  const same = await perdure(['keys', 'rotate', '--json'], { env })
  expect(errorOf(same)).toMatchObject({ code: 'unsupported', hint: expect.stringContaining('_FORMER') as string })
  const renewed = { ...store, PERDURE_MASTER_KEY: other, PERDURE_MASTER_KEY_FORMER: one }
  expect((await perdure(['keys', 'rotate'], { env: renewed })).code).toBe(0)
  expect((await perdure(['read'], { env: { ...store, PERDURE_MASTER_KEY: other } })).out).toContain('seen')
  const wrong = await perdure(['append', 's', '--type', 't', '--subject', 'p'], { env })
  expect(wrong.code).toBe(1)
  expect(wrong.err).not.toContain(one)
})

test(
  'subjects: lists them, says what is known of one, and gives a random name for what is read from its input',
  SLOW,
  async () => {
    const { run } = await sealedLog()
    const named = await run(['subjects', 'pseudonym', 'person', '-'], { input: `${NATURAL}\n` })
    expect(named.out).toMatch(/^person:[a-z0-9]{16}\n$/)
    const again = await run(['subjects', 'pseudonym', 'person', '-', '--json'], { input: NATURAL })
    expect(jsonLines(again.out)).toEqual([{ pseudonym: named.out.trim() }])
    const refused = await run(['subjects', 'pseudonym', 'person', NATURAL])
    expect(refused.code).toBe(2)
    expect(refused.err).not.toContain(NATURAL)
    await run(['shred', 'person:b', '--reason', 'r', '--yes'])
    const all = jsonLines((await run(['subjects', '--json'])).out)
    expect(Object.fromEntries(all.map(({ subject, status }) => [subject, status]))).toEqual({
      'person:a': 'known',
      'person:b': 'shredded',
      [named.out.trim()]: 'known',
    })
    expect((await run(['subjects', '--status', 'shredded'])).out).toBe('shredded   person:b\n')
    expect((await run(['subjects', 'status', 'person:z'])).out).toBe('unknown\n')
  },
)

test('shred: prints what was destroyed and a root that stays, and everybody else can be read', SLOW, async () => {
  const { log, keys, run } = await sealedLog()
  const [{ root } = {}] = jsonLines((await run(['checkpoint', '--json'])).out)
  const unasked = await run(['shred', 'person:a', '--reason', 'asked for'])
  expect(unasked).toMatchObject({ code: 2, out: '' })
  expect((await run(['read', '--json'])).out).toContain(PERSON)
  const shredded = await run(['shred', 'person:a', '--reason', 'asked for', '--yes', '--json'])
  expect(shredded).toMatchObject({ code: 0, err: '' })
  const [first] = jsonLines(shredded.out)
  expect(first).toMatchObject({ events: 1, lines: 3, rootBefore: root, rootAfter: root })
  expect(first?.['receipt']).toMatchObject({ subject: 'person:a', request: 4, position: 5, keys: [expect.any(String)] })
  const [again] = jsonLines((await run(['shred', 'person:a', '--reason', 'other', '--yes', '--json'])).out)
  expect(again).toMatchObject({ receipt: first?.['receipt'], lines: 3, rootAfter: root })
  const text = (await run(['shred', 'person:a', '--reason', 'other', '--yes'])).out
  expect(text).toContain('person:a was forgotten')
  const events = jsonLines((await run(['read', '--stream', 's', '--json'])).out)
  expect(events.map(({ data }) => data)).toEqual([null, { name: 'Bob' }, { x: 1 }])
  const before = readFileSync(join(log, 'segments/0000000000000001.ndjson'))
  expect(before.includes(PERSON)).toBe(false)
  expect(readFileSync(join(keys, 'records')).includes(PERSON)).toBe(false)
  expect(errorOf(await run(['append', 's', '--type', 't', '--subject', 'person:a', '--json']))).toMatchObject({
    code: 'subject-shredded',
    written: 'no',
  })
  expect(errorOf(await run(['shred', 'person:z', '--reason', 'r', '--yes', '--json'])).code).toBe('subject-unknown')
})

test('shred: on a terminal it asks, and only yes is a yes', SLOW, async () => {
  const { log } = await sealedLog()
  const args = ['shred', 'person:a', '--reason', 'r', '--store', `file:${log}`]
  const no = await runInProcess(args, { isTerminal: true, input: 'y\n' })
  expect(no).toMatchObject({ code: 1, out: '' })
  expect(no.err).toContain('cannot be undone')
  const yes = await runInProcess(args, { isTerminal: true, input: 'yes\n' })
  expect(yes.code).toBe(0)
  expect(yes.out).toContain('person:a is forgotten')
})

test('kv and blob: what is put for a subject is sealed, and gone with the subject', SLOW, async () => {
  const { log, folder, run } = await sealedLog()
  const about = ['--subject', 'person:a']
  await run(['kv', 'put', 'address', JSON.stringify(PERSON), ...about])
  expect((await run(['kv', 'get', 'address'])).out).toBe(`${JSON.stringify(PERSON)}\n`)
  writeFileSync(join(folder, 'photo'), PERSON)
  const [{ cid = '' } = {}] = jsonLines<{ cid: string }>((await run(['blob', 'put', 'photo', ...about, '--json'])).out)
  expect((await run(['blob', 'get', cid])).out).toBe(PERSON)
  expect(readFileSync(blobIn(`${log}.blobs`, cid)).includes(PERSON)).toBe(false)
  const [{ receipt } = {}] = jsonLines((await run(['shred', 'person:a', '--reason', 'r', '--yes', '--json'])).out)
  expect(receipt).toMatchObject({ removed: { values: 1 } })
  expect((await run(['kv', 'get', 'address'])).code).toBe(1)
  expect(errorOf(await run(['blob', 'get', cid, '--out', 'x', '--json'])).code).toBe('subject-shredded')
})

test('doctor: says what is wrong with the keys: missing, of another log, older, open to others', SLOW, async () => {
  const { log, keys, folder, run } = await sealedLog()
  const codes = async (...args: string[]): Promise<[number | null, unknown]> => {
    const { code, out } = await run(['doctor', '--json', ...args])
    const [report] = jsonLines<{ findings: { level: string; code?: string }[] }>(out)
    return [code, report?.findings.filter(({ level }) => level === 'problem').map((one) => one.code)]
  }
  expect(await codes()).toEqual([0, []])
  expect((await run(['doctor'])).out).toContain('belong to this log')
  cpSync(keys, join(folder, 'backup'), { recursive: true })
  const store = await open(`file:${log}`)
  await store.append('s', { type: 't', data: 1, subject: 'person:new' })
  await store.close()
  expect(await codes('--keys', `file:${join(folder, 'backup')}`)).toEqual([1, ['keys-outdated']])
  expect(await codes('--keys', `file:${join(folder, 'nowhere')}`)).toEqual([1, ['keys-missing']])
  mkdirSync(join(folder, 'two'))
  await perdure(['init', '--keys', '--store', `file:${join(folder, 'two/log')}`])
  expect(await codes('--keys', `file:${join(folder, 'two/log.keys')}`)).toEqual([1, ['keys-foreign']])
  chmodSync(join(keys, 'records'), 0o644)
  expect(await codes()).toEqual([1, ['keys-exposed']])
  chmodSync(join(keys, 'records'), 0o600)
  cpSync(join(folder, 'two/log.keys/master'), join(keys, 'master'))
  expect((await codes())[0]).toBe(1)
})

test('doctor: says that keys lie beside a log that was begun without keys', SLOW, async () => {
  const folder = temporaryFolder()
  const log = join(folder, 'log')
  await perdure(['init', '--store', `file:${log}`])
  await perdure(['append', 's', '--type', 't', '--store', `file:${log}`])
  await openKeyStore(`file:${log}.keys`, { create: true }).close()
  const { code, out } = await perdure(['doctor', '--store', `file:${log}`])
  expect(code).toBe(0)
  expect(out).toContain('the log was begun without keys')
})

test('verify --seals: opens everything that is sealed, and says how much was forgotten', SLOW, async () => {
  const { run } = await sealedLog()
  await run(['shred', 'person:a', '--reason', 'r', '--yes'])
  const [report] = jsonLines((await run(['verify', '--seals', '--json'])).out)
  expect(report).toMatchObject({ intact: true, seals: { opened: 2, shredded: 1, unavailable: 0 } })
  expect((await run(['verify', '--seals'])).out).toContain('Seals: 2 events opened; 1 forgotten')
})

test('nothing that a command says shows a master key', SLOW, async () => {
  const { keys, said, run } = await sealedLog()
  const masters = masterOf(keys)
  for (const args of [
    ['keys'],
    ['keys', 'rotate'],
    ['doctor'],
    ['verify', '--boot'],
    ['subjects'],
    ['cat'],
    ['read'],
  ]) {
    await run(args)
  }
  writeFileSync(join(keys, 'master'), readFileSync(join(keys, 'master'), 'utf8').slice(0, -9))
  for (const args of [['keys'], ['doctor'], ['append', 's', '--type', 't']]) await run(args)
  const damaged = readFileSync(join(keys, 'master'), 'utf8')
  masters.push(...Array.from(damaged.matchAll(/"([A-Za-z0-9+/]{30,}=?)/g), ([, key = '']) => key))
  expect(masters.length).toBeGreaterThan(1)
  for (const text of said) for (const master of masters) expect(text).not.toContain(master)
})

test(
  'import csv: into a sealed log no id confirms a guess of a row, and of who was forgotten nothing comes again',
  SLOW,
  async () => {
    const { folder, run } = await sealedLog()
    const again = [
      'import',
      'csv',
      'rows.csv',
      '--type',
      'visit',
      '--stream',
      'v',
      '--subject',
      'person:{id}',
      '--json',
    ]
    const ids = async (): Promise<unknown[]> => {
      return jsonLines((await run(['read', '--stream', 'v', '--json'])).out).map(({ id }) => id)
    }
    writeFileSync(join(folder, 'rows.csv'), `id,name\na,${JSON.stringify(PERSON)}\nb,Bob\n`)
    expect(jsonLines((await run(again)).out)).toMatchObject([{ events: 2, newEvents: 2 }])
    const [first] = await ids()
    await run(['shred', 'person:a', '--reason', 'r', '--yes'])
    expect(jsonLines((await run(again)).out)).toMatchObject([{ events: 2, newEvents: 0, known: 2 }])
    // The same place with another content: no other id.
    writeFileSync(join(folder, 'rows.csv'), 'id,name\na,Somebody else\nb,Bob\nc,Cid\n')
    expect(jsonLines((await run(again)).out)).toMatchObject([{ events: 3, newEvents: 1, known: 2 }])
    expect((await ids())[0]).toBe(first)
    writeFileSync(join(folder, 'rows.csv'), 'id,name\na,Somebody else\nb,Robert\nc,Cid\n')
    expect(errorOf(await run(again))).toMatchObject({ code: 'import-invalid' })
  },
)

test(
  'import git: in a sealed log authors are found again by their pseudonyms, until they are forgotten',
  SLOW,
  async () => {
    const { folder, log, keys, run } = await sealedLog()
    makeRepository(join(folder, 'repository'), RICH_HISTORY)
    const [first] = jsonLines((await run(['import', 'git', 'repository', '--json'])).out)
    expect(first).toMatchObject({ newCommits: RICH_COMMITS, authors: 6 })
    expect(
      searchFiles([log, keys], ['bob+git@example.org', 'ann@example.org', 'Bob "The Builder" O\'Neil']).found,
    ).toEqual([])
    const author = `Bob "The Builder" O'Neil <bob+git@example.org>`
    const bob = (await run(['subjects', 'pseudonym', 'author', '-'], { input: author })).out.trim()
    expect((await run(['read', '--tag', bob, '--type', 'commit_authored', '--json'])).out).toContain('bob+git')
    await run(['shred', bob, '--reason', 'r', '--yes'])
    const [again] = jsonLines((await run(['import', 'git', 'repository', '--json'])).out)
    expect(again).toMatchObject({ newCommits: 0, newEvents: 0, authors: 6 })
    expect((await run(['read', '--json'])).out).not.toContain('bob+git')
    expect((await run(['subjects', 'pseudonym', 'author', '-'], { input: author })).out.trim()).not.toBe(bob)
  },
)

// The commands on a log, each run as a process: what they print for people, what for programs, and how they end.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { open } from '../../src/index.js'
import {
  errorOf,
  jsonLines,
  makeLog,
  makeSegments,
  perdure,
  perdureHere,
  ROOT,
  SLOW,
  temporaryFolder,
  type Ran,
  type RunOptions,
} from './run.js'

type Given = Parameters<typeof makeLog>[1]

/** A log and a way to run commands on it. */
async function newLog(
  events: Given = [],
): Promise<{ folder: string; run: (args: string[], options?: RunOptions) => Promise<Ran> }> {
  const folder = temporaryFolder()
  const store = `file:${join(folder, 'log')}`
  const run = (args: string[], options: RunOptions = {}): Promise<Ran> =>
    perdureHere(args, { cwd: folder, ...options, env: { PERDURE_STORE: store, ...options.env } })
  await makeLog(join(folder, 'log'), events)
  return { folder, run }
}

test('verify: --boot begins with what opening found and did, step by step', SLOW, async () => {
  const { run } = await newLog([{ stream: 's', type: 't', data: {} }])
  const forPerson = await run(['verify', '--boot'])
  expect(forPerson).toMatchObject({ code: 0, err: '' })
  expect(forPerson.out).toMatch(
    /^Opened in [\d,]+ ms: file, log [0-9a-f-]{36}, head 1\.\n +1\. folder +a log of 1 segment\n/,
  )
  const steps = [...forPerson.out.matchAll(/^ +(\d+)\. (.+?) {2,}\S/gm)]
  expect(steps.map(([, number]) => Number(number))).toEqual(steps.map((_, i) => i + 1))
  const order = [
    ...['folder', 'lock', 'head', 'segments', 'leftovers', 'torn end', 'above the head', 'head at rest', 'indexes'],
    'current values',
  ]
  expect(steps.map(([, , step]) => step)).toEqual(order)
  expect(forPerson.out.indexOf('Intact: 1 event.')).toBeGreaterThan(forPerson.out.indexOf('indexes'))
  const [report] = jsonLines<{ boot: { tookMs: number; steps: { step: string }[] }; intact: boolean }>(
    (await run(['verify', '--boot', '--json'])).out,
  )
  expect(report).toMatchObject({ boot: { backend: 'file', durable: true, head: 1 }, intact: true })
  expect(report?.boot.steps.map(({ step }) => step)).toEqual(order)
  expect(report?.boot.tookMs).toBeGreaterThanOrEqual(0)
  expect(jsonLines((await run(['verify', '--json'])).out)[0]).not.toHaveProperty('boot')
})

test('init: makes a log, and leaves one that is there as it is', SLOW, async () => {
  const folder = temporaryFolder()
  const store = `file:${join(folder, 'log')}`
  const [first] = jsonLines((await perdure(['init', '--store', store, '--json'])).out)
  expect(first).toMatchObject({ store, head: 0, made: true })
  await perdure(['append', 's', '--type', 't', '--store', store])
  const [second] = jsonLines((await perdure(['init', '--store', store, '--json'])).out)
  expect(second).toMatchObject({ log: first?.['log'], head: 1, made: false })
  expect((await perdure(['init', '--store', store])).out).toMatch(/already, with head 1: it is left as it is/)
})

test('append: records everything that its options say, and read gives it back', SLOW, async () => {
  const { run } = await newLog()
  const data = '{"item":"tea","größe":[1,2.5,null,true],"__proto__":1}'
  const args = [
    'append',
    'order-1',
    '--type',
    'placed',
    '--data',
    data,
    '--tag',
    'a:b',
    '--tag',
    'c:d:e',
    '--id',
    'x-1',
  ]
  const more = ['--subject', 'customer:c1', '--occurred', '2026-01-02T03:04:05+01:00', '--version', '3']
  const appended = await run([...args, ...more, '--meta', '{"correlation":"k"}', '--expect', 'new', '--json'])
  expect(appended).toMatchObject({ code: 0, err: '' })
  expect(jsonLines(appended.out)).toEqual([
    { ok: true, first: 1, last: 1, count: 1, ids: ['x-1'], revision: 1, revisions: { 'order-1': 1 }, duplicate: false },
  ])
  const [event] = jsonLines((await run(['read', '--json', '--raw'])).out)
  expect(event).toMatchObject({
    position: 1,
    stream: 'order-1',
    revision: 1,
    id: 'x-1',
    type: 'placed',
    version: 3,
    tags: ['a:b', 'c:d:e'],
    subject: 'customer:c1',
    occurred: '2026-01-02T03:04:05+01:00',
    meta: { correlation: 'k' },
  })
  expect(JSON.stringify(event?.['data'])).toBe(data)
})

test('append: takes its data from a file or from standard input', SLOW, async () => {
  const { folder, run } = await newLog()
  writeFileSync(join(folder, 'note.json'), '{"from":"file"}')
  await run(['append', 's', '--type', 't', '--data', '@note.json'])
  await run(['append', 's', '--type', 't', '--data', '-'], { input: ' {"from" : "stdin"}\n' })
  await run(['append', 's', '--type', 't'])
  const events = jsonLines<{ data: unknown }>((await run(['read', '--json'])).out)
  expect(events.map(({ data }) => data)).toEqual([{ from: 'file' }, { from: 'stdin' }, {}])
})

test('append: the same id with the same content is recorded once, with other content refused', SLOW, async () => {
  const { run } = await newLog()
  const again = ['append', 's', '--type', 't', '--id', 'i']
  await run(again)
  expect((await run(again)).out).toMatch(/^Recorded before, at position 1/)
  expect(jsonLines((await run([...again, '--json', '--expect', 'new'])).out)).toMatchObject([
    { first: 1, duplicate: true },
  ])
  const other = await run([...again, '--data', '{"other":1}', '--json'])
  expect(other).toMatchObject({ code: 1, out: '' })
  expect(errorOf(other)).toMatchObject({
    code: 'id-reused',
    written: 'no',
    facts: { ids: ['i'], places: { i: 1 } },
  })
  expect((await run([...again, '--data', '{"other":1}'])).err).toContain('\n  i is recorded at position 1\n')
})

test(
  'append: a condition that does not hold ends with exit code 3 and the events that came between',
  SLOW,
  async () => {
    const { run } = await newLog()
    await run(['append', 's', '--type', 'first', '--data', '{"n":1}'])
    const forProgram = await run(['append', 's', '--type', 'second', '--expect', '0', '--json'])
    expect(forProgram).toMatchObject({ code: 3, out: '' })
    const error = errorOf(forProgram)
    expect(error).toMatchObject({ code: 'conflict', written: 'no' })
    expect(error.facts).toMatchObject({
      conflicts: [
        { kind: 'revision', stream: 's', actual: 1, events: [{ position: 1, type: 'first', data: { n: 1 } }] },
      ],
    })
    const forPerson = await run(['append', 's', '--type', 'second', '--expect', '0'])
    expect(forPerson).toMatchObject({ code: 3, out: '' })
    expect(forPerson.err).toMatch(/s is at revision 1/)
    expect(forPerson.err).toMatch(/1 {2}s@1 {2}first {2}\{"n":1\}/)
    expect((await run(['checkpoint'])).out).toMatch(/of 1 event\n/)
  },
)

test.each([
  ['a duplicate key', '{"a":1,"a":2}', /twice/],
  ['a number no double holds', '{"a":12345678901234567890}', /double/],
  ['text that is not JSON', '{a:1}', /not JSON/],
  ['nothing', '', /not JSON/],
  ['nesting without end', '['.repeat(100_000), /nested/],
])('append: refuses %s as data, and writes nothing', SLOW, async (_, data, message) => {
  const { run } = await newLog()
  const refused = await run(['append', 's', '--type', 't', '--data', '-', '--json'], { input: data })
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(errorOf(refused)).toMatchObject({
    code: 'event-invalid',
    written: 'no',
    facts: { index: 0, pointer: '/data' },
  })
  expect(errorOf(refused).message).toMatch(message)
  expect((await run(['read'])).out).toBe('')
})

test('append: refuses data that is too large, without reading it to its end', SLOW, async () => {
  const { run } = await newLog()
  for (const input of [JSON.stringify('x'.repeat(1024 * 1024)), ' '.repeat(17 * 1024 * 1024)]) {
    const refused = await run(['append', 's', '--type', 't', '--data', '-', '--json'], { input })
    expect(errorOf(refused)).toMatchObject({ code: 'event-invalid', facts: { pointer: '/data' } })
  }
})

test('append: speaks of its one event as it was typed, not of a list', SLOW, async () => {
  const { run } = await newLog()
  const refused = await run(['append', '$own', '--type', 't', '--meta', '3'])
  expect(refused.err).toMatch(
    /^perdure: \/(stream|meta) .+\n {2}Nothing was written\.\n {2}See perdure append --help\.\n$/,
  )
  expect(refused.err).not.toContain('event 0')
})

test('append: says that nothing was written, also where the log cannot be opened', SLOW, async () => {
  const cwd = temporaryFolder()
  const absent = await perdure(['append', 's', '--type', 't', '--json'], { cwd })
  expect(errorOf(absent)).toMatchObject({ code: 'store-missing', written: 'no' })
  const { folder, run } = await newLog([{ stream: 's', type: 't', data: {} }])
  rmSync(join(folder, 'log/head'))
  expect(errorOf(await run(['append', 's', '--type', 't', '--json']))).toMatchObject({
    code: 'head-missing',
    written: 'no',
  })
  expect(errorOf(await run(['read', '--json']))).not.toHaveProperty('written')
})

test('--wait: many that write at the same time are all recorded; without it the log is locked', SLOW, async () => {
  const { folder, run } = await newLog()
  const patient = Array.from({ length: 4 }, () => run(['append', 's', '--type', 't', '--wait', '100', '--json']))
  for (const ran of await Promise.all(patient)) expect(ran).toMatchObject({ code: 0, err: '' })
  expect((await run(['checkpoint'])).out).toMatch(/of 4 events\n/)
  const holder = await open(`file:${join(folder, 'log')}`)
  const refused = await run(['append', 's', '--type', 't'])
  const gaveUp = await run(['append', 's', '--type', 't', '--wait', '0.2'])
  const waiting = run(['append', 's', '--type', 't', '--wait', '100'])
  await holder.close()
  expect(refused).toMatchObject({ code: 1, out: '' })
  expect(refused.err).toMatch(/\(store-locked\)\n {2}Nothing was written\.\n.*--wait 10/)
  expect(gaveUp.err).toMatch(/\(store-locked\)/)
  expect(await waiting).toMatchObject({ code: 0, err: '' })
})

test('append: refuses bytes that are not UTF-8, and a file that is not there', SLOW, async () => {
  const { run } = await newLog()
  const bytes = await run(['append', 's', '--type', 't', '--data', '-'], { input: Uint8Array.of(0x22, 0xff, 0x22) })
  expect(bytes).toMatchObject({ code: 1, err: expect.stringContaining('standard input is not UTF-8') as string })
  const absent = await run(['append', 's', '--type', 't', '--data', '@nowhere.json'])
  expect(absent).toMatchObject({ code: 1, err: expect.stringContaining('cannot read nowhere.json') as string })
})

test('read: selects, limits and reverses; people get a line for each event', SLOW, async () => {
  const given = [
    { stream: 'a-1', type: 'x', tags: ['t:1'], data: {} },
    { stream: 'a-2', type: 'y', tags: ['t:2'], data: {} },
    { stream: 'b-1', type: 'x', tags: ['t:1'], data: {} },
    { stream: 'a-1', type: 'y', tags: ['t:1'], data: {} },
  ]
  const { run } = await newLog(given)
  const positions = async (...args: string[]): Promise<unknown[]> =>
    jsonLines((await run(['read', '--json', ...args])).out).map((event) => event['position'])
  expect(await positions()).toEqual([1, 2, 3, 4])
  expect(await positions('--stream', 'a-1')).toEqual([1, 4])
  expect(await positions('--prefix', 'a-', '--type', 'y')).toEqual([2, 4])
  expect(await positions('--type', 'x', '--type', 'y', '--tag', 't:1')).toEqual([1, 3, 4])
  expect(await positions('--after', '1', '--up-to', '3')).toEqual([2, 3])
  expect(await positions('--backwards', '--limit', '2')).toEqual([4, 3])
  expect(await positions('--stream', 'a-1', '--after-revision', '1')).toEqual([4])
  expect(await positions('--until', '2000-01-01T00:00:00Z')).toEqual([])
  const lines = (await run(['read'])).out.trimEnd().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[1]).toMatch(/^ {5}2 {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}a-2@1 +y +\{\} {2}\[t:2\]$/)
})

test('read: what could steer a terminal is shown as an escape', SLOW, async () => {
  const { run } = await newLog()
  await run(['append', 's', '--type', 't', '--data', '{"a":"\\u009b31m\\u202e"}'])
  expect((await run(['read'])).out).toContain('\\u009b31m\\u202e')
  expect(jsonLines((await run(['read', '--json'])).out)[0]?.['data']).toEqual({ a: '\u009b31m\u202e' })
})

test('cat: prints the stored lines, byte for byte', SLOW, async () => {
  const { folder, run } = await newLog([
    { stream: 'a', type: 't', data: { ä: '🎉' } },
    { stream: 'b', type: 't', data: {} },
  ])
  const segments = join(folder, 'log/segments')
  const stored = readFileSync(join(segments, readdirSync(segments)[0] as string), 'utf8')
  const lines = stored.split('\n').filter((line) => line.startsWith('{"position"'))
  expect((await run(['cat'])).out).toBe(lines.map((line) => line + '\n').join(''))
  expect((await run(['cat', '--stream', 'b', '--json'])).out).toBe(`${lines[1]}\n`)
})

test('cat: selects and limits as read does', SLOW, async () => {
  const given = Array.from({ length: 12 }, (_, i) => ({ stream: `s-${i % 2}`, type: `t-${i % 3}`, data: { i } }))
  const { run } = await newLog(given)
  const selections = [
    [],
    ['--limit', '1'],
    ['--limit', '3', '--backwards'],
    ['--stream', 's-1', '--after-revision', '2'],
    ['--stream', 's-1', '--after-revision', '2', '--limit', '2', '--backwards'],
    ['--type', 't-1', '--after', '4', '--limit', '2'],
  ]
  for (const selection of selections) {
    const positions = async (command: string): Promise<unknown[]> =>
      jsonLines((await run([command, '--json', ...selection])).out).map((event) => event['position'])
    expect(await positions('cat'), selection.join(' ')).toEqual(await positions('read'))
  }
})

test('streams: lists them in order with their revisions', SLOW, async () => {
  const { run } = await newLog(['b', 'a-1', 'a-2', 'a-1'].map((stream) => ({ stream, type: 't', data: {} })))
  const all = [
    { stream: 'a-1', revision: 2 },
    { stream: 'a-2', revision: 1 },
    { stream: 'b', revision: 1 },
  ]
  expect(jsonLines((await run(['streams', '--json'])).out)).toEqual(all)
  expect((await run(['streams', '--prefix', 'a-'])).out).toBe('       2  a-1\n       1  a-2\n')
})

const COUNT = `
import { defineProjection } from ${JSON.stringify(join(ROOT, 'dist/src/index.js'))}
export default defineProjection({
  name: 'count', version: 2, initial: { sum: 0 },
  on: { added: (state, event) => ({ sum: state.sum + event.data.n }) },
})
`

test('project: folds events with the projection that a file exports, now or then', SLOW, async () => {
  const { folder, run } = await newLog([1, 2, 4].map((n) => ({ stream: `s-${n % 2}`, type: 'added', data: { n } })))
  writeFileSync(join(folder, 'count.mjs'), COUNT)
  expect((await run(['project', 'count.mjs'])).out).toBe('{\n  "sum": 7\n}\n')
  const project = async (...args: string[]): Promise<unknown> =>
    jsonLines((await run(['project', 'count.mjs', '--json', ...args])).out)[0]
  expect(await project('--stream', 's-0')).toEqual({
    name: 'count',
    version: 2,
    state: { sum: 6 },
    position: 3,
    revision: 2,
  })
  expect(await project('--at', '2')).toEqual({ name: 'count', version: 2, state: { sum: 3 }, position: 2 })
  expect(await project('--at', '2000-01-01T00:00:00Z')).toMatchObject({ state: { sum: 0 }, position: 0 })
  expect(await project('--prefix', 's-', '--type', 'other')).toMatchObject({ state: { sum: 0 } })
})

test('project: says what is wrong with a file that exports no projection', SLOW, async () => {
  const { folder, run } = await newLog([{ stream: 's', type: 'added', data: { n: 1 } }])
  writeFileSync(join(folder, 'none.mjs'), 'export default 7')
  writeFileSync(join(folder, 'broken.mjs'), 'export default {')
  writeFileSync(join(folder, 'throws.mjs'), COUNT.replace('sum: state.sum', 'sum: state.missing.member'))
  writeFileSync(join(folder, 'map.mjs'), COUNT.replace('({ sum: state.sum + event.data.n })', 'new Map()'))
  expect(await run(['project', 'none.mjs'])).toMatchObject({ code: 2, out: '' })
  for (const file of ['broken.mjs', 'nowhere.mjs', 'map.mjs', 'throws.mjs']) {
    const ran = await run(['project', file])
    expect(ran, file).toMatchObject({ code: 1, out: '' })
    expect(ran.err, file).toMatch(/^perdure: .*\(failed\)/)
  }
})

test('project: a file need import nothing; one that imports what is not there is told so', SLOW, async () => {
  const { folder, run } = await newLog([{ stream: 's', type: 'placed', data: {} }])
  const help = (await run(['project', '--help'])).out
  const program = /This is a whole count\.mjs:\n((?: {2}.*\n)+)/.exec(help)?.[1] ?? ''
  writeFileSync(join(folder, 'count.mjs'), program)
  expect(await run(['project', 'count.mjs'])).toMatchObject({ code: 0, out: '1\n', err: '' })
  writeFileSync(join(folder, 'imports.mjs'), "import { defineProjection } from 'perdure'")
  expect((await run(['project', 'imports.mjs'])).err).toMatch(
    /Cannot find package 'perdure'.*\n {2}Leave out the import/,
  )
})

test('project: a position beyond the end of the log is answered as of the end, and it says so', SLOW, async () => {
  const { folder, run } = await newLog([{ stream: 's', type: 't', data: {} }])
  writeFileSync(join(folder, 'n.mjs'), "export default { name: 'n', version: 1, initial: 0, on: { t: (n) => n + 1 } }")
  const ran = await run(['project', 'n.mjs', '--at', '99999'])
  expect(ran).toMatchObject({ code: 0, out: '1\n' })
  expect(ran.err).toContain('the log ends at position 1')
  expect(jsonLines((await run(['project', 'n.mjs', '--at', '99999', '--json'])).out)[0]).toMatchObject({ position: 1 })
})

test('checkpoint and verify: name the same root, and write nothing', SLOW, async () => {
  const { folder, run } = await newLog()
  await run(['append', 's', '--type', 't'])
  const segment = join(folder, 'log/segments', readdirSync(join(folder, 'log/segments'))[0] as string)
  const before = readFileSync(segment)
  const [{ size, root } = {}] = jsonLines((await run(['checkpoint', '--json'])).out)
  expect(size).toBe(1)
  expect(root).toMatch(/^[0-9a-f]{64}$/)
  const [verified] = jsonLines((await run(['verify', '--json'])).out)
  expect(verified).toMatchObject({ intact: true, events: 1, root, findings: [] })
  expect((await run(['verify'])).out).toMatch(/^Intact: 1 event\./)
  expect(readFileSync(segment)).toEqual(before)
})

test('verify: a changed byte is found, named, and ends with exit code 5', SLOW, async () => {
  const { folder, run } = await newLog()
  await run(['append', 's', '--type', 'truth', '--data', '{"paid":100}'])
  const segment = join(folder, 'log/segments', readdirSync(join(folder, 'log/segments'))[0] as string)
  writeFileSync(segment, readFileSync(segment, 'utf8').replace('"paid":100', '"paid":900'))
  for (const command of ['verify', 'read', 'doctor']) {
    const ran = await run([command])
    expect(ran.code, command).toBe(5)
    expect(ran.out + ran.err, command).toContain('log-corrupt')
  }
  expect(readFileSync(segment, 'utf8')).toContain('"paid":900')
})

test('verify: a broken index is named and no reason to fail, and --boot mends it', SLOW, async () => {
  const folder = temporaryFolder()
  const log = join(folder, 'log')
  await makeSegments(log)
  const index = join(log, 'index', readdirSync(join(log, 'index')).sort()[0] as string)
  const bytes = readFileSync(index)
  writeFileSync(index, bytes.fill(0, bytes.length / 2))
  const store = `file:${log}`
  const doctor = await perdure(['doctor', '--store', store])
  expect(doctor).toMatchObject({ code: 0 })
  expect(doctor.out).toContain(`note   ${index} is not the index of its segment: broken (index-damaged)`)
  const verified = await perdure(['verify', '--store', store])
  expect(verified).toMatchObject({ code: 0, err: '' })
  expect(verified.out).toMatch(/^Intact: [\d,]+ events; 1 index is broken, which changes no answer, and verify --boot/)
  expect(verified.out).toContain(`  index-damaged: ${index}: `)
  expect(verified.out).toContain('\nRoot: ')
  expect((await perdure(['verify', '--boot', '--store', store])).code).toBe(0)
  expect((await perdure(['verify', '--store', store])).out).toMatch(/^Intact: [\d,]+ events\.\n/)
  expect(readFileSync(index).equals(bytes)).toBe(false)
})

test('the store: a command other than init makes none, and says how to', SLOW, async () => {
  const folder = temporaryFolder()
  const ran = await perdure(['append', 's', '--type', 't', '--json'], { cwd: folder })
  expect(ran).toMatchObject({ code: 1, out: '' })
  expect(errorOf(ran)).toMatchObject({ code: 'store-missing' })
  expect(errorOf(ran).hint).toContain('perdure init')
  expect(existsSync(join(folder, '.perdure'))).toBe(false)
})

test('the store: --store is stronger than PERDURE_STORE, which is stronger than .perdure/data', SLOW, async () => {
  const folder = temporaryFolder()
  const env = { PERDURE_STORE: 'file:by-environment' }
  await perdure(['init'], { cwd: folder, env: { PERDURE_STORE: '' } })
  await perdure(['init'], { cwd: folder, env })
  await perdure(['init', '--store', 'file:by-option'], { cwd: folder, env })
  for (const name of ['.perdure/data', 'by-environment', 'by-option']) {
    expect(existsSync(join(folder, name, 'head')), name).toBe(true)
  }
})

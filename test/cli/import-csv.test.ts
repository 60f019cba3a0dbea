// Imports of CSV: rows become events once, whatever stops them, and what is wrong with a file is said with its place.
import fc from 'fast-check'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openCsv } from '../../src/cli/import/csv-rows.js'
import { open, type RecordedEvent } from '../../src/index.js'
import { cleanEnvironment, errorOf, jsonLines, MAIN, runInProcess, SLOW, temporaryFolder, type Ran } from './run.js'

type Run = (...args: string[]) => Promise<Ran>

interface SetUp {
  readonly folder: string
  readonly store: string
  readonly run: Run
  readonly file: (content: string | Uint8Array, name?: string) => string
  readonly events: () => Promise<RecordedEvent[]>
}

async function setUp(): Promise<SetUp> {
  const folder = temporaryFolder()
  const store = `file:${join(folder, 'log')}`
  await (await open(store, { create: true })).close()
  return {
    folder,
    store,
    run: (...args) => runInProcess(['import', 'csv', ...args, '--store', store, '--json']),
    file: (content, name = 'rows.csv') => {
      const path = join(folder, name)
      writeFileSync(path, content)
      return path
    },
    events: async () => {
      const log = await open(store)
      const events: RecordedEvent[] = []
      for await (const event of log.read()) events.push(event)
      await log.close()
      return events
    },
  }
}

const ORDERS = `order,what,at,items,price
1,placed,2024-05-01 10:00:00+02:00,"['tea','cup']",12.50
2,placed,2024-05-01 11:00:00+02:00,[],3
1,"paid, ""in full""",2024-05-01T12:00:00Z,,
`
const MAPPED = ['--type', '{what}', '--stream', 'order-{order}', '--time', '{at}']
const DETAILED = [...MAPPED, '--tag', 'item:{items}', '--tag', 'order:{order}', '--list', 'items', '--number', 'price']

test('import csv: templates make the type, the stream, the time and the tags; the columns are the data', async () => {
  const { run, file, events } = await setUp()
  const ran = await run(file(ORDERS), ...DETAILED, '--omit', 'at')
  expect(ran).toMatchObject({ code: 0, err: '' })
  expect(jsonLines(ran.out)).toEqual([{ events: 3, newEvents: 3, known: 0, head: 3 }])
  expect(await events()).toMatchObject([
    {
      stream: 'order-1',
      type: 'placed',
      occurred: '2024-05-01T10:00:00+02:00',
      tags: ['item:tea', 'item:cup', 'order:1'],
      data: { order: '1', what: 'placed', items: ['tea', 'cup'], price: 12.5 },
    },
    { stream: 'order-2', tags: ['order:2'], data: { order: '2', what: 'placed', items: [], price: 3 } },
    {
      type: 'paid, "in full"',
      occurred: '2024-05-01T12:00:00Z',
      data: { order: '1', what: 'paid, "in full"', items: [] },
    },
  ])
})

test('import csv: the first stream that is not empty is used', async () => {
  const { run, file, events } = await setUp()
  const path = file('order,item\n7,\n,8\n')
  await run(path, '--type', 't', '--stream', 'order-{order}', '--stream', 'item-{item}')
  expect((await events()).map(({ stream }) => stream)).toEqual(['order-7', 'item-8'])
})

test('import csv: again, and with rows added at the end, adds only what is new', async () => {
  const { run, file, events } = await setUp()
  await run(file(ORDERS), ...MAPPED)
  expect(jsonLines((await run(file(ORDERS), ...MAPPED)).out)).toMatchObject([{ events: 3, newEvents: 0, known: 3 }])
  const more = file(ORDERS + '3,placed,,,\n3,placed,,,\n')
  expect(jsonLines((await run(more, ...MAPPED)).out)).toMatchObject([{ events: 5, newEvents: 2, known: 3 }])
  expect(await events()).toHaveLength(5)
})

test('import csv: with other options, what is recorded already is an error and not recorded in another form', async () => {
  const { run, file, events } = await setUp()
  await run(file(ORDERS), ...MAPPED)
  const ran = await run(file(ORDERS), ...DETAILED)
  expect(ran.code).toBe(1)
  expect(errorOf(ran)).toMatchObject({ code: 'import-invalid', facts: { row: 1, line: 2, recorded: 0 } })
  expect(await run(file(ORDERS), ...DETAILED, '--name', 'other')).toMatchObject({ code: 0 })
  expect(await events()).toHaveLength(6)
})

test('import csv: --id tells rows apart by what it says; the same id with another content is an error', async () => {
  const { run, file, events } = await setUp()
  const mapped = ['--type', 't', '--stream', 's', '--id', '{id}']
  await run(file('id,a\n1,x\n2,y\n'), ...mapped)
  const reordered = await run(file('id,a\n3,z\n2,y\n1,x\n2,y\n'), ...mapped)
  expect(jsonLines(reordered.out)).toMatchObject([{ events: 4, newEvents: 1, known: 3 }])
  const changed = await run(file('id,a\n1,x\n2,other\n'), ...mapped)
  expect(errorOf(changed)).toMatchObject({ code: 'import-invalid', facts: { row: 2, line: 3 } })
  expect(await events()).toHaveLength(3)
})

test('import csv: whatever part was imported before, the whole adds the rest, once and in any batches', async () => {
  const mapped = ['--type', 't', '--stream', '{stream}']
  const cell = fc.stringMatching(/^[a-c ,"\n]{0,4}$/)
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), fc.nat(20), async (cells, cut) => {
      const { run, file, events } = await setUp()
      const rows = cells.map((text) => `s,"${text.replaceAll('"', '""')}"\n`)
      await run(file(['stream,text\n', ...rows.slice(0, cut)].join('')), ...mapped)
      await run(file(['stream,text\n', ...rows].join('')), ...mapped)
      const recorded = (await events()).map(({ data }) => (data as { text?: string }).text ?? '')
      expect(recorded).toEqual(cells)
    }),
    { numRuns: 15 },
  )
})

test('import csv: killed in the middle, the next run goes on, with no event twice and none missing', SLOW, async () => {
  if (!existsSync(MAIN)) throw new Error('run `npm run build` first: this test is about the compiled program')
  const { store, run, file, events, folder } = await setUp()
  const rows = Array.from({ length: 8000 }, (_, i) => `s-${i % 50},${i}\n`)
  const mapped = ['--type', 't', '--stream', '{stream}', '--name', 'killed']
  const child = spawn(process.execPath, [MAIN, 'import', 'csv', '-', ...mapped, '--store', store], {
    env: cleanEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise((done) => child.once('close', done))
  child.stdin.on('error', () => undefined)
  child.stdin.write(['stream,n\n', ...rows.slice(0, 6000)].join(''))
  while (!holdsEvents(folder)) await delay(20)
  child.kill('SIGKILL')
  await ended
  const before = (await events()).length
  expect(before).toBeGreaterThan(0)
  expect(before % 1000).toBe(0)
  const ran = await run(file(['stream,n\n', ...rows].join('')), ...mapped)
  expect(jsonLines(ran.out)).toMatchObject([{ events: 8000, newEvents: 8000 - before, known: before }])
  expect((await events()).map(({ data }) => Number((data as { n: string }).n))).toEqual(rows.map((_, i) => i))
})

function holdsEvents(folder: string): boolean {
  const segments = join(folder, 'log/segments')
  if (!existsSync(segments)) return false
  return readdirSync(segments).some((name) => readFileSync(join(segments, name), 'utf8').includes('"position":1,'))
}

test('import csv: --dry-run shows three events, needs no log and makes none', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'rows.csv')
  writeFileSync(path, ORDERS + '4,placed,,,\n')
  const store = `file:${join(folder, 'none')}`
  const ran = await runInProcess(['import', 'csv', path, ...MAPPED, '--dry-run', '--store', store, '--json'])
  expect(jsonLines(ran.out).map(({ stream }) => stream)).toEqual(['order-1', 'order-2', 'order-1'])
  const shown = await runInProcess(['import', 'csv', path, ...MAPPED, '--dry-run', '--store', store])
  expect(shown.out).toContain('Nothing was recorded')
  expect(existsSync(join(folder, 'none'))).toBe(false)
})

test('import csv: times get their offset from --time-zone, and may be Unix times', async () => {
  const { run, file, events } = await setUp()
  const mapped = ['--type', 't', '--stream', 's', '--time', '{at}']
  await run(
    file('at\n2024-05-01 10:00\n2024-05-01\n2024-05-01T10:00:00.5+0200\n', 'a'),
    ...mapped,
    '--time-zone',
    '+01:00',
  )
  await run(file('at\n1714557600\n1714557600.5\n', 'b'), ...mapped, '--time-format', 'unix')
  await run(file('at\n1714557600123\n', 'c'), ...mapped, '--time-format', 'unix-ms')
  expect((await events()).map(({ occurred }) => occurred)).toEqual([
    '2024-05-01T10:00:00+01:00',
    '2024-05-01T00:00:00+01:00',
    '2024-05-01T10:00:00.5+02:00',
    '2024-05-01T10:00:00.000Z',
    '2024-05-01T10:00:00.500Z',
    '2024-05-01T10:00:00.123Z',
  ])
})

test('import csv: a byte order mark, CRLF, blank lines and a last line without an end are understood', async () => {
  const { run, file, events } = await setUp()
  const ran = await run(
    file('\ufeffa;__proto__;\r\n1;"x\r\ny";z\r\n\r\n2;;w'),
    '--type',
    't',
    '--stream',
    's',
    '--delimiter',
    ';',
  )
  expect(ran).toMatchObject({ code: 0, err: '' })
  const [first, second] = (await events()).map(({ data }) => JSON.stringify(data))
  expect(first).toBe('{"a":"1","__proto__":"x\\r\\ny","column 3":"z"}')
  expect(second).toBe('{"a":"2","column 3":"w"}')
})

interface Bad {
  readonly what: string
  readonly content: string | Uint8Array
  readonly args?: readonly string[]
  readonly facts: Readonly<Record<string, unknown>>
}

const latin1 = Buffer.concat([Buffer.from('a,b\nx,é\n'), Buffer.from('y,é\n', 'latin1')])

const BAD: readonly Bad[] = [
  { what: 'an empty file', content: '', facts: { line: 1 } },
  { what: 'a quote never closed', content: 'a,b\n1,2\n3,"4\n5,6\n', facts: { line: 3 } },
  { what: 'a quote within a cell', content: 'a,b\n1,2\n3,x"4"\n', facts: { line: 3 } },
  { what: 'text after a quote', content: 'a,b\n"1\n1",2\n"3"x,4\n', facts: { line: 4 } },
  { what: 'a cell too few', content: 'a,b\n1,2\n"3\n3"\n', facts: { row: 2, line: 3 } },
  { what: 'a cell too many', content: 'a,b\n1,2,3\n', facts: { row: 1, line: 2 } },
  { what: 'a column twice', content: 'a,b,a\n', facts: { line: 1, column: 'a' } },
  { what: 'a missing column', content: 'a,b\n1,2\n', args: ['--tag', 'c:{c}'], facts: { line: 1, column: 'c' } },
  { what: 'a missing column of numbers', content: 'a,b\n', args: ['--number', 'n'], facts: { line: 1, column: 'n' } },
  { what: 'mixed encodings', content: latin1, facts: { line: 3, offset: 11 } },
  { what: 'UTF-16', content: Buffer.from('\ufeffa,b\n', 'utf16le'), facts: { line: 1, offset: 0 } },
  { what: 'a zero byte', content: 'a,b\n1,x\0y\n', facts: { line: 2, offset: 7 } },
  { what: 'another delimiter', content: 'a;b\n1;2\n', facts: { line: 1 } },
  {
    what: 'a character cut off at the end',
    content: Buffer.from('a,b\n1,é').subarray(0, -1),
    facts: { line: 2, offset: 6 },
  },
  { what: 'no time', content: 'a,b\n1,noon\n', args: ['--time', '{b}'], facts: { row: 1, line: 2, column: 'b' } },
  {
    what: 'a time without offset',
    content: 'a,b\n1,2024-05-01\n',
    args: ['--time', '{b}'],
    facts: { row: 1, column: 'b' },
  },
  { what: 'no number', content: 'a,b\n1,x\n', args: ['--number', 'b'], facts: { row: 1, column: 'b' } },
  {
    what: 'a number no double holds',
    content: 'a,b\n1,0.12345678901234567890\n',
    args: ['--number', 'b'],
    facts: { row: 1 },
  },
  { what: 'no list', content: "a,b\n1,['x\n", args: ['--list', 'b'], facts: { row: 1, line: 2, column: 'b' } },
  {
    what: 'a control character in a name',
    content: 'a,b\n1,x\ty\n',
    args: ['--tag', 'b:{b}'],
    facts: { row: 1, pointer: '/tags/0' },
  },
]

test('import csv: a file that is wrong is import-invalid with the place, and nothing is recorded', async () => {
  for (const { what, content, args = [], facts } of BAD) {
    const { run, file, events } = await setUp()
    const ran = await run(file(content), '--type', 't', '--stream', 's', ...args)
    expect(ran.code, what).toBe(1)
    expect(errorOf(ran), what).toMatchObject({ code: 'import-invalid', facts: { ...facts, recorded: 0 } })
    expect(errorOf(ran).hint, what).toBeTruthy()
    expect(await events(), what).toEqual([])
  }
})

test('import csv: an empty stream or type is refused where it stands', async () => {
  const { run, file } = await setUp()
  const path = file('a,b\n1,\n')
  expect(errorOf(await run(path, '--type', '{b}', '--stream', 's'))).toMatchObject({ facts: { row: 1, column: 'b' } })
  expect(errorOf(await run(path, '--type', 't', '--stream', 'x-{b}'))).toMatchObject({ facts: { row: 1, line: 2 } })
})

test('import csv: what was recorded before a bad row stays, is counted, and is not recorded again', SLOW, async () => {
  const { run, file, events } = await setUp()
  const rows = Array.from({ length: 2500 }, (_, i) => `${i},x\n`).join('')
  const mapped = ['--type', 't', '--stream', 's', '--time', '{time}']
  const bad = await run(file(`n,time\n${rows.replaceAll('x', '')}2500,noon\n`), ...mapped)
  expect(errorOf(bad)).toMatchObject({ code: 'import-invalid', facts: { row: 2501, line: 2502, recorded: 2000 } })
  expect(errorOf(bad).hint).toContain('2,000 events before it stay recorded')
  expect(await events()).toHaveLength(2000)
  const good = await run(file(`n,time\n${rows.replaceAll('x', '')}2500,\n`), ...mapped)
  expect(jsonLines(good.out)).toMatchObject([{ events: 2501, newEvents: 501, known: 2000 }])
})

test('import csv: a million columns and a row without end are refused, in bounded memory', SLOW, async () => {
  const { run, file } = await setUp()
  const mapped = ['--type', 't', '--stream', 's']
  const wide = await run(file(','.repeat(1_000_000)), ...mapped)
  expect(errorOf(wide).message).toContain('more than 10000 columns')
  const wideRow = await run(file(`a,b\n${','.repeat(1_000_000)}\n`), ...mapped)
  expect(errorOf(wideRow)).toMatchObject({ code: 'import-invalid', facts: { line: 2 } })
  const long = await run(file(`a,b\n1,2\n3,"${'x'.repeat(17 * 1024 * 1024)}"\n`), ...mapped)
  expect(errorOf(long)).toMatchObject({ code: 'import-invalid', facts: { line: 3 } })
  expect(errorOf(long).message).toContain('larger than')
  const commas = await run(file(`a,b\n1,2\n${','.repeat(20 * 1024 * 1024)}`), ...mapped)
  expect(errorOf(commas)).toMatchObject({ code: 'import-invalid', facts: { line: 3 } })
})

test('import csv: wrong options end with 2 and a missing file with 1, before a log is opened', async () => {
  const { run, file } = await setUp()
  const path = file(ORDERS)
  const wrong = [
    ['--stream', 's'],
    ['--type', 't'],
    [...MAPPED, '--type', '{what'],
    [...MAPPED, '--tag', 'nocolon'],
    [...MAPPED, '--delimiter', 'ab'],
    [...MAPPED, '--time-zone', 'Amsterdam'],
    [...MAPPED, '--time-format', 'excel'],
    [...MAPPED, '--list', 'items', '--number', 'items'],
  ]
  for (const args of wrong) expect((await run(path, ...args)).code, args.join(' ')).toBe(2)
  expect(errorOf(await run('-', ...MAPPED)).message).toContain('--name')
  expect(errorOf(await run(path + '.no', ...MAPPED))).toMatchObject({ code: 'failed' })
  expect(errorOf(await run(path.replace('/rows.csv', ''), ...MAPPED))).toMatchObject({ code: 'failed' })
})

test('import csv: lines may end in LF, CRLF or CR, also in one file, and no end becomes a part of a cell', async () => {
  const end = fc.constantFrom('\n', '\r\n', '\r')
  const cell = fc.constantFrom('a', '', '"q"', '"x\ny"', '"x\r\ny"', '"say ""hi"""')
  const unquoted = (text: string): string => text.replace(/^"|"$/g, '').replaceAll('""', '"')
  await fc.assert(
    fc.asyncProperty(
      end,
      fc.array(fc.tuple(cell, end), { maxLength: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (first, rows, size) => {
        const text = Buffer.from(`id,last${first}` + rows.map(([last, ending]) => `1,${last}${ending}`).join(''))
        const chunks = async function* (): AsyncGenerator<Buffer> {
          for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size)
        }
        const { columns, rows: parsed } = await openCsv({ path: 'p', chunks: chunks(), delimiter: ',' })
        expect(columns).toEqual(['id', 'last'])
        const cells: unknown[] = []
        for await (const row of parsed) cells.push(row.cells)
        expect(cells).toEqual(rows.map(([last]) => ['1', unquoted(last)]))
      },
    ),
  )
})

test('import csv: what is known under the name of the file is told, with the --name for another file', async () => {
  const { folder, store, file } = await setUp()
  const say = async (path: string, ...args: string[]): Promise<Ran> =>
    await runInProcess(['import', 'csv', path, '--type', 't', '--stream', 's', '--store', store, ...args])
  const notesIn = ({ err }: Ran): string[] => err.split('\n').filter((line) => line.startsWith('perdure: '))
  const path = file('a\nx\ny\n')
  expect(notesIn(await say(path))).toEqual([])
  const [again] = notesIn(await say(path))
  expect(again).toContain(`all of them were recorded before under the name "rows.csv"`)
  expect(again).toContain(`--name "${basename(folder)}/rows.csv"`)
  const [grown] = notesIn(await say(file('a\nx\ny\nz\n')))
  expect(grown).toContain('2 of 3 events')
  expect(grown).not.toContain('another file, or')
  const [other] = notesIn(await say(file('a\nnew\ny\nz\n')))
  expect(other).toContain('2 of 3 events')
  expect(other).toContain('this is another file, or one whose rows have changed')
  const json = await say(path, '--json')
  expect(json.err).toBe('')
  expect(jsonLines(json.out)).toMatchObject([{ known: 3, notes: [expect.stringContaining('--name')] }])
  expect(notesIn(await say(path, '--name', 'other'))).toEqual([])
})

test('import csv: an --id that stands twice in one file is said to, whether the rows differ or not', async () => {
  const { run, file } = await setUp()
  const mapped = ['--type', 't', '--stream', 's', '--id', '{id}']
  const different = errorOf(await run(file('id,a\n7,x\n7,y\n'), ...mapped))
  expect(different).toMatchObject({ code: 'import-invalid', facts: { row: 2, line: 3, recorded: 1 } })
  expect(different.message).toContain('has the id of an earlier record of this file')
  const same = await run(file('id,a\n8,x\n8,x\n'), ...mapped)
  expect(jsonLines(same.out)).toMatchObject([{ newEvents: 1, known: 1 }])
  expect(jsonLines(same.out)[0]?.['notes']).toEqual([
    '1 event of the file had the id of an earlier one and its content.',
  ])
})

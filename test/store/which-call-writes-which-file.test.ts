/** The table `Which call writes which file` of docs/format.md, held against the folder around each call. */
import { appendFileSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { repairFolder } from '../../src/backends/file/repair.js'
import { defineProjection, open, type Store } from '../../src/index.js'
import { copyOf, filesOf, makeLog, segmentsOf, temporaryFolder } from './folders.js'

const PLACES = ['head', 'segments/', 'index/', 'torn/', 'lock', 'kv/', 'snapshots/'] as const
type Place = (typeof PLACES)[number]

/** Call → the places it may write, with the word or words of the cell. */
const table = readTable(readFileSync(join(import.meta.dirname, '../../docs/format.md'), 'utf8'))
/** Call → the places it was seen to write. */
const witnessed = new Map<string, Set<Place>>()

function readTable(page: string): Map<string, Map<Place, string>> {
  const section = page.slice(page.indexOf('\n## Which call writes which file'))
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  const cellsOf = (row: string) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''))
  const [header, , ...calls] = rows.map(cellsOf)
  expect(header).toEqual(['call', ...PLACES])
  const end = calls.findIndex((cells) => cells.length !== PLACES.length + 1)
  return new Map(
    calls
      .slice(0, end < 0 ? undefined : end)
      .map(([call = '', ...cells]) => [call, new Map(PLACES.map((place, i) => [place, cells[i] ?? '']))]),
  )
}

/** Runs the call and holds what changed in the folder against the table's row. */
async function around<Answer>(row: string, folder: string, call: () => Promise<Answer> | Answer): Promise<Answer> {
  const cells = table.get(row)
  if (cells === undefined) throw new Error(`docs/format.md has no row: ${row}`)
  const before = filesOf(folder)
  const answer = await call()
  const after = filesOf(folder)
  const seen = witnessed.get(row) ?? new Set()
  witnessed.set(row, seen)
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(name) === after.get(name)) continue
    const place = PLACES.find((one) => name === one || name.startsWith(one) || name + '/' === one)
    expect(place, `${row} has written ${name}, which the table does not know`).toBeDefined()
    if (place === undefined) continue
    expect(cells.get(place), `${row} has written ${name}`).not.toBe('-')
    seen.add(place)
  }
  return answer
}

const openSmall = async (folder: string, create = false): Promise<Store> =>
  await open(await openFileBackend({ folder, create, segmentBytes: 2000 }))

const event = (i: number) => ({ id: `e${i}`, type: 't', tags: [`k:${i % 3}`], data: 'x'.repeat(100) })

/** Longer than the head waits for rest before it is synced. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400))

const seen = defineProjection({ name: 'seen', version: 1, initial: 0, on: { t: (count: number) => count + 1 } })

test('files: a life of a log writes what the table says, call by call', async () => {
  const folder = temporaryFolder()
  const store = await around('open (create)', folder, () => openSmall(folder, true))
  await around('read/event/project/streams/revision/head/checkpoint/verify', folder, () => askEverything(store))
  for (let i = 1; i <= 40; i++) await around('append/commit', folder, () => store.append(`s${i % 3}`, event(i)))
  await around('append/commit', folder, async () => {
    await store.commit([
      { stream: 'a', events: [event(41), event(42)] },
      { stream: 'b', events: event(43) },
    ])
    await rest()
  })
  await around('read/event/project/streams/revision/head/checkpoint/verify', folder, () => askEverything(store))
  await around('close', folder, () => store.close())
  const again = await around('open (existing, clean)', folder, () => openSmall(folder))
  await around('read/event/project/streams/revision/head/checkpoint/verify', folder, () => askEverything(again))
  await around('append/commit', folder, async () => {
    // None of these writes an event: a repeat, a refusal, a reused id, nonsense.
    await again.append('s1', event(1))
    await again.append('s1', event(99), { expect: 'new' })
    for (const bad of [
      { ...event(1), data: 'other' },
      { type: '', data: 1 },
    ]) {
      await expect(again.append('s1', bad)).rejects.toThrow()
    }
  })
  // Closed while the head is not at rest yet, and with nothing to settle.
  await again.append('s1', event(50))
  await around('close', folder, () => again.close())
})

async function askEverything(store: Store): Promise<void> {
  for (const query of [
    {},
    { tags: ['k:1'] },
    { stream: 's1' },
    { types: ['t'], backwards: true },
    { until: new Date() },
  ]) {
    for await (const _event of store.read(query)) void _event
  }
  for await (const _stream of store.streams()) void _stream
  await store.event(1)
  await store.event('e7')
  await store.event('unknown')
  await store.project(seen)
  await store.revision('s1')
  await store.head()
  await store.checkpoint()
  await store.verify()
  store.report()
  await rest()
}

test('files: current values, snapshots and checkpoints are written by their own calls', async () => {
  const folder = temporaryFolder()
  const store = await openSmall(folder, true)
  await around('append/commit', folder, async () => {
    await store.append('s', [event(1), event(2)])
    await rest()
  })
  await around('kv.put/kv.delete', folder, async () => {
    await store.kv.put('a', 1)
    await store.kv.put('b', 2)
    await store.kv.delete('b')
    await rest()
  })
  await around('kv.get/kv.list', folder, async () => {
    expect((await store.kv.get('a'))?.value).toBe(1)
    for await (const _entry of store.kv.list('')) void _entry
  })
  await around('snapshots.take', folder, () => store.snapshots.take(seen))
  await around('read/event/project/streams/revision/head/checkpoint/verify', folder, () => askEverything(store))
  await around('subscribe', folder, async () => {
    const subscription = await store.subscribe('consumer', {}, () => undefined)
    await subscription.whenAt(2)
    await subscription.close()
    await rest()
  })
  await store.kv.put('a', 2)
  await around('close', folder, () => store.close())
  const [key = ''] = readdirSync(join(folder, 'snapshots'))
  writeFileSync(join(folder, 'snapshots', key, '0000000000000009.json.new'), '{')
  appendFileSync(join(folder, 'kv/0000000000000001.ndjson'), '{"mark":{')
  const again = await around('open after a crash', folder, () => openSmall(folder))
  expect((await again.kv.get('a'))?.value).toBe(2)
  await again.close()
  rmSync(join(folder, 'kv/head'))
  await around('repair', folder, () => repairFolder(folder))
})

test('files: an append takes the snapshots that are due', async () => {
  const folder = temporaryFolder()
  const backend = await openFileBackend({ folder, create: true })
  const store = await open(backend, { snapshots: { everyEvents: 2 } })
  await store.append('s', [event(1), event(2), event(3)])
  await rest()
  await around('read/event/project/streams/revision/head/checkpoint/verify', folder, () => store.project(seen))
  await around('append/commit', folder, async () => {
    await store.append('s', event(4))
    await rest()
  })
  await store.close()
})

test('files: an append that writes nothing changes nothing', async () => {
  const folder = temporaryFolder()
  const store = await openSmall(folder, true)
  await store.append('s', event(1))
  await rest()
  const before = filesOf(folder)
  await store.append('s', event(1))
  await store.append('s', event(2), { expect: 'new' })
  await expect(store.append('s', [])).rejects.toThrow()
  await rest()
  expect(filesOf(folder)).toEqual(before)
  await store.close()
})

test('files: opening without indexes makes them, and nothing else', async () => {
  const sample = await sampleLog()
  const folder = copyOf(sample)
  rmSync(join(folder, 'index'), { recursive: true })
  const store = await around('open (existing, clean)', folder, () => openSmall(folder))
  await askEverything(store)
  await store.close()
})

test('files: opening after a crash settles the end of the log, and sets aside what is broken', async () => {
  const sample = await sampleLog()
  // A head that is older than the log: whole groups stand above it.
  const folder = copyOf(sample)
  const store = await openSmall(folder)
  const crashed = join(temporaryFolder(), 'head')
  copyFileSync(join(folder, 'head'), crashed)
  await store.append('late', event(100))
  await store.close()
  copyFileSync(crashed, join(folder, 'head'))
  const again = await around('open after a crash', folder, () => openSmall(folder))
  expect((await again.event('e100'))?.stream).toBe('late')
  await again.close()
  // A group that was being written.
  const torn = copyOf(sample)
  appendFileSync(segmentsOf(torn).at(-1) as string, '{"mark":{"bytes":12')
  const mended = await around('open after a crash', torn, () => openSmall(torn))
  expect((await mended.verify()).findings).toEqual([])
  await mended.close()
  // The same without indexes.
  const bare = copyOf(sample)
  rmSync(join(bare, 'index'), { recursive: true })
  appendFileSync(segmentsOf(bare).at(-1) as string, '{')
  const third = await around('open after a crash', bare, () => openSmall(bare))
  await third.close()
})

test('files: a repair makes the head that is missing, and settles the end of the log', async () => {
  const sample = await sampleLog()
  for (const damage of [
    () => undefined,
    (folder: string) => rmSync(join(folder, 'index'), { recursive: true }),
    (folder: string) => appendFileSync(segmentsOf(folder).at(-1) as string, '{"mark":{'),
  ]) {
    const folder = copyOf(sample)
    rmSync(join(folder, 'head'))
    damage(folder)
    await around('repair', folder, () => repairFolder(folder))
    const store = await openSmall(folder)
    expect(await store.head()).toBe(45)
    await store.close()
  }
})

async function sampleLog(): Promise<string> {
  const folder = join(temporaryFolder(), 'log')
  await makeLog(folder)
  return folder
}

afterAll(() => {
  for (const [call, cells] of table) {
    for (const [place, cell] of cells) {
      const wrote = witnessed.get(call)?.has(place) === true
      expect(wrote, `${call}: ${place} is "${cell}" in the table, and was ${wrote ? '' : 'never '}written here`).toBe(
        cell !== '-',
      )
    }
  }
})

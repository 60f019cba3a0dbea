// Imports of two real files, when they are there: PERDURE_TEST_DATA names the folder.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { open, type Query, type Store } from '../../src/index.js'
import { jsonLines, runInProcess, SLOW, temporaryFolder } from './run.js'

const DATA = process.env['PERDURE_TEST_DATA'] ?? ''

interface Import {
  readonly file: string
  readonly args: readonly string[]
  readonly check: (store: Store) => Promise<void>
}

/** Imports the file twice, and looks at what is in the log then. */
function testImport(title: string, { file, args, check }: Import): void {
  const path = join(DATA, file)
  const isThere = DATA !== '' && existsSync(path)
  if (!isThere) console.log(`skipped: ${title}: ${file} is not there (PERDURE_TEST_DATA names its folder)`)
  test.skipIf(!isThere)(title, SLOW, async () => {
    const at = `file:${join(temporaryFolder(), 'log')}`
    const store = await open(at, { create: true })
    await store.close()
    const run = async (): Promise<unknown> =>
      jsonLines((await runInProcess(['import', 'csv', path, ...args, '--store', at, '--json'])).out)[0]
    const first = (await run()) as { events: number }
    expect(first).toMatchObject({ newEvents: first.events, known: 0 })
    expect(await run()).toMatchObject({ events: first.events, newEvents: 0, known: first.events })
    const imported = await open(at)
    try {
      expect(await imported.head()).toBe(first.events)
      await check(imported)
      expect((await imported.verify()).findings).toEqual([])
    } finally {
      await imported.close()
    }
  })
}

async function countOf(store: Store, query: Query): Promise<number> {
  let count = 0
  for await (const event of store.read(query)) if (event.position > 0) count++
  return count
}

testImport('receipt.csv: 8,577 events of 27 types in a stream for each of 1,434 cases', {
  file: 'receipt.csv',
  args: [
    ...['--type', '{concept:name}', '--stream', '{case:concept:name}', '--time', '{time:timestamp}'],
    ...['--tag', 'resource:{org:resource}', '--tag', 'group:{org:group}'],
  ],
  check: async (store) => {
    const types = new Set<string>()
    const streams = new Set<string>()
    for await (const { type, stream, occurred } of store.read()) {
      types.add(type)
      streams.add(stream)
      expect(occurred).toMatch(/^20\d\d-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d$/)
    }
    expect([await store.head(), types.size, streams.size]).toEqual([8577, 27, 1434])
    expect(await countOf(store, { stream: 'case-10011' })).toBe(4)
  },
})

testImport('ocel_order_simulated.csv: 22,367 events with a tag for each order, item and package', {
  file: 'ocel_order_simulated.csv',
  args: [
    ...['--type', '{ocel:activity}', '--time', '{ocel:timestamp}', '--id', '{ocel:eid}'],
    ...['--list', 'ocel:type:orders', '--list', 'ocel:type:items', '--list', 'ocel:type:packages'],
    ...['--omit', 'ocel:type:customers', '--omit', 'ocel:type:products', '--number', 'weight', '--number', 'price'],
    ...[
      '--tag',
      'order:{ocel:type:orders}',
      '--tag',
      'item:{ocel:type:items}',
      '--tag',
      'package:{ocel:type:packages}',
    ],
    ...['--stream', 'order-{ocel:type:orders}', '--stream', 'item-{ocel:type:items}'],
    ...['--stream', 'package-{ocel:type:packages}'],
  ],
  check: async (store) => {
    expect(await store.head()).toBe(22_367)
    const placed: unknown[] = []
    for await (const { type, data } of store.read({ tags: ['order:990001', 'item:880001'] })) placed.push([type, data])
    expect(placed[0]).toMatchObject(['place order', { weight: 3.52, price: 524.96, 'ocel:type:orders': ['990001'] }])
    expect(await countOf(store, { tags: ['item:880002'] })).toBe(3)
  },
})

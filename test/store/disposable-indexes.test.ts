/** Indexes are disposable: without them, or with wrong ones, every answer is the same. */
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Store } from '../../src/index.js'
import { seededRandom, seedOfThisRun } from '../../testing/index.js'
import { copyOf, eventsOf, makeLog, openFolder, temporaryFolder } from './folders.js'

const seed = seedOfThisRun()
const random = seededRandom(seed)

/** What a store answers to questions that indexes help with. */
async function answersOf(store: Store): Promise<unknown[]> {
  const streams: unknown[] = []
  for await (const stream of store.streams()) streams.push(stream)
  const tagged: number[] = []
  for await (const { position } of store.read({ tags: ['k:3'], backwards: true })) tagged.push(position)
  const typed: number[] = []
  for await (const { position } of store.read({ stream: 'stream-1', types: ['type-2'] })) typed.push(position)
  const ids = await Promise.all(['i1-1', 'i17-1', 'i30-2', 'unknown'].map((id) => store.event(id)))
  const again = await store
    .append('stream-2', { id: 'i10-1', type: 't', data: 1 })
    .catch((error: unknown) => String(error))
  return [await eventsOf(store), streams, tagged, typed, ids, again, await store.checkpoint()]
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => rmSync(path),
  emptied: (path) => truncateSync(path, 0),
  'cut short': (path) => truncateSync(path, random.integer(readFileSync(path).length)),
  'filled with zeros': (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length)),
  'filled with noise': (path) => writeFileSync(path, random.bytes(readFileSync(path).length)),
  'flipped in one bit': (path) => {
    const bytes = readFileSync(path)
    const offset = random.integer(bytes.length)
    bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << random.integer(8)), offset)
    writeFileSync(path, bytes)
  },
}

for (const [what, damage] of Object.entries(damages)) {
  test(`indexes: ${what}, every answer is the same, and the next opening finds them whole`, async () => {
    const sample = join(temporaryFolder(), 'log')
    await makeLog(sample)
    const intact = await openFolder(copyOf(sample))
    const expected = await answersOf(intact)
    await intact.close()
    for (let round = 0; round < 5; round++) {
      const folder = copyOf(sample)
      const index = join(folder, 'index')
      const names = readdirSync(index)
      for (const name of names) if (round === 0 || random.chance(0.6)) damage(join(index, name))
      const store = await openFolder(folder)
      expect(await answersOf(store), `PERDURE_SEED=${seed}`).toEqual(expected)
      expect((await store.verify()).findings.filter(({ code }) => code === 'log-corrupt')).toEqual([])
      await store.close()
      const again = await openFolder(folder)
      expect(await answersOf(again), `PERDURE_SEED=${seed}`).toEqual(expected)
      expect((await again.verify()).findings).toEqual([])
      await again.close()
    }
  })
}

test('indexes: those of another log, or of an earlier state, are not believed', async () => {
  const [sample, other] = [join(temporaryFolder(), 'log'), join(temporaryFolder(), 'log')]
  await makeLog(sample)
  await makeLog(other)
  const intact = await openFolder(copyOf(sample))
  const expected = await answersOf(intact)
  await intact.close()
  const folder = copyOf(sample)
  const [first, ...rest] = readdirSync(join(folder, 'index')).sort()
  writeFileSync(join(folder, 'index', first as string), readFileSync(join(other, 'index', first as string)))
  for (const name of rest)
    writeFileSync(join(folder, 'index', name), readFileSync(join(sample, 'index', first as string)))
  const store = await openFolder(folder)
  expect(await answersOf(store)).toEqual(expected)
  await store.close()
})

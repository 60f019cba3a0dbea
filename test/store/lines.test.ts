/** Stored lines: those of the events that the same query reads, on every kind of store. */
import { expect, test } from 'vitest'
import { join } from 'node:path'
import { open, type Query, type Store } from '../../src/index.js'
import { temporaryFolder } from './folders.js'

const QUERIES: readonly Query[] = [
  {},
  { limit: 1 },
  { limit: 700 },
  { limit: 3, backwards: true },
  { stream: 's-1', afterRevision: 200 },
  { stream: 's-1', afterRevision: 200, limit: 2 },
  { stream: 's-1', afterRevision: 390, backwards: true, limit: 20 },
  { stream: 's-1', afterRevision: 400 },
  { types: ['t-1'], after: 100, upTo: 1000, limit: 40 },
]

async function positionsOfLines(store: Store, query: Query): Promise<number[]> {
  const positions: number[] = []
  for await (const line of store.lines(query)) positions.push((JSON.parse(line) as { position: number }).position)
  return positions
}

async function positionsRead(store: Store, query: Query): Promise<number[]> {
  const positions: number[] = []
  for await (const { position } of store.read(query)) positions.push(position)
  return positions
}

test.each(['memory', 'file'])('lines: of the events that read gives, in its order (%s)', async (kind) => {
  const store = await open(kind === 'file' ? `file:${join(temporaryFolder(), 'log')}` : 'memory:', { create: true })
  for (let i = 0; i < 4; i++) {
    const write = (n: number) => ({
      stream: `s-${n}`,
      events: Array.from({ length: 100 }, () => ({ type: `t-${n}`, data: i })),
    })
    await store.commit([write(0), write(1), write(2)])
  }
  for (const query of QUERIES) {
    expect(await positionsOfLines(store, query), JSON.stringify(query)).toEqual(await positionsRead(store, query))
  }
  await store.close()
})

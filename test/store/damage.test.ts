/** Damage anywhere in a closed log: refused when opened, or when it is met, or found by verify; never answered from. */
import { readFileSync, rmSync, truncateSync, writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { isPerdureError, type RecordedEvent } from '../../src/index.js'
import { seededRandom, seedOfThisRun } from '../../testing/index.js'
import { copyOf, eventsOf, filesOf, makeLog, openFolder, segmentsOf } from './folders.js'

/** How many places are tried; the simulated disk tries them all. */
const FLIPS = 70
const CUTS = 25

const sample = join(mkdtempSync(join(tmpdir(), 'perdure-sample-')), 'log')
const seed = seedOfThisRun()
const random = seededRandom(seed)
let whole: RecordedEvent[]

beforeAll(async () => {
  await makeLog(sample)
  const store = await openFolder(sample)
  whole = await eventsOf(store)
  await store.close()
  return () => rmSync(join(sample, '..'), { recursive: true })
})

/** How the damage was met. Throws if anything was answered that was never recorded, or if nobody noticed. */
async function met(folder: string, what: string): Promise<'at open' | 'when read' | 'by verify'> {
  const before = segmentsAndHead(folder)
  const store = await openFolder(folder).catch((error: unknown) => corrupt(error, what))
  if (store === undefined) {
    expect(segmentsAndHead(folder), `${what}: a refusal changes nothing`).toEqual(before)
    return 'at open'
  }
  try {
    const events = await eventsOf(store).catch((error: unknown) => corrupt(error, what))
    if (events === undefined) return 'when read'
    expect(events, `${what}: answered from damage`).toEqual(whole)
    const report = await store.verify()
    expect(report.intact, `${what}: found by nobody`).toBe(false)
    return 'by verify'
  } finally {
    await store.close()
  }
}

/** Only damage may be reported, with its place. */
function corrupt(error: unknown, what: string): undefined {
  if (!isPerdureError(error) || error.code !== 'log-corrupt')
    throw new Error(`${what}: ${String(error)}`, { cause: error })
  expect(error.facts.path, what).not.toBe('')
  expect(error.hint ?? '', what).not.toBe('')
}

const segmentsAndHead = (folder: string): [string, string][] =>
  [...filesOf(folder)].filter(([name]) => name === 'head' || name.startsWith('segments'))

test('damage: one flipped bit anywhere in the segments is never answered from, and never overlooked', async () => {
  const ways = new Set<string>()
  for (let i = 0; i < FLIPS; i++) {
    const folder = copyOf(sample)
    const path = random.pick(segmentsOf(folder))
    const bytes = readFileSync(path)
    const offset = random.integer(bytes.length)
    bytes.writeUInt8(bytes.readUInt8(offset) ^ (1 << random.integer(8)), offset)
    writeFileSync(path, bytes)
    ways.add(await met(folder, `a bit flipped at byte ${offset} of ${path} (PERDURE_SEED=${seed})`))
    rmSync(folder, { recursive: true })
  }
  expect(ways).toContain('at open')
  expect(ways).toContain('when read')
})

test('damage: a segment cut short anywhere is refused, or found', async () => {
  for (let i = 0; i < CUTS; i++) {
    const folder = copyOf(sample)
    const path = random.pick(segmentsOf(folder))
    const length = random.integer(readFileSync(path).length)
    truncateSync(path, length)
    expect(await met(folder, `${path} cut to ${length} (PERDURE_SEED=${seed})`)).toBe('at open')
    rmSync(folder, { recursive: true })
  }
})

test('damage: a range of bytes copied over another is refused, or found', async () => {
  for (let i = 0; i < CUTS; i++) {
    const folder = copyOf(sample)
    const path = random.pick(segmentsOf(folder))
    const bytes = readFileSync(path)
    const [from, to] = [random.integer(bytes.length), random.integer(bytes.length)]
    const before = Buffer.from(bytes)
    bytes.copy(bytes, to, from, from + 1 + random.integer(600))
    writeFileSync(path, bytes)
    if (!bytes.equals(before)) await met(folder, `${path}: ${from} over ${to} (PERDURE_SEED=${seed})`)
    rmSync(folder, { recursive: true })
  }
})

test('damage: what stands elsewhere is still answered: a damaged segment does not take the others with it', async () => {
  const folder = copyOf(sample)
  const [, second] = segmentsOf(folder)
  const bytes = readFileSync(second as string)
  const offset = bytes.indexOf('"data":') + 9
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
  writeFileSync(second as string, bytes)
  const store = await openFolder(folder)
  const from = Number(/(\d+)\.ndjson$/.exec(second as string)?.[1])
  const before: RecordedEvent[] = []
  for await (const event of store.read({ upTo: from - 1 })) before.push(event)
  expect(before).toEqual(whole.slice(0, from - 1))
  const error = await eventsOf(store).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ code: 'log-corrupt', facts: { path: second } })
  const { facts } = error as { facts: Record<string, unknown> }
  expect(Object.keys(facts).sort()).toEqual(['expected', 'found', 'offset', 'path', 'position'])
  const report = await store.verify()
  expect(report.findings.map(({ code }) => code)).toContain('log-corrupt')
  await store.close()
})

/** A log larger than memory: three million commits with ids of the caller's, in processes of 96 MB. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { temporaryFolder } from './folders.js'

const COMMITS = 3_000_000
const HEAP_MAX_MB = 96
/**
 * Handed down as groups, as a store does it, but without its promises, and without looking each id up among all others:
 * the log comes to the same, in a tenth of the time.
 */
const GROUPED = 2_900_000
const GROUP_LENGTH = 2000
/** Appended through the store, so many at the same time. */
const CONCURRENT = 5000

/** `npm test` builds it first. */
const built = join(import.meta.dirname, '../../dist/src')
const url = (module: string): string => JSON.stringify(pathToFileURL(join(built, module)).href)

const shared = `
  import { open, isPerdureError } from ${url('index.js')}
  const event = (i) => ({ id: 'order-' + i, type: 't', data: i })
  const stream = (i) => 's' + (i % 1000)
  const megabytes = (bytes) => Math.round(bytes / 2 ** 20)
  const began = performance.now()
  const tell = (facts) => console.log(JSON.stringify({
    ...facts,
    ms: Math.round(performance.now() - began),
    heapMb: megabytes(process.memoryUsage().heapUsed),
    rssMb: megabytes(process.memoryUsage().rss),
    rssMaxMb: megabytes(process.resourceUsage().maxRSS * 1024),
  }))
`

const build = `${shared}
  import { openFileBackend } from ${url('backends/file/backend.js')}
  const backend = await openFileBackend({ folder: process.argv[1], create: true })
  const commit = (i) => ({ writes: [{ stream: stream(i), expect: 'any', events: [encoded(i)] }] })
  const encoded = (i) => ({
    id: 'order-' + i, chosen: false, type: 't', tags: [],
    front: ',"id":"order-' + i + '","type":"t"', back: ',"data":' + i + '}',
  })
  for (let i = 0; i < ${GROUPED}; i += ${GROUP_LENGTH}) {
    await backend.append(Array.from({ length: ${GROUP_LENGTH} }, (_, k) => commit(i + k)), '2026-01-01T00:00:00.000Z')
  }
  const store = await open(backend)
  for (let i = ${GROUPED}; i < ${COMMITS}; i += ${CONCURRENT}) {
    await Promise.all(Array.from({ length: ${CONCURRENT} }, (_, k) => store.append(stream(i + k), event(i + k))))
  }
  await store.close()
  tell({ what: 'build' })
`

const ask = `${shared}
  const store = await open('file:' + process.argv[1])
  tell({ what: 'open', head: await store.head() })
  const places = []
  for (const i of [0, 1, 1234567, ${COMMITS} - 1]) {
    const again = await store.append(stream(i), event(i))
    const other = await store.append(stream(i), { ...event(i), data: 'other' }).catch((error) => error)
    places.push([i + 1, again.duplicate && again.first, isPerdureError(other) && other.code])
  }
  let known = 0
  for (let i = 7; i < ${COMMITS}; i += 30011) known += (await store.event('order-' + i)).position === i + 1 ? 1 : 0
  const fresh = await store.append('new', { id: 'order-new', type: 't', data: 1 }, { expect: 'new' })
  const last = await store.revision('s7')
  tell({ what: 'ask', places, known, fresh: fresh.first, last })
  await store.close()
`

interface Told {
  readonly what: string
  readonly head?: number
  readonly places?: unknown
  readonly known?: number
  readonly fresh?: number
  readonly last?: number
}

async function inProcess(script: string, folder: string): Promise<Told[]> {
  const memory = `--max-old-space-size=${HEAP_MAX_MB}`
  const { stdout } = await promisify(execFile)(process.execPath, [memory, '--input-type=module', '-e', script, folder])
  // The figures are for people: machines differ.
  console.log(stdout.trim())
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)
}

test.skipIf(!existsSync(built))(
  'large: a log of three million commits opens in 96 MB of heap, refuses a reused id and recognises a duplicate',
  { timeout: 300_000 },
  async () => {
    const folder = join(temporaryFolder(), 'log')
    await inProcess(build, folder)
    const [opened, asked] = await inProcess(ask, folder)
    expect(opened?.head).toBe(COMMITS)
    expect(asked?.places).toEqual([1, 2, 1234568, COMMITS].map((place) => [place, place, 'id-reused']))
    expect(asked?.known).toBe(Math.ceil((COMMITS - 7) / 30011))
    expect([asked?.fresh, asked?.last]).toEqual([COMMITS + 1, COMMITS / 1000])
  },
)

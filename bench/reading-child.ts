/** A process of its own that reads a log twice, event by event and by folding, and says how large it grew. */
import { defineProjection, open } from '../src/index.js'
import type { ChildReport } from './file-read-memory.js'
import { TYPES } from './sample-events.js'

const EVENTS_BETWEEN_SAMPLES = 2000

let residentBytes = 0

function sample(): void {
  residentBytes = Math.max(residentBytes, process.memoryUsage.rss())
}

const count = (total: number): number => {
  if (total % EVENTS_BETWEEN_SAMPLES === 0) sample()
  return total + 1
}

async function read(folder: string): Promise<number> {
  const store = await open(`file:${folder}`)
  sample()
  let events = 0
  for await (const event of store.read()) events = event.position > 0 ? count(events) : events
  const on = Object.fromEntries(TYPES.map((type) => [type, count]))
  const { state } = await store.project(defineProjection({ name: 'count', version: 1, initial: 0, on }))
  sample()
  await store.close()
  return events + state
}

const folder = process.argv[2]
const events = folder === undefined ? 0 : await read(folder)
sample()
console.log(JSON.stringify({ events, residentBytes } satisfies ChildReport))

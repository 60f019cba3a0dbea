/** Large logs that several rows read: made once in a run, with Perdure itself, and counted. */
import { existsSync } from 'node:fs'
import { open } from '../src/index.js'
import { assertCount, sampleEvent, sampleStream } from './sample-events.js'

const COMMIT_LENGTH_EVENTS = 500
/** Commits under way at once. */
const APPENDERS_COUNT = 8

/** The folder of a closed log of `count` sample events. */
export async function bigLog(shared: string, count: number): Promise<string> {
  const folder = `${shared}/log-${count}`
  if (existsSync(folder)) return folder
  const store = await open(`file:${folder}`, { create: true })
  let next = 0
  const appender = async (): Promise<void> => {
    while (next < count) {
      const first = next
      next = Math.min(count, first + COMMIT_LENGTH_EVENTS)
      await store.append(sampleStream(first / COMMIT_LENGTH_EVENTS), sampleEvents(first, next))
    }
  }
  await Promise.all(Array.from({ length: APPENDERS_COUNT }, appender))
  assertCount('the log that was made', await store.head(), count)
  await store.close()
  return folder
}

function sampleEvents(first: number, end: number): ReturnType<typeof sampleEvent>[] {
  return Array.from({ length: end - first }, (_, i) => sampleEvent(first + i))
}

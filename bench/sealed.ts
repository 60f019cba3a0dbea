/** What the rows about sealing share: events of a thousand people, in a log whose keys have all been made. */
import { existsSync } from 'node:fs'
import { open, type NewEvent, type Store } from '../src/index.js'
import { assertCount, sampleEvent, sampleStream } from './sample-events.js'

export const SUBJECTS_COUNT = 1000

const COMMIT_LENGTH_EVENTS = 500

/** The sample event, of one of so many people. */
export function sampleEventOf(index: number, people = SUBJECTS_COUNT): NewEvent {
  return { ...sampleEvent(index), subject: `customer:p${index % people}` }
}

/** A new log, sealed or not. */
export async function openNew(folder: string, isSealed: boolean): Promise<Store> {
  return await open(`file:${folder}`, { create: true, ...(isSealed ? { keys: `file:${folder}.keys` } : {}) })
}

/** One event of each person, so that every key is there. */
export async function greet(store: Store, people: number): Promise<void> {
  for (let first = 0; first < people; first += COMMIT_LENGTH_EVENTS) await appendFrom(store, first, people, people)
}

/** A closed log of sample events, sealed or not; made once in a run. */
export async function logOfPeople(folder: string, count: number, people: number, isSealed: boolean): Promise<string> {
  if (existsSync(folder)) return folder
  const store = await openNew(folder, isSealed)
  for (let first = 0; first < count; first += COMMIT_LENGTH_EVENTS) await appendFrom(store, first, count, people)
  assertCount('the log that was made', await store.head(), count)
  await store.close()
  return folder
}

async function appendFrom(store: Store, first: number, count: number, people: number): Promise<void> {
  const length = Math.min(COMMIT_LENGTH_EVENTS, count - first)
  const events = Array.from({ length }, (_, i) => sampleEventOf(first + i, people))
  await store.append(sampleStream(first / COMMIT_LENGTH_EVENTS), events)
}

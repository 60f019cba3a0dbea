/** Following a folder that another process writes, also while that is killed and another one takes its place. */
import { expect, test } from 'vitest'
import { open, openObserver, type RecordedEvent } from '../../src/index.js'
import { Appender, temporaryFolder } from '../real-disk/child.js'
import { seededRandom, seedOfThisRun } from '../../testing/index.js'

const EVENT_BYTES = 80
const ROUNDS = 4

test('follow: from another process, under a storm of appends and deaths, gives each event once, in order', async () => {
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const folder = temporaryFolder()
  await (await open(`file:${folder}`, { create: true })).close()
  const observer = await openObserver(`file:${folder}`)
  const followed: RecordedEvent[] = []
  const following = (async () => {
    for await (const event of observer.follow()) followed.push(event)
  })()
  let first = 1
  for (let round = 1; round <= ROUNDS; round++) {
    const child = new Appender({ folder, segmentBytes: 20_000, first, count: 5000, bytes: EVENT_BYTES })
    const enough = 40 + random.integer(200)
    await child.until((messages) => messages.length > enough)
    child.process.kill('SIGKILL')
    const { sent, stderr } = await child.end()
    expect(stderr).toBe('')
    first = Math.max(0, ...sent) + 1
  }
  const store = await open(`file:${folder}`)
  await store.append('last', { type: 'last', data: null })
  const head = await store.head()
  const deadline = Date.now() + 20_000
  while ((followed.at(-1)?.position ?? 0) < head && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await observer.close()
  await following
  const recorded: RecordedEvent[] = []
  for await (const event of store.read()) recorded.push(event)
  expect(followed, `PERDURE_SEED=${seed}`).toEqual(recorded)
  expect(head).toBeGreaterThan(ROUNDS)
  await store.close()
})

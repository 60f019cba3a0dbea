/** Pair 9: a process that has the keys in its memory stops reading what another one forgets, from its next page on. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openObserver } from '../../../src/index.js'
import { people, signedUp, type Person } from './people.js'
import { Home } from './stores.js'

const PROGRAM = fileURLToPath(new URL('observing-process.mjs', import.meta.url))
/** The most that a page holds: what was read before the subject was forgotten may still be given. */
const PAGE_LENGTH_MAX_EVENTS = 500
const [ann, bob] = people(2) as [Person, Person]

type Seen = readonly (readonly [position: number, what: 'readable' | 'shredded' | 'key-unavailable'])[]

class OtherProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>

  constructor(address: string) {
    this.#child = spawn(process.execPath, [PROGRAM, address], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#answers = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
    onTestFinished(() => void this.#child.kill('SIGKILL'))
  }

  async answer(): Promise<unknown> {
    const next = await this.#answers.next()
    if (next.done === true) throw new Error('the other process has ended')
    return JSON.parse(next.value)
  }

  async ask(order: 'all' | 'begin' | 'rest' | 'followed' | 'project'): Promise<Seen> {
    this.#child.stdin.write(`${order}\n`)
    return (await this.answer()) as Seen
  }

  /** Once the follower has got as far as this. */
  async followedTo(position: number): Promise<Seen> {
    for (;;) {
      const seen = await this.ask('followed')
      if ((seen.at(-1)?.[0] ?? 0) >= position) return seen
      await sleep(1)
    }
  }
}

const readableIn = (seen: Seen): number[] => seen.flatMap(([position, what]) => (what === 'readable' ? [position] : []))

test('pair 9: an observer, a projection and a follower in another process: shredded from their next page on', async () => {
  const home = new Home()
  const store = await home.open()
  const events = Array.from({ length: 800 }, () => [signedUp(ann), signedUp(bob)]).flat()
  for (let i = 0; i < events.length; i += 200) await store.append('all', events.slice(i, i + 200))
  const other = new OtherProcess(`file:${home.log}`)
  expect(await other.answer()).toBe('ready')
  // The control: it has read everything, so it has all keys.
  expect(readableIn(await other.ask('all')).length).toBe(1600)
  expect(readableIn(await other.followedTo(1600)).length).toBe(1600)
  expect(await other.ask('project')).toBe(1600)
  expect(readableIn(await other.ask('begin'))).toEqual([1])

  await store.subjects.shred(ann.subject, { reason: 'asked' })
  const rest = await other.ask('rest')
  const anns = readableIn(rest).filter((position) => position % 2 === 1)
  expect(Math.max(0, ...anns)).toBeLessThanOrEqual(PAGE_LENGTH_MAX_EVENTS)
  expect(rest.filter(([, what]) => what === 'key-unavailable')).toEqual([])
  const all = await other.ask('all')
  // Whose positions are even, and the two that say that she was forgotten.
  expect(readableIn(all).filter((position) => position <= 1600).length).toBe(800)
  expect(all.filter(([, what]) => what === 'shredded').length).toBe(800)
  expect(await other.ask('project')).toBe(800)

  await store.append('all', signedUp(bob))
  expect((await other.followedTo(1603)).slice(1600).map(([, what]) => what)).toEqual([
    'readable',
    'readable',
    'readable',
  ])
})

test('pair 9: a follower that is behind is not given what was forgotten while it was', async () => {
  const home = new Home()
  const store = await home.open()
  for (let i = 0; i < 10; i++)
    await store.append(
      'all',
      Array.from({ length: 200 }, () => signedUp(ann)),
    )
  const observer = await openObserver(`file:${home.log}`)
  onTestFinished(() => observer.close())
  const seen: number[] = []
  let isForgotten = false
  for await (const { position, stream, data } of observer.follow()) {
    if (!stream.startsWith('$') && data !== null) seen.push(position)
    if (!isForgotten) await store.subjects.shred(ann.subject, { reason: 'asked' })
    isForgotten = true
    if (position === 2002) break
  }
  expect(seen).toEqual(Array.from({ length: PAGE_LENGTH_MAX_EVENTS }, (_, i) => i + 1))
})

/** Pair 8: forgetting that fails, or dies, at any of its steps comes to its end on reopening, and never says so before. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openFileBackend } from '../../../src/backends/file/backend.js'
import { defineProjection, open, openKeyStore, openObserver, type RecordedEvent } from '../../../src/index.js'
import { aroundBackend } from '../../../testing/index.js'
import { aroundKeys } from './around-keys.js'
import { introduced, people, signedUp, type Person } from './people.js'
import { eventsOf, temporaryFolder } from './stores.js'

const PROGRAM = fileURLToPath(new URL('shredding-process.mjs', import.meta.url))
const [ann, bob] = people(2) as [Person, Person]
const [FIRST, STEPS_MAX] = [1, 200]
const WRITES: readonly string[] = ['append', 'kvPut', 'write']

/** A log about two people, and its keys, closed. */
async function makeHome(): Promise<string> {
  const home = temporaryFolder()
  const store = await open(`file:${join(home, 'log')}`, { create: true, keys: `file:${join(home, 'log.keys')}` })
  await store.append('s', [signedUp(ann), signedUp(bob), introduced(ann, bob)])
  await store.subjects.pseudonym('person', ann.email)
  for (const { subject, name } of [ann, bob]) await store.kv.put(subject, name, { subject })
  await store.snapshots.take(names)
  await store.close()
  return home
}

function copyOf(home: string): string {
  const copy = temporaryFolder()
  cpSync(home, copy, { recursive: true })
  return copy
}

type Mode = 'not done' | 'done, and not known'

/** Opens and shreds; from the n-th step of it on nothing is answered any more. @returns whether it was done before that */
async function shredUntil(home: string, last: number, mode: Mode, from: 'opening' | 'shredding'): Promise<boolean> {
  let steps = from === 'opening' ? 0 : -Infinity
  const step = async <Answer>(operation: string, call: () => Promise<Answer>): Promise<Answer> => {
    // Having asked and not been answered is the same as not having asked, unless something was written.
    if (mode === 'done, and not known' && !WRITES.includes(operation)) {
      if (steps >= last) throw new Error('it has died')
      return await call()
    }
    if (++steps > last || (steps === last && mode === 'not done')) throw new Error('it has died')
    const answer = await call()
    if (steps === last) throw new Error('it has died')
    return answer
  }
  const keys = openKeyStore(`file:${join(home, 'log.keys')}`)
  const backend = await openFileBackend({ folder: join(home, 'log') })
  try {
    const dying = aroundBackend(backend, step)
    const store = await open(dying, { keys: aroundKeys(keys, step) })
    // Whoever has read has the keys in memory.
    await eventsOf(store)
    if (from === 'shredding') steps = 0
    await store.subjects.shred(ann.subject, { reason: 'asked' })
    return true
  } catch (error) {
    expect(steps, String(error)).toBeGreaterThanOrEqual(last)
    return false
  } finally {
    await backend.close()
    await keys.close()
  }
}

const typesOf = (events: readonly RecordedEvent[]): string[] =>
  events.map(({ type }) => type).filter((type) => type.startsWith('$'))

const names = defineProjection({
  name: 'names',
  version: 1,
  initial: () => [] as string[],
  on: { signed_up: (state: string[], { data }: RecordedEvent) => [...state, (data as { name: string }).name] },
})

const isReadable = (events: readonly RecordedEvent[]): boolean =>
  events.some(({ subject, data }) => subject === ann.subject && data !== null)

/** Before anybody goes on: what stands on the disk does not say more than is true. */
async function expectHonest(home: string, what: string): Promise<readonly string[]> {
  const observer = await openObserver(`file:${join(home, 'log')}`)
  const [events, status] = [await eventsOf(observer), await observer.subjects.status(ann.subject)]
  const value = await observer.kv.get(ann.subject)
  const { state } = await observer.project(names)
  await observer.close()
  const own = typesOf(events)
  const expected = own.length === 0 ? 'known' : own.length === 1 ? 'shredding' : 'shredded'
  expect(status, what).toBe(expected)
  // From the request on nobody is given anything.
  expect(isReadable(events), what).toBe(own.length === 0)
  expect(value?.value, what).toBe(own.length === 0 ? ann.name : undefined)
  expect(state, what).toEqual(own.length === 0 ? [ann.name, bob.name] : [bob.name])
  const keys = openKeyStore(`file:${join(home, 'log.keys')}`)
  const text = (await keys.read([`subject/${ann.subject}`])).get(`subject/${ann.subject}`) ?? ''
  await keys.close()
  const { keys: left = [] } = JSON.parse(text) as { readonly keys?: readonly unknown[] }
  if (status === 'shredded') expect(left, what).toEqual([])
  return own
}

async function expectFinished(home: string, own: readonly string[], what: string): Promise<void> {
  const store = await open(`file:${join(home, 'log')}`)
  const events = await eventsOf(store)
  if (own.length === 0) {
    expect([isReadable(events), await store.subjects.status(ann.subject)], what).toEqual([true, 'known'])
  } else {
    expect([isReadable(events), await store.subjects.status(ann.subject)], what).toEqual([false, 'shredded'])
    expect(typesOf(events), what).toEqual(['$shred_requested', '$shredded'])
  }
  const receipt = await store.subjects.shred(ann.subject, { reason: 'asked again' })
  expect(typesOf(await eventsOf(store)), what).toEqual(['$shred_requested', '$shredded'])
  expect(await store.subjects.shred(ann.subject, { reason: 'once more' }), what).toEqual(receipt)
  const after = await eventsOf(store)
  expect(isReadable(after), what).toBe(false)
  expect(after[1], what).toMatchObject({ data: { name: bob.name } })
  expect(after[2]?.data, what).toMatchObject({ who: null, to: [bob.name, bob.remark] })
  expect(await store.snapshots.list(), what).toEqual([])
  expect((await store.kv.get(bob.subject))?.value, what).toBe(bob.name)
  await store.close()
  expect(await expectHonest(home, what)).toEqual(['$shred_requested', '$shredded'])
}

describe('pair 8: forgetting comes to its end, whichever step it fails at', () => {
  test.each(['not done', 'done, and not known'] as const)('pair 8: the last step is %s', async (mode) => {
    const home = await makeHome()
    let steps = FIRST
    for (let isWhole = false; !isWhole; steps++) {
      expect(steps).toBeLessThan(STEPS_MAX)
      const copy = copyOf(home)
      isWhole = await shredUntil(copy, steps, mode, 'shredding')
      const what = `step ${steps}, ${mode}`
      await expectFinished(copy, await expectHonest(copy, what), what)
    }
    // Requesting, destroying, recording and noting.
    expect(steps).toBeGreaterThan(4)
  })

  test('pair 8: finishing it on reopening may be interrupted in its turn', async () => {
    const home = await makeHome()
    await shredUntil(home, 6, 'not done', 'shredding')
    expect(await expectHonest(home, 'interrupted')).toEqual(['$shred_requested'])
    let steps = FIRST
    for (let isWhole = false; !isWhole; steps++) {
      expect(steps).toBeLessThan(STEPS_MAX)
      const copy = copyOf(home)
      isWhole = await shredUntil(copy, steps, 'not done', 'opening')
      if (steps % 3 === 0) await shredUntil(copy, steps + 2, 'done, and not known', 'opening')
      await expectFinished(copy, await expectHonest(copy, `step ${steps}`), `step ${steps} of opening`)
    }
    expect(steps).toBeGreaterThan(8)
  })
})

/** A process that ends itself at its n-th write with SIGKILL, before or after it. @returns whether it did */
async function killedAt(home: string, write: number, when: 'before' | 'after'): Promise<boolean> {
  const orders = JSON.stringify({ home, subject: ann.subject, write, when })
  const child = spawn(process.execPath, [PROGRAM, orders], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  expect(signal === 'SIGKILL' || code === 0).toBe(true)
  return signal === 'SIGKILL'
}

test('pair 8: a process killed before and after each of its writes leaves what the next one finishes', async () => {
  const home = await makeHome()
  let kills = 0
  for (const when of ['before', 'after'] as const) {
    for (let write = 1, isKilled = true; isKilled; write++) {
      const copy = copyOf(home)
      isKilled = await killedAt(copy, write, when)
      const what = `${when} write ${write}`
      await expectFinished(copy, await expectHonest(copy, what), what)
      if (isKilled) kills++
    }
  }
  // Request, keys, receipt, and the note that all is applied.
  expect(kills).toBeGreaterThanOrEqual(8)
})

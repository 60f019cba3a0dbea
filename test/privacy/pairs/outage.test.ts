/** Pairs 13 and 14: keys that cannot be had are waited for, and keys that are wrapped anew can be had all the while. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  defineProjection,
  open,
  openKeyStore,
  type NewEvent,
  type RecordedEvent,
  type Store,
} from '../../../src/index.js'
import { aroundKeys, EVERYTHING, SERVICE, UnsteadyKeys } from './around-keys.js'
import { introduced, people, signedUp, type Person } from './people.js'
import { givenEvents, Home } from './stores.js'

const persons = people(6)
const [ann, bob] = persons as [Person, Person]

const count = defineProjection({
  name: 'count',
  version: 1,
  initial: 0,
  on: { signed_up: (state: number) => state + 1, introduced: (state: number) => state + 1 },
})

/** A log of nine events, newly opened: no key is in memory. */
async function begin(home: Home, unsteady: UnsteadyKeys): Promise<Store> {
  const store = await home.open({ keys: unsteady.keys })
  for (const person of persons) await store.append(person.subject, signedUp(person))
  await store.append('meeting', [introduced(ann, bob), introduced(bob, ann)])
  await store.append('meeting', { type: 'signed_up', data: { name: 'nobody’s' } })
  await store.close()
  return await home.open({ keys: unsteady.keys })
}

const unavailable = { code: 'key-unavailable' }

describe.each([
  ['the key store', EVERYTHING],
  ['the key service behind it', SERVICE],
])('pair 13: an outage of %s is never taken for an erasure', (_, down) => {
  test('pair 13: reads say so, folds and decisions are refused, and all is as before once it is over', async () => {
    const [home, unsteady] = [new Home(), new UnsteadyKeys()]
    const store = await begin(home, unsteady)
    unsteady.down = down
    for (const { data, subject, subjects, unreadable = [] } of await givenEvents(store)) {
      if (subject === undefined && subjects === undefined) continue
      expect(new Set(unreadable.map(({ why }) => why))).toEqual(new Set(['key-unavailable']))
      expect(data).toEqual(
        subject === undefined && data !== null ? { who: null, to: null, place: 'the harbour' } : null,
      )
    }
    let isAsked = false
    const decide = (): readonly NewEvent[] => {
      isAsked = true
      return []
    }
    await expect(store.project(count)).rejects.toMatchObject(unavailable)
    await expect(store.decide(ann.subject, count, decide)).rejects.toMatchObject(unavailable)
    await expect(store.snapshots.take(count)).rejects.toMatchObject(unavailable)
    expect([isAsked, await store.snapshots.list()]).toEqual([false, []])
    unsteady.down = []
    expect((await givenEvents(store)).every(({ unreadable }) => unreadable === undefined)).toBe(true)
    expect((await store.project(count)).state).toBe(9)
    await store.decide(ann.subject, count, decide)
    expect(isAsked).toBe(true)
  })

  test('pair 13: a subscription stops before what it cannot read, and skips nothing of it', async () => {
    const [home, unsteady] = [new Home(), new UnsteadyKeys()]
    const store = await begin(home, unsteady)
    const handled: RecordedEvent[] = []
    const handler = (event: RecordedEvent): void => void handled.push(event)
    for (const onError of ['stop', 'park'] as const) {
      unsteady.down = down
      const stopped = await store.subscribe('consumer', { types: ['signed_up', 'introduced'] }, handler, { onError })
      await expect(stopped.done).rejects.toMatchObject(unavailable)
      expect([stopped.position, stopped.skipped, await stopped.parked(), handled]).toEqual([0, 0, [], []])
    }
    unsteady.down = []
    const going = await store.subscribe('consumer', { types: ['signed_up', 'introduced'] }, handler)
    await going.whenAt(9)
    expect(handled.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(handled.every(({ unreadable }) => unreadable === undefined)).toBe(true)
    expect([going.skipped, await going.parked()]).toEqual([0, []])
    await going.close()
  })

  test('pair 13: appends are refused as unwritten, all at once or one by one, and are accepted again', async () => {
    const [home, unsteady] = [new Home(), new UnsteadyKeys()]
    const store = await begin(home, unsteady)
    const head = await store.head()
    unsteady.down = down
    const newcomers = Array.from({ length: 8 }, (_, i) => ({ ...signedUp(ann), id: `n${i}`, subject: `new:${i}` }))
    const known = persons.map((person, i) => ({ ...signedUp(person), id: `k${i}` }))
    const outcomes = await Promise.allSettled([...newcomers, ...known].map((event) => store.append('s', event)))
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { ...unavailable, written: 'no' } })
    }
    await expect(store.append('s', [...newcomers, ...known])).rejects.toMatchObject({ ...unavailable, written: 'no' })
    expect(await store.head()).toBe(head)
    unsteady.down = []
    const answers = await Promise.all([...newcomers, ...known].map((event) => store.append('s', event)))
    expect(answers.every(({ duplicate }) => !duplicate)).toBe(true)
    expect((await givenEvents(store)).every(({ unreadable }) => unreadable === undefined)).toBe(true)
  })

  test('pair 13: what was forgotten before and what cannot be read now are told apart', async () => {
    const [home, unsteady] = [new Home(), new UnsteadyKeys()]
    const store = await begin(home, unsteady)
    await store.subjects.shred(bob.subject, { reason: 'asked' })
    await store.close()
    const again = await home.open({ keys: unsteady.keys })
    unsteady.down = down
    const whys = (await givenEvents(again)).slice(0, 3).map(({ unreadable }) => unreadable?.[0]?.why)
    expect(whys).toEqual(['key-unavailable', 'shredded', 'key-unavailable'])
    await expect(again.append('s', signedUp(bob))).rejects.toMatchObject({ code: 'subject-shredded' })
    await expect(again.project(count)).rejects.toMatchObject(unavailable)
    expect((await again.project(count, { stream: bob.subject })).state).toBe(0)
    unsteady.down = []
    expect((await again.project(count)).state).toBe(8)
  })
})

test('pair 13: forgetting during an outage is refused or left under way, and comes to its end afterwards', async () => {
  const [home, unsteady] = [new Home(), new UnsteadyKeys()]
  const store = await begin(home, unsteady)
  unsteady.down = EVERYTHING
  await expect(store.subjects.shred(ann.subject, { reason: 'asked' })).rejects.toMatchObject(unavailable)
  unsteady.down = ['write']
  await expect(store.subjects.shred(bob.subject, { reason: 'asked' })).rejects.toMatchObject(unavailable)
  unsteady.down = []
  expect(await Promise.all([ann, bob].map(({ subject }) => store.subjects.status(subject)))).toEqual([
    'known',
    'shredding',
  ])
  expect((await givenEvents(store)).slice(0, 2).map(({ unreadable }) => unreadable?.[0]?.why)).toEqual([
    undefined,
    'shredded',
  ])
  await store.close()
  unsteady.down = EVERYTHING
  await expect(open(`file:${home.log}`, { keys: unsteady.keys })).rejects.toMatchObject(unavailable)
  unsteady.down = []
  const again = await home.open({ keys: unsteady.keys })
  expect(await again.subjects.status(bob.subject)).toBe('shredded')
  await again.subjects.shred(ann.subject, { reason: 'asked' })
  expect((await again.project(count)).state).toBe(7)
})

test('pair 14: renewing the master key, interrupted at each of its writes, leaves everything readable, and goes on', async () => {
  const home = new Home()
  await (await home.open()).close()
  const masterFile = join(home.keys, 'master')
  const writing = await home.open()
  for (const person of persons) await writing.append(person.subject, signedUp(person))
  await writing.close()
  for (let last = 1, isWhole = false; !isWhole; last++) {
    const keys = openKeyStore(`file:${home.keys}`)
    let writes = -Infinity
    const dying = aroundKeys(keys, async (operation, call) => {
      if (operation === 'write' && ++writes >= last) throw new Error('it has died')
      return await call()
    })
    const store = await home.open({ keys: dying })
    const former = (await store.keys.status())?.master ?? ''
    writes = 0
    isWhole = await store.keys.rotate().then(
      () => true,
      () => false,
    )
    await store.close()
    await keys.close()
    const again = await home.open()
    expect((await givenEvents(again)).map(({ data }) => (data as { name: string }).name)).toEqual(
      persons.map(({ name }) => name),
    )
    if (!isWhole) await again.keys.rotate()
    expect((await again.keys.status())?.rotating).toBe(false)
    await again.close()
    expect(readFileSync(masterFile, 'utf8')).not.toContain(former)
    for (const { text } of await home.keyStore().list('', { after: '', limit: 100 })) expect(text).not.toContain(former)
  }
})

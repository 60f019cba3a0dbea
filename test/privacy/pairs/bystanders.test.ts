/** Pairs 10, 11 and 12: what forgetting one person leaves as it is, and what a projection is afterwards. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { naiveRoot } from '../../../conformance/naive-root.js'
import { defineEvents, defineProjection, type RecordedEvent, type Store } from '../../../src/index.js'
import { introduced, people, signedUp, type Person } from './people.js'
import { bytesOf, givenEvents, Home, linesOf } from './stores.js'

const persons = people(5)
const [ann, bob, cyd] = persons as [Person, Person, Person]

async function record(store: Store, whom: readonly Person[]): Promise<void> {
  for (const person of whom) {
    await store.append(person.subject, [signedUp(person), signedUp(person, { type: 'renamed' })])
  }
  await store.append('unsubjected', { type: 'noted', data: { text: 'about nobody' } })
}

const isAbout = (person: Person, { subject, subjects = {} }: RecordedEvent): boolean =>
  subject === person.subject || Object.values(subjects).includes(person.subject)

test('pair 10: everything of everyone else is readable, and the same to the byte', async () => {
  const home = new Home()
  const store = await home.open()
  await record(store, persons)
  await store.append('meeting', [introduced(ann, bob), introduced(bob, cyd)])
  const [events, lines] = [await givenEvents(store), await linesOf(store)]
  await store.subjects.shred(bob.subject, { reason: 'asked' })
  const after = await givenEvents(store)
  expect((await linesOf(store)).slice(0, lines.length)).toEqual(lines)
  for (const [i, event] of events.entries()) if (!isAbout(bob, event)) expect(after[i]).toEqual(event)
  expect(after.filter((event) => isAbout(bob, event)).length).toBe(4)
  await store.close()
  const again = await home.open()
  expect(await givenEvents(again)).toEqual(after)
  await again.append(ann.subject, signedUp(ann))
  expect(await again.event(await again.head())).toMatchObject({ data: { name: ann.name } })
})

test('pair 10: of an event about two people only the part of the one is redacted', async () => {
  const home = new Home()
  const store = await home.open()
  await store.append('meeting', introduced(ann, bob))
  await store.subjects.shred(bob.subject, { reason: 'asked' })
  const expected = { who: { name: ann.name, email: ann.email }, to: null, place: 'the harbour' }
  const [event] = await givenEvents(store)
  expect(event).toMatchObject({ data: expected, unreadable: [{ path: '/to', why: 'shredded' }] })
  await store.subjects.shred(ann.subject, { reason: 'asked' })
  const [left] = await givenEvents(store)
  expect(left?.data).toEqual({ ...expected, who: null })
  expect(left?.unreadable).toEqual(['/who', '/to'].map((path) => ({ path, why: 'shredded' })))
})

test('pair 10: a scope forgets what is of its classes, and nothing else of the same person', async () => {
  const events = defineEvents({
    billed: { version: 1, class: 'invoice' },
    called: { version: 1, class: 'call' },
  })
  const home = new Home()
  const store = await home.open({ events })
  const { subject } = ann
  for (const type of ['billed', 'called', 'noted']) await store.append('s', { type, subject, data: { type } })
  const receipt = await store.subjects.shred(subject, { reason: 'asked', scope: ['call'] })
  expect(receipt).toMatchObject({ subject, scope: ['call'] })
  const readable = async (of: Store): Promise<unknown[]> => (await givenEvents(of)).map(({ data }) => data)
  expect(await readable(store)).toEqual([{ type: 'billed' }, null, { type: 'noted' }])
  await expect(store.append('s', { type: 'called', subject, data: 1 })).rejects.toMatchObject({
    code: 'subject-shredded',
  })
  await store.append('s', { type: 'billed', subject, data: { type: 'billed' } })
  await store.close()
  const again = await home.open({ events })
  expect(await readable(again)).toEqual([{ type: 'billed' }, null, { type: 'noted' }, { type: 'billed' }])
  await again.subjects.shred(subject, { reason: 'asked' })
  expect(await readable(again)).toEqual([null, null, null, null])
})

test('pair 11: root, lines and every byte of the log are the same up to the request', async () => {
  const home = new Home()
  const store = await home.open()
  await record(store, persons)
  const [checkpoint, lines] = [await store.checkpoint(), await linesOf(store)]
  await store.close()
  const segments = bytesOf(join(home.log, 'segments'))
  const again = await home.open()
  await again.subjects.shred(bob.subject, { reason: 'asked' })
  const after = await linesOf(again)
  expect(after.slice(0, lines.length)).toEqual(lines)
  expect(after.slice(lines.length).map((line) => /"type":"([^"]*)"/.exec(line)?.[1])).toEqual([
    '$shred_requested',
    '$shredded',
  ])
  const report = await again.verify()
  expect([report.findings, report.events]).toEqual([[], after.length])
  await again.close()
  for (const [name, bytes] of bytesOf(join(home.log, 'segments'))) {
    const former = segments.get(name) ?? Buffer.alloc(0)
    expect(bytes.subarray(0, former.length).equals(former), name).toBe(true)
  }
  expect(naiveRoot(after.slice(0, checkpoint.size))).toBe(checkpoint.root)
})

interface Known {
  readonly names: Readonly<Record<string, string>>
  readonly notes: number
}

const known = defineProjection<Known>({
  name: 'known',
  version: 1,
  initial: { names: {}, notes: 0 },
  on: Object.fromEntries(
    ['signed_up', 'renamed', 'noted'].map((type) => [
      type,
      (state: Known, { subject, data }: RecordedEvent): Known =>
        subject === undefined
          ? { ...state, notes: state.notes + 1 }
          : { ...state, names: { ...state.names, [subject]: (data as { name: string }).name } },
    ]),
  ),
})

test('pair 12: a projection rebuilt after a shred is what it would be had the subject never been there', async () => {
  const [home, without] = [new Home(), new Home()]
  const [store, twin] = [await home.open({ snapshots: { everyEvents: 2 } }), await without.open()]
  await record(store, persons)
  await record(
    twin,
    persons.filter((person) => person !== bob),
  )
  const before = await store.project(known)
  expect(before.state.names[bob.subject]).toBe(bob.name)
  await store.snapshots.take(known)
  await store.subjects.shred(bob.subject, { reason: 'asked' })
  const expected = (await twin.project(known)).state
  expect((await store.project(known)).state).toEqual(expected)
  await store.decide(bob.subject, known, (state) => {
    expect(state).toEqual({ names: {}, notes: 0 })
    return []
  })
  await store.close()
  const again = await home.open()
  expect((await again.project(known)).state).toEqual(expected)
  // Of the past too: what was known then is not known any more.
  expect((await again.project(known, { at: 6 })).state.names).not.toHaveProperty(bob.subject)
  const handled: RecordedEvent[] = []
  const subscription = await again.subscribe('consumer', {}, (event) => void handled.push(event))
  await subscription.whenAt(await again.head())
  expect(handled.some((event) => isAbout(bob, event))).toBe(false)
  expect(subscription.skipped).toBe(2)
})

test('pair 12: the events of a forgotten subject still count where events are counted', async () => {
  const home = new Home()
  const store = await home.open()
  await record(store, persons)
  const head = await store.head()
  await store.subjects.shred(bob.subject, { reason: 'asked' })
  const { position, revision } = await store.project(known, { stream: bob.subject })
  expect([position, revision]).toEqual([head + 2, 2])
  expect((await givenEvents(store)).length).toBe(head)
})

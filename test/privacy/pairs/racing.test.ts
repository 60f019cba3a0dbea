/** Pair 17: appends for a subject while it is forgotten: each is refused, or was stored before and cannot be read after. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFileBackend } from '../../../src/backends/file/backend.js'
import { openMemoryBackend } from '../../../src/backends/memory/backend.js'
import {
  open,
  openKeyStore,
  type Appended,
  type Backend,
  type KeyStore,
  type Refused,
  type Store,
} from '../../../src/index.js'
import { delayedBackend, seededRandom, seedOfThisRun, type SeededRandom } from '../../../testing/index.js'
import { aroundKeys } from './around-keys.js'
import { introduced, personOf, signedUp } from './people.js'
import { givenEvents, temporaryFolder } from './stores.js'

const ROUNDS = 40
const APPENDS = 12

type Outcome = PromiseSettledResult<Appended | Refused>

function slowKeys(store: KeyStore, random: SeededRandom): KeyStore {
  return aroundKeys(store, async (_, call) => {
    for (let turns = random.integer(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    return await call()
  })
}

const whyNot = (outcome: Outcome): unknown =>
  outcome.status === 'rejected' ? ((outcome.reason as { code?: unknown }).code ?? outcome.reason) : undefined

/** Waits for a while, so that rounds differ in what comes before what. */
async function someTurns(random: SeededRandom): Promise<void> {
  for (let turns = random.integer(12); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
}

const backends: Readonly<Record<string, () => Promise<Backend>>> = {
  memory: async () => openMemoryBackend(),
  file: async () => await openFileBackend({ folder: join(temporaryFolder(), 'log'), create: true }),
}

describe.each(Object.entries(backends))('pair 17: in a %s log', (_, openBackend) => {
  test('pair 17: two stores append while one of them forgets, many times over', async () => {
    const seed = seedOfThisRun()
    const random = seededRandom(seed)
    const backend = await openBackend()
    onTestFinished(() => backend.close())
    const keys = openKeyStore('memory:')
    const openOne = (): Promise<Store> =>
      open(delayedBackend(backend, random.fork()), { keys: slowKeys(keys, random.fork()) })
    const [one, other] = [await openOne(), await openOne()]
    const friend = personOf(0)
    let [stored, refused] = [0, 0]
    for (let round = 1; round <= ROUNDS; round++) {
      const what = `round ${round} (replay: PERDURE_SEED=${seed})`
      const person = personOf(round)
      await one.append('s', signedUp(person))
      const attempts = Array.from({ length: APPENDS }, async (_, i) => {
        await someTurns(random)
        const event = i % 3 === 2 ? introduced(person, friend) : signedUp(person)
        return await (i % 2 === 0 ? one : other).append(`s${i % 4}`, event)
      })
      const shredding = someTurns(random).then(() => other.subjects.shred(person.subject, { reason: what }))
      const outcomes = await Promise.allSettled(attempts)
      const receipt = await shredding
      for (const outcome of outcomes) expect([undefined, 'subject-shredded'], what).toContain(whyNot(outcome))
      stored += outcomes.filter(({ status }) => status === 'fulfilled').length
      refused += outcomes.filter(({ status }) => status === 'rejected').length
      for (const store of [one, other]) {
        const about = (await givenEvents(store)).filter(({ subject, subjects = {} }) =>
          [subject, ...Object.values(subjects)].includes(person.subject),
        )
        // What is stored stands before the request, and nothing of the person is in it.
        expect(
          about.every(({ position }) => position < receipt.request),
          what,
        ).toBe(true)
        expect(JSON.stringify(about), what).not.toContain(person.name)
        expect(
          about.every(({ unreadable }) => unreadable?.[0]?.why === 'shredded'),
          what,
        ).toBe(true)
        expect(about.length, what).toBe(1 + outcomes.filter(({ status }) => status === 'fulfilled').length)
      }
      const text = (await keys.read([`subject/${person.subject}`])).get(`subject/${person.subject}`) ?? ''
      expect(JSON.parse(text), what).toMatchObject({ keys: [], shredded: true })
    }
    // Both happened, or nothing was tested.
    expect(Math.min(stored, refused)).toBeGreaterThan(0)
    expect((await givenEvents(one)).filter(({ subject }) => subject === friend.subject)).toEqual([])
  })

  test('pair 17: two who forget the same subject at the same time get the same receipt', async () => {
    const backend = await openBackend()
    onTestFinished(() => backend.close())
    const keys = openKeyStore('memory:')
    const stores = await Promise.all([1, 2].map(() => open(backend, { keys })))
    const { subject } = personOf(1)
    await stores[0]?.append('s', signedUp(personOf(1)))
    const receipts = await Promise.all(
      [0, 1, 0, 1].map((which) => stores[which]?.subjects.shred(subject, { reason: `${which}` })),
    )
    expect(new Set(receipts.map((receipt) => JSON.stringify(receipt))).size).toBe(1)
    expect(await stores[0]?.revision('$privacy')).toBe(2)
  })

  test('pair 17: a subject forgotten while a commit waits for the key of another one', async () => {
    const backend = await openBackend()
    onTestFinished(() => backend.close())
    const keys = openKeyStore('memory:')
    let release = (): void => {}
    let isHeld = false
    const slow = aroundKeys(keys, async (operation, call) => {
      if (operation === 'wrap' && isHeld) await new Promise<void>((resolve) => (release = resolve))
      return await call()
    })
    const [one, other] = [await open(backend, { keys: slow }), await open(backend, { keys })]
    const [ann, bob] = [personOf(1), personOf(2)]
    await one.append('s', signedUp(ann))
    isHeld = true
    const appending = one.append('s', [signedUp(ann), signedUp(bob)])
    await new Promise((resolve) => setTimeout(resolve, 20))
    isHeld = false
    await other.subjects.shred(ann.subject, { reason: 'asked' })
    // A read learns of it, and so does the store whose commit is waiting.
    expect((await givenEvents(one))[0]?.unreadable?.[0]?.why).toBe('shredded')
    release()
    await expect(appending).rejects.toMatchObject({
      code: 'subject-shredded',
      written: 'no',
      facts: { subject: ann.subject },
    })
    await one.append('s', signedUp(bob))
    expect((await givenEvents(one)).length).toBe(2)
  })
})

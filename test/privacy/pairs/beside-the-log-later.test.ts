/** The pairs for what stands beside the log: backups, other readers, outages, and races. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openKeyStore, openObserver, type KeyStore, type Store } from '../../../src/index.js'
import { seededRandom, seedOfThisRun } from '../../../testing/index.js'
import { aroundKeys, EVERYTHING, UnsteadyKeys } from './around-keys.js'
import { ann, bob, bytesOf, lastSeen, snapshotsOf, valueOf, write } from './beside-the-log.js'
import { signedUp } from './people.js'
import { Home } from './stores.js'

test('pair 9: an observer that has the keys in memory stops reading values, blobs and snapshots at once', async () => {
  const home = new Home()
  const blobs = `file:${home.blobs}`
  const store = await home.open({ blobs })
  const { cids } = await write(store, [ann, bob])
  const observer = await openObserver(`file:${home.log}`, { blobs })
  onTestFinished(() => observer.close())
  const key = `profile/${ann.subject}`
  expect((await observer.kv.get(key))?.value).toEqual(valueOf(ann))
  expect(Object.keys((await observer.project(lastSeen)).state)).toEqual([ann.subject, bob.subject])
  expect(Buffer.from((await observer.blobs.get(cids.get(ann) ?? '')) ?? [])).toEqual(bytesOf(ann))
  await store.subjects.shred(ann.subject, { reason: 'asked' })
  expect(await observer.kv.get(key)).toBeUndefined()
  await expect(observer.blobs.get(cids.get(ann) ?? '')).rejects.toMatchObject({ code: 'subject-shredded' })
  expect(Object.keys((await observer.project(lastSeen)).state)).toEqual([bob.subject])
  expect(await snapshotsOf(observer)).toEqual([bob.subject])
})

test('pair 7: a backup of the keys brings back no value, no blob and no snapshot', async () => {
  const home = new Home()
  const blobs = `file:${home.blobs}`
  const store = await home.open({ blobs })
  const { cids } = await write(store, [ann, bob])
  const restore = home.backUpKeys()
  await store.subjects.shred(ann.subject, { reason: 'asked' })
  await store.close()
  restore()
  const again = await home.open({ blobs })
  expect(await again.kv.get(`profile/${ann.subject}`)).toBeUndefined()
  await expect(again.blobs.get(cids.get(ann) ?? '')).rejects.toMatchObject({ code: 'subject-shredded' })
  expect(await snapshotsOf(again)).toEqual([bob.subject])
  expect(Object.keys((await again.project(lastSeen)).state)).toEqual([bob.subject])
})

test('pair 7: a backup of keys and snapshots together, to somebody who only reads, and to whoever writes', async () => {
  const home = new Home()
  const blobs = `file:${home.blobs}`
  const store = await home.open({ blobs })
  const { cids } = await write(store, [ann, bob])
  await store.close()
  const restoreKeys = home.backUpKeys()
  const [former, snapshots] = [join(home.folder, 'snapshots'), join(home.log, 'snapshots')]
  cpSync(snapshots, former, { recursive: true })
  const again = await home.open({ blobs })
  await again.subjects.shred(ann.subject, { reason: 'asked' })
  await again.close()
  restoreKeys()
  cpSync(former, snapshots, { recursive: true })
  const observer = await openObserver(`file:${home.log}`, { blobs })
  onTestFinished(() => observer.close())
  expect(Object.keys((await observer.project(lastSeen)).state)).toEqual([bob.subject])
  expect((await observer.project(lastSeen, { stream: ann.subject })).state).toEqual({})
  expect(await observer.kv.get(`profile/${ann.subject}`)).toBeUndefined()
  await expect(observer.blobs.get(cids.get(ann) ?? '')).rejects.toMatchObject({ code: 'subject-shredded' })
  const writing = await home.open({ blobs })
  expect(Object.keys((await writing.project(lastSeen)).state)).toEqual([bob.subject])
  // Applied again means all of it: the snapshots are gone, and so are the keys that came back with the backup.
  expect(await snapshotsOf(writing)).toEqual([bob.subject])
  await writing.close()
  expect((await home.keyStore().list('snapshot/', { after: '', limit: 100 })).length).toBe(1)
})

test('pair 13: an outage is an error for values and blobs too, and nothing is gone after it', async () => {
  const [home, unsteady] = [new Home(), new UnsteadyKeys()]
  const blobs = `file:${home.blobs}`
  const writing = await home.open({ blobs, keys: unsteady.keys })
  const { cids } = await write(writing, [ann, bob])
  await writing.close()
  const store = await home.open({ blobs, keys: unsteady.keys })
  unsteady.down = EVERYTHING
  const unavailable = { code: 'key-unavailable' }
  // Opening has tried one key, the first one's.
  const key = `profile/${bob.subject}`
  await expect(store.kv.get(key)).rejects.toMatchObject(unavailable)
  await expect(store.kv.list(key).next()).rejects.toMatchObject(unavailable)
  await expect(store.blobs.get(cids.get(bob) ?? '')).rejects.toMatchObject(unavailable)
  await expect(store.project(lastSeen)).rejects.toMatchObject(unavailable)
  await expect(store.kv.put(key, 1, { subject: bob.subject })).rejects.toMatchObject({ ...unavailable, written: 'no' })
  await expect(store.blobs.put(bytesOf(ann), { subject: 'new:1' })).rejects.toMatchObject({
    ...unavailable,
    written: 'no',
  })
  unsteady.down = []
  expect((await store.kv.get(key))?.value).toEqual(valueOf(bob))
  expect(Buffer.from((await store.blobs.get(cids.get(bob) ?? '')) ?? [])).toEqual(bytesOf(bob))
  expect(Object.keys((await store.project(lastSeen)).state)).toEqual([ann.subject, bob.subject])
  expect((await snapshotsOf(store)).length).toBe(3)
})

const RACES = 15

function slow(store: KeyStore, random: ReturnType<typeof seededRandom>): KeyStore {
  return aroundKeys(store, async (_, call) => {
    for (let turns = random.integer(3); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    return await call()
  })
}

test('pair 17: what is put and saved while its subject is forgotten is refused, or gone afterwards', async () => {
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const home = new Home()
  const store = await home.open({ blobs: `file:${home.blobs}`, keys: slow(openKeyStore('memory:'), random) })
  for (let round = 1; round <= RACES; round++) {
    const what = `round ${round} (replay: PERDURE_SEED=${seed})`
    const person = { ...ann, subject: `person:r${round}` }
    const { subject } = person
    await store.append(subject, signedUp(person))
    const later = async <Answer>(step: () => Promise<Answer>): Promise<Answer> => {
      for (let turns = random.integer(10); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      return await step()
    }
    const keys = [1, 2, 3, 4].map((i) => `k/${round}/${i}`)
    const [blobs, ...others] = await Promise.all([
      Promise.allSettled([1, 2, 3].map(() => later(() => store.blobs.put(bytesOf(person), { subject })))),
      Promise.allSettled(keys.map((key) => later(() => store.kv.put(key, valueOf(person), { subject })))),
      Promise.allSettled([1, 2, 3].map(() => later(() => store.snapshots.take(lastSeen)))),
      later(() => store.subjects.shred(subject, { reason: what })).then(() => []),
    ])
    for (const outcome of [...blobs, ...others.flat()]) {
      if (outcome.status === 'rejected') expect(outcome.reason, what).toMatchObject({ code: 'subject-shredded' })
    }
    for (const key of keys) expect(await store.kv.get(key), what).toBeUndefined()
    for (const outcome of blobs) {
      if (outcome.status === 'rejected') continue
      await expect(store.blobs.get(outcome.value.cid), what).rejects.toMatchObject({ code: 'subject-shredded' })
    }
    expect(Object.keys((await store.project(lastSeen)).state), what).toEqual([])
    expect(Object.keys((await store.project(lastSeen, { at: 1 })).state), what).toEqual([])
    for (const { subject: other, status } of await collect(store)) {
      expect([other, status], what).toEqual([other, 'shredded'])
    }
  }
})

async function collect(store: Store): Promise<{ readonly subject: string; readonly status: string }[]> {
  const subjects: { readonly subject: string; readonly status: string }[] = []
  for await (const one of store.subjects.list()) subjects.push(one)
  return subjects
}

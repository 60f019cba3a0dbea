/** The pairs for what stands beside the log: what is in it, where it opens, and what is left of it. */
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openFileBackend } from '../../../src/backends/file/backend.js'
import { cidOf } from '../../../src/blobs/cid.js'
import { open, openKeyStore, type BlobStore } from '../../../src/index.js'
import { aroundBackend, justCall } from '../../../testing/index.js'
import { ann, bob, bytesOf, lastSeen, persons, snapshotsOf, valueOf, write } from './beside-the-log.js'
import { textsOf } from './people.js'
import { findTexts } from './personal-strings.js'
import { Home, temporaryFolder } from './stores.js'

test('pair 1: beside a log without keys everything is in the clear, and the search finds it', async () => {
  const home = new Home()
  const store = await open(`file:${home.log}`, { create: true, blobs: `file:${home.blobs}` })
  await write(store, [ann, bob], false)
  await store.close()
  const hits = findTexts(home.folder, [...textsOf(ann), ...textsOf(bob)])
  for (const place of ['kv/', 'snapshots/', 'blobs/', 'segments/']) {
    expect(hits.filter(({ file }) => file.includes(place)).length, place).toBeGreaterThan(0)
  }
})

test('pair 1: values, blobs, snapshots and parked entries hold nothing personal, before and after', async () => {
  const home = new Home()
  const blobs = `file:${home.blobs}`
  const store = await home.open({ blobs, snapshots: { everyEvents: 2 } })
  const { cids } = await write(store, persons)
  const texts = persons.flatMap(textsOf)
  expect(findTexts(home.folder, texts)).toEqual([])
  const gone = persons.slice(0, 5)
  for (const { subject } of gone) await store.subjects.shred(subject, { reason: 'asked' })
  await store.close()
  expect(findTexts(home.folder, texts)).toEqual([])
  const again = await home.open({ blobs })
  for (const person of persons) {
    const isGone = gone.includes(person)
    const value = await again.kv.get(`profile/${person.subject}`)
    expect(value?.value).toEqual(isGone ? undefined : valueOf(person))
    const reading = again.blobs.get(cids.get(person) ?? '')
    if (isGone)
      await expect(reading).rejects.toMatchObject({ code: 'subject-shredded', facts: { subject: person.subject } })
    else expect(Buffer.from((await reading) ?? [])).toEqual(bytesOf(person))
  }
  const kept = persons.slice(5).map(({ subject }) => subject)
  const keys: string[] = []
  for await (const { key } of again.kv.list()) keys.push(key)
  expect(keys).toEqual(kept.map((subject) => `profile/${subject}`))
  // Of everybody together and of those who are gone there is none; those of the others stay.
  expect(await snapshotsOf(again)).toEqual([...kept].sort())
  const { state, forgotten } = await again.project(lastSeen)
  expect([Object.keys(state), forgotten]).toEqual([kept, 5])
  expect(findTexts(home.folder, texts)).toEqual([])
})

test('pairs 1 and 8: what a receipt says was removed is what is no longer there', async () => {
  const home = new Home()
  const store = await home.open({ blobs: `file:${home.blobs}` })
  await write(store, [ann, bob])
  const { removed } = await store.subjects.shred(ann.subject, { reason: 'asked' })
  expect(removed).toMatchObject({ values: 1, snapshots: 2 })
  expect(await snapshotsOf(store)).toEqual([bob.subject])
})

describe('pair 4: values and blobs open at their own place and nowhere else', () => {
  test('pair 4: a value under another key, of another subject, of another log, changed', async () => {
    const folder = temporaryFolder()
    const keys = openKeyStore('memory:')
    const backend = await openFileBackend({ folder: join(folder, 'log'), create: true })
    const changes = new Map<string, (text: string) => string>()
    const store = await open(
      {
        ...aroundBackend(backend, justCall),
        kv: {
          ...backend.kv,
          put: (key, text, expected) => backend.kv.put(key, text, expected),
          list: (prefix, page) => backend.kv.list(prefix, page),
          get: async (key) => {
            const entry = await backend.kv.get(key)
            return entry && { ...entry, text: changes.get(key)?.(entry.text) ?? entry.text }
          },
        },
      },
      { keys },
    )
    onTestFinished(() => store.close())
    await store.kv.put('a', 'of ann', { subject: ann.subject })
    await store.kv.put('b', 'of ann too', { subject: ann.subject })
    await store.kv.put('c', 'of bob', { subject: bob.subject })
    const [a = '', b = '', c = ''] = await Promise.all(
      ['a', 'b', 'c'].map(async (key) => (await backend.kv.get(key))?.text),
    )
    const parsed = (text: string): Record<string, string> =>
      (JSON.parse(text) as { sealed: Record<string, string> }).sealed
    const edited = (members: Readonly<Record<string, unknown>>): string =>
      JSON.stringify({ sealed: { ...parsed(a), ...members } })
    const box = Buffer.from(parsed(a).box ?? '', 'base64')
    const forgeries: Readonly<Record<string, string>> = {
      'of another key': b,
      'of another key and subject': c,
      'said to be somebody else’s': edited({ subject: bob.subject }),
      'said to be another key’s': edited({ key: parsed(c).key }),
      'another nonce': edited({ nonce: parsed(b).nonce }),
      'a byte changed': edited({
        box: Buffer.concat([box.subarray(0, -1), Buffer.from([(box.at(-1) ?? 0) ^ 1])]).toString('base64'),
      }),
      'a shorter tag': edited({ box: box.subarray(0, -4).toString('base64') }),
      nothing: edited({ box: '' }),
    }
    for (const [what, text] of Object.entries(forgeries)) {
      changes.set('a', () => text)
      await expect(store.kv.get('a'), what).rejects.toMatchObject({ code: 'seal-broken' })
    }
    changes.clear()
    expect((await store.kv.get('a'))?.value).toBe('of ann')
  })

  test('pair 4: a blob of somebody else’s seal', async () => {
    const held = new Map<string, Uint8Array>()
    const blobs: BlobStore = {
      put: async (bytes) => {
        held.set(cidOf(bytes), bytes)
        return cidOf(bytes)
      },
      get: async (cid) => held.get(cid),
      has: async (cid) => held.has(cid),
    }
    const store = await new Home().open({ blobs })
    const { cid } = await store.blobs.put(bytesOf(ann), { subject: ann.subject })
    const [sealed] = [...held.values()] as [Uint8Array]
    const text = Buffer.from(sealed).toString('latin1')
    const forge = async (bytes: Uint8Array): Promise<unknown> => {
      held.set(cidOf(bytes), bytes)
      return await store.blobs.get(cidOf(bytes)).catch((error: unknown) => error)
    }
    await store.blobs.put(bytesOf(bob), { subject: bob.subject })
    const forged = Buffer.from(text.replace(`"${ann.subject}"`, `"${bob.subject}"`), 'latin1')
    expect(forged.equals(sealed)).toBe(false)
    expect(await forge(forged)).toMatchObject({ code: 'seal-broken' })
    for (let cut = 1; cut <= 40; cut += 3) {
      expect(await forge(sealed.subarray(0, -cut))).toMatchObject({
        code: expect.stringMatching(/seal-broken|blob-/) as string,
      })
    }
    for (let i = 0; i < sealed.length; i += 7) {
      const changed = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 4 : byte))
      const outcome = await forge(changed)
      // A beginning that says nothing of a seal is that of a blob that has none: then nothing is opened either.
      if (outcome instanceof Uint8Array) expect(Buffer.from(outcome).equals(Buffer.from(changed))).toBe(true)
      else expect(outcome).toHaveProperty('code')
    }
    expect(Buffer.from((await store.blobs.get(cid)) ?? [])).toEqual(bytesOf(ann))
  })
})

test('pair 12: what was parked about a subject is not handled any more once it is forgotten', async () => {
  const store = await new Home().open({ blobs: 'memory:' })
  await write(store, [ann, bob])
  await store.subjects.shred(ann.subject, { reason: 'asked' })
  const handled: string[] = []
  const mail = await store.subscribe('mail', { types: ['signed_up'] }, ({ subject = '' }) => void handled.push(subject))
  for (const { position } of await mail.parked()) await mail.replay(position)
  expect([handled, mail.skipped, await mail.parked()]).toEqual([[bob.subject], 1, []])
  await mail.close()
})

test('pair 16: no address of a blob confirms a guess at its bytes', async () => {
  const home = new Home()
  const store = await home.open({ blobs: `file:${home.blobs}` })
  const known = Buffer.from(`invoice for ${ann.name}`)
  const { cid } = await store.blobs.put(known, { subject: ann.subject })
  expect(cid).not.toBe(cidOf(known))
  expect((await store.blobs.put(known, { subject: ann.subject })).cid).not.toBe(cid)
  await store.close()
  expect(findTexts(home.folder, [cidOf(known)])).toEqual([])
})

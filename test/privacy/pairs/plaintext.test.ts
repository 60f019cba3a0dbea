/** Pairs 1 and 16: what every byte of the disk tells about people, before and after they were forgotten. */
import { createHash, createHmac } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { defineEvents, open, type Store } from '../../../src/index.js'
import type { KeptKey } from '../../../src/privacy/key-records.js'
import { introduced, people, signedUp, textsOf, type Person } from './people.js'
import { findTexts, formsOf } from './personal-strings.js'
import { bytesOf, givenEvents, Home, temporaryFolder } from './stores.js'

const events = defineEvents({
  signed_up: { version: 1, schema: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } },
})

async function record(store: Store, persons: readonly Person[]): Promise<void> {
  for (const [i, person] of persons.entries()) {
    const other = persons[(i + 1) % persons.length] as Person
    await store.append(`account-${i}`, [signedUp(person), introduced(person, other)])
    await store.append('unsubjected', { type: 'imported', data: { row: [person.name, person.email, person.remark] } })
  }
}

/** What callers are told when they do something wrong, all of it. */
async function failures(store: Store, person: Person): Promise<string> {
  const id = `once-${person.subject}`
  await store.append('account', signedUp(person, { id }))
  const attempts = [
    store.append('account', signedUp(person, { id, data: { name: `${person.name}!` } })),
    store.append('account', signedUp(person, { data: { email: person.email } })),
    store.append('account', signedUp(person, { data: { name: [person.name] } })),
    store.append('account', { ...signedUp(person), subjects: { '/who': person.subject } }),
    store.append('account', { ...introduced(person, person), subjects: { '/who': 'a:1', '/who/name': 'a:2' } }),
    store.append('account', signedUp(person, { data: { name: person.name, nan: NaN } })),
  ]
  const outcomes = await Promise.allSettled(attempts)
  expect(outcomes.map(({ status }) => status)).toEqual(attempts.map(() => 'rejected'))
  return inspect(outcomes, { depth: 20 }) + JSON.stringify(outcomes)
}

/** Half a group beyond the head, as a crash leaves it. */
function tear(log: string): void {
  const segment = join(log, 'segments', readdirSync(join(log, 'segments')).sort().at(-1) ?? '')
  const lines = readFileSync(segment, 'utf8').trimEnd().split('\n').slice(-4).join('\n')
  appendFileSync(segment, lines.slice(0, Math.floor(lines.length * 0.9)))
}

test('pair 1: the search finds a planted string in every form that it looks for', () => {
  const folder = temporaryFolder()
  const [person] = people(1) as [Person]
  mkdirSync(join(folder, 'deep/er'), { recursive: true })
  for (const text of textsOf(person)) {
    for (const [form, bytes] of formsOf(text)) {
      writeFileSync(join(folder, 'deep/er/file'), Buffer.concat([Buffer.alloc(5000, 1), bytes, Buffer.alloc(77, 2)]))
      expect(findTexts(folder, [text]).map((hit) => hit.form)).toContain(form)
    }
    for (const shift of [0, 1, 2, 3, 4]) {
      const base64 = Buffer.from(`${'x'.repeat(shift)}${text}${'y'.repeat(shift)}`).toString('base64')
      writeFileSync(join(folder, 'deep/er/file'), base64)
      expect(findTexts(folder, [text])).not.toEqual([])
    }
  }
  writeFileSync(join(folder, 'deep/er/file'), 'nothing of the sort')
  expect(findTexts(folder, textsOf(person))).toEqual([])
})

test('pair 1: a log without keys holds what it is given in the clear, and the search finds it', async () => {
  const folder = temporaryFolder()
  const store = await open(`file:${join(folder, 'log')}`, { create: true })
  const persons = people(3)
  await record(store, persons)
  await store.close()
  const hits = findTexts(folder, persons.flatMap(textsOf))
  expect(new Set(hits.map(({ text }) => text)).size).toBe(9)
})

test('pair 1: nothing personal stands in any file, in any form, before and after dozens of people are forgotten', async () => {
  const home = new Home()
  const store = await home.open({ events, blobs: `file:${home.blobs}` })
  const persons = people(36)
  const texts = persons.flatMap(textsOf)
  await record(store, persons)
  const told = await failures(store, persons[0] as Person)
  expect(texts.filter((text) => [...formsOf(text).values()].some((form) => Buffer.from(told).includes(form)))).toEqual(
    [],
  )
  // The control: to those who may read it, it is there.
  const readable = JSON.stringify(await givenEvents(store))
  expect(texts.filter((text) => !readable.includes(JSON.stringify(text)))).toEqual([])
  for (const { name } of persons.slice(0, 12)) await store.subjects.pseudonym('person', name)
  await store.close()
  expect(findTexts(home.folder, texts)).toEqual([])

  tear(home.log)
  const again = await home.open()
  expect(readdirSync(join(home.log, 'torn'))).not.toEqual([])
  expect(findTexts(home.folder, texts)).toEqual([])
  for (const { subject } of persons) await again.subjects.shred(subject, { reason: 'all must go' })
  const left = (await givenEvents(again)).filter(({ stream }) => stream !== 'unsubjected')
  expect(texts.filter((text) => JSON.stringify(left).includes(JSON.stringify(text)))).toEqual([])
  expect(findTexts(home.folder, texts)).toEqual([])
  await again.close()
  expect(findTexts(home.folder, texts)).toEqual([])
})

/** Everything that somebody with the whole disk can make of a guess. */
function confirmationsOf(guess: string, secrets: readonly Uint8Array[]): readonly Buffer[] {
  const texts = [guess, JSON.stringify(['person', guess]), `person:${guess}`, JSON.stringify(guess)]
  const digests = texts.flatMap((text) => [
    ...['md5', 'sha1', 'sha256', 'sha512'].map((hash) => createHash(hash).update(text).digest()),
    ...secrets.map((secret) => createHmac('sha256', secret).update(text).digest()),
  ])
  return digests.flatMap((digest) => [
    digest,
    Buffer.from(digest.toString('hex')),
    Buffer.from(digest.toString('base64').replaceAll('=', '')),
    Buffer.from(digest.toString('base64url')),
    Buffer.from(digest.subarray(0, 16).toString('hex')),
  ])
}

/** Every key that the key store still gives away. */
async function survivingSecrets(home: Home, logId: string): Promise<readonly Uint8Array[]> {
  const store = home.keyStore()
  const secrets: Uint8Array[] = []
  for (const { name, text } of await store.list('', { after: '', limit: 1000 })) {
    const { keys = [] } = JSON.parse(text) as { readonly keys?: readonly KeptKey[] }
    for (const { id, master, wrapped } of keys) {
      const context = JSON.stringify([logId, name, id])
      secrets.push(await store.provider.unwrap(master, Buffer.from(wrapped, 'base64'), context))
    }
  }
  return secrets
}

test('pair 16: with the whole disk and all its keys, no guess at a natural key is confirmed once its subject is forgotten', async () => {
  const home = new Home()
  const store = await home.open()
  const emails = people(20).map(({ email }) => email)
  const subjects: string[] = []
  for (const email of emails) {
    const subject = await store.subjects.pseudonym('person', email)
    expect(await store.subjects.pseudonym('person', email)).toBe(subject)
    await store.append('accounts', { type: 'signed_up', subject, tags: [subject], data: { email } })
    subjects.push(subject)
  }
  const confirmed = (secrets: readonly Uint8Array[]): string[] => {
    const contents = [...bytesOf(home.folder).values()]
    const isStored = (bytes: Buffer): boolean => contents.some((content) => content.includes(bytes))
    return emails.filter((email) => confirmationsOf(email, secrets).some(isStored))
  }
  const { log } = store.report()
  // The control: before, whoever has the keys can confirm every one of them.
  expect(confirmed(await survivingSecrets(home, log))).toEqual(emails)
  expect(confirmed([])).toEqual([])
  for (const subject of subjects.slice(0, 15)) await store.subjects.shred(subject, { reason: 'asked' })
  await store.close()
  expect(confirmed(await survivingSecrets(home, log))).toEqual(emails.slice(15))
  const again = await home.open()
  const renewed = await again.subjects.pseudonym('person', emails[0] as string)
  expect(subjects).not.toContain(renewed)
  expect(await again.subjects.pseudonym('person', emails[19] as string)).toBe(subjects[19])
})

/** Pairs 7 and 15: key stores that were brought back from a backup, and key stores that are gone. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { open, openObserver, type Store } from '../../../src/index.js'
import { filesButLock } from '../../store/folders.js'
import { people, signedUp, type Person } from './people.js'
import { givenEvents, Home } from './stores.js'

const persons = people(4)
const [ann, bob] = persons as [Person, Person]

async function begin(home: Home): Promise<Store> {
  const store = await home.open()
  for (const person of persons) await store.append('accounts', signedUp(person))
  return store
}

async function readableSubjects(store: Pick<Store, 'read'>): Promise<(string | undefined)[]> {
  return (await givenEvents(store)).filter(({ unreadable }) => unreadable === undefined).map(({ subject }) => subject)
}

const everyoneBut = (...gone: readonly Person[]): string[] =>
  persons.filter((person) => !gone.includes(person)).map(({ subject }) => subject)

describe('pair 7: a backup of the keys does not undo what was forgotten', () => {
  test('pair 7: to an observer, to a writer, and in the key store itself; and the report says so', async () => {
    const home = new Home()
    const store = await begin(home)
    const pseudonym = await store.subjects.pseudonym('person', ann.email)
    await store.append('accounts', { type: 'signed_up', subject: pseudonym, data: { email: ann.email } })
    const restore = home.backUpKeys()
    await store.subjects.shred(ann.subject, { reason: 'asked' })
    await store.subjects.shred(pseudonym, { reason: 'asked' })
    await store.close()
    restore()
    const observer = await openObserver(`file:${home.log}`)
    expect(await readableSubjects(observer)).toEqual(everyoneBut(ann))
    expect(await observer.subjects.status(ann.subject)).toBe('shredded')
    await observer.close()
    const again = await home.open()
    expect(await readableSubjects(again)).toEqual(everyoneBut(ann))
    expect((await givenEvents(again))[0]?.unreadable).toEqual([{ path: '', why: 'shredded' }])
    expect(JSON.stringify(again.report().steps)).toMatch(/again/)
    const late = again.append('accounts', signedUp(ann))
    await expect(late).rejects.toMatchObject({ code: 'subject-shredded', written: 'no' })
    expect(await again.subjects.pseudonym('person', ann.email)).not.toBe(pseudonym)
    await again.close()
    const records = await home.keyStore().list('subject/', { after: '', limit: 100 })
    for (const { name, text } of records) {
      if (name.endsWith(ann.subject) || name.endsWith(pseudonym)) expect(JSON.parse(text)).toMatchObject({ keys: [] })
    }
    // Once applied, there is nothing to say any more.
    expect(JSON.stringify((await home.open()).report().steps)).not.toMatch(/again/)
  })

  test('pair 7: in every one of several backups, older and newer', async () => {
    const home = new Home()
    const store = await begin(home)
    const forgotten: Person[] = []
    const restores: [() => void, Person[]][] = []
    for (const person of persons.slice(0, 3)) {
      restores.push([home.backUpKeys(`${home.keys}.backup-${restores.length}`), [...forgotten]])
      await store.subjects.shred(person.subject, { reason: 'asked' })
      forgotten.push(person)
    }
    await store.close()
    for (const [restore] of restores) {
      restore()
      const again = await home.open()
      expect(await readableSubjects(again)).toEqual(everyoneBut(...forgotten))
      for (const { subject } of forgotten) expect(await again.subjects.status(subject)).toBe('shredded')
      await again.close()
    }
  })

  test('pair 7: a backup older than keys that were made since is refused, and nothing is changed', async () => {
    const home = new Home()
    const store = await begin(home)
    const restore = home.backUpKeys()
    await store.subjects.shred(ann.subject, { reason: 'asked' })
    await store.append('accounts', { type: 'signed_up', subject: 'person:new', data: {} })
    await store.close()
    const before = filesButLock(home.log)
    restore()
    await expect(open(`file:${home.log}`)).rejects.toMatchObject({ code: 'keys-outdated' })
    await expect(openObserver(`file:${home.log}`)).rejects.toMatchObject({ code: 'keys-outdated' })
    expect(filesButLock(home.log)).toEqual(before)
  })
})

describe('pair 15: a log whose keys are lost is refused loudly, and not touched', () => {
  const losses: Readonly<Record<string, (home: Home) => void>> = {
    'the folder is gone': (home) => rmSync(home.keys, { recursive: true }),
    'the folder is empty': (home) => {
      rmSync(home.keys, { recursive: true })
      mkdirSync(home.keys, { mode: 0o700 })
    },
    'the records are gone': (home) => rmSync(join(home.keys, 'records')),
    'the records are empty': (home) => writeFileSync(join(home.keys, 'records'), ''),
  }
  test.each(Object.entries(losses))('pair 15: %s', async (_, lose) => {
    const home = new Home()
    await (await begin(home)).close()
    const backup = `${home.keys}.offline`
    home.backUpKeys(backup)
    const before = filesButLock(home.log)
    lose(home)
    for (const options of [
      {},
      { create: true },
      { keys: `file:${home.keys}` },
      { keys: `file:${home.keys}`, create: true },
    ]) {
      const error: unknown = await open(`file:${home.log}`, options).catch((reason: unknown) => reason)
      expect(['keys-missing', 'keys-corrupt']).toContain((error as { code?: string }).code)
      expect(error).toMatchObject({ hint: expect.stringMatching(/backup/) as string })
    }
    await expect(openObserver(`file:${home.log}`)).rejects.toMatchObject({
      code: expect.stringMatching(/^keys-/) as string,
    })
    expect(filesButLock(home.log)).toEqual(before)
    const bare = await openObserver(`file:${home.log}`, { keys: 'none' })
    expect((await givenEvents(bare)).map(({ subject }) => subject)).toEqual(everyoneBut())
    await bare.close()
    rmSync(home.keys, { recursive: true, force: true })
    renameSync(backup, home.keys)
    const again = await home.open()
    expect(await readableSubjects(again)).toEqual(everyoneBut())
    await again.subjects.shred(bob.subject, { reason: 'asked' })
    expect(await readableSubjects(again)).toEqual(everyoneBut(bob))
  })
})

/** A key store in a folder: who may read it, and what is said of one that is lost, damaged, swapped or old. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { open, openKeyStore, openObserver } from '../../../src/index.js'
import { seededRandom, seedOfThisRun } from '../../../testing/seeded-random.js'
import { begin, contentsOf, createPlace, openKeysAt, openPlace, said, texts, type Place } from './places.js'
import { Process } from './processes.js'

const NOBODY = 65534
const SLOW = { timeout: 120_000 }
const isRoot = process.getuid?.() === 0
if (!isRoot) console.log('keys: not root, so nobody else can be tried')

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const codeOf = async (opening: Promise<unknown>): Promise<unknown> =>
  await opening.then(
    () => 'opened',
    (error: { code?: unknown }) => error.code,
  )

/** What a writer and an observer of the log say. */
async function openings(place: Place): Promise<unknown[]> {
  const keys = `file:${place.keys}`
  return [
    await codeOf(open(`file:${place.log}`, { keys }).then((store) => store.close())),
    await codeOf(openObserver(`file:${place.log}`, { keys }).then((observer) => observer.close())),
  ]
}

test('folder: it and its files are for their owner alone, whatever the process would give others', async () => {
  const place = createPlace()
  const former = process.umask(0)
  try {
    await begin(place, ['ann'])
    const store = await openPlace(place)
    await store.keys.rotate()
  } finally {
    process.umask(former)
  }
  expect(['', 'records', 'master'].map((name) => modeOf(join(place.keys, name)))).toEqual(['700', '600', '600'])
  expect(readdirSync(place.keys).toSorted()).toEqual(['master', 'records'])
})

test('folder: what others may read or change is refused as keys-exposed, and stays as it is', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  for (const name of ['', 'records', 'master']) {
    const path = join(place.keys, name)
    const mode = statSync(path).mode & 0o777
    for (const bit of [0o040, 0o020, 0o004, 0o002]) {
      chmodSync(path, mode | bit)
      expect(await openings(place), `${name} ${bit.toString(8)}`).toEqual(['keys-exposed', 'keys-exposed'])
      expect(statSync(path).mode & 0o777).toBe(mode | bit)
    }
    chmodSync(path, mode)
  }
  expect(await openings(place)).toEqual(['opened', 'opened'])
})

test.skipIf(!isRoot)('folder: another user can read neither the records nor the master key', async () => {
  const place = createPlace()
  chmodSync(place.root, 0o755)
  await begin(place, ['ann'])
  const asNobody = { uid: NOBODY, gid: NOBODY }
  const [told] = await new Process('look', place, '', asNobody).end()
  expect(told).toMatchObject({ failed: 'key-unavailable', message: expect.stringContaining('EACCES') as string })
  // Not even where the folder lets them in.
  chmodSync(place.keys, 0o711)
  expect(await openings(place)).toEqual(['keys-exposed', 'keys-exposed'])
  expect(await new Process('look', place, '', asNobody).end()).toMatchObject([{ failed: 'keys-exposed' }])
})

test('folder: one that is lost is missed, never made again, and the log stays as it is', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  const before = contentsOf(place.log)
  const aside = `${place.keys}.aside`
  renameSync(place.keys, aside)
  const options = { create: true, keys: `file:${place.keys}` }
  await expect(open(`file:${place.log}`, options)).rejects.toMatchObject({ code: 'keys-missing', written: 'no' })
  await expect(open(`file:${place.log}`)).rejects.toMatchObject({ code: 'keys-missing' })
  await expect(openObserver(`file:${place.log}`)).rejects.toMatchObject({ code: 'keys-missing' })
  expect(readdirSync(place.root).toSorted()).toEqual(['log', 'log.keys.aside'])
  // Without its records the folder is no key store.
  mkdirSync(place.keys, { mode: 0o700 })
  cpSync(join(aside, 'master'), join(place.keys, 'master'))
  await expect(open(`file:${place.log}`, options)).rejects.toMatchObject({ code: 'keys-missing' })
  expect(readdirSync(place.keys)).toEqual(['master'])
  expect(contentsOf(place.log)).toEqual(before)
  rmSync(place.keys, { recursive: true })
  renameSync(aside, place.keys)
  expect(await texts(await openPlace(place))).toEqual(['hello'])
})

test('folder: without it the log can be read but for what is sealed', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  rmSync(place.keys, { recursive: true })
  const observer = await openObserver(`file:${place.log}`, { keys: 'none' })
  expect(await texts(observer)).toEqual(['key-unavailable'])
  expect((await observer.verify()).intact).toBe(true)
  await observer.close()
})

test('folder: a new one is not taken for the one that is lost', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  rmSync(place.keys, { recursive: true })
  const keys = openKeysAt(place.keys, { create: true })
  const hint = expect.stringContaining('backup') as string
  await expect(open(`file:${place.log}`, { keys })).rejects.toMatchObject({ code: 'keys-corrupt', hint })
})

test('folder: that of another log, and another one of the same log, are told from the right one', async () => {
  const [place, other] = [createPlace(), createPlace()]
  await begin(place, ['ann'])
  await begin(other, ['ann'])
  cpSync(place.keys, `${place.keys}.right`, { recursive: true })
  rmSync(place.keys, { recursive: true })
  cpSync(other.keys, place.keys, { recursive: true })
  expect(await openings(place)).toEqual(['keys-foreign', 'keys-foreign'])
  // A store of the same log with another identity: as if it had been begun twice.
  const keys = openKeysAt(`${place.keys}.right`)
  const text = (await keys.read(['store'])).get('store') as string
  const changed = text.replace(/"id":"[^"]+"/, '"id":"00000000-0000-4000-8000-000000000000"')
  await keys.write([{ name: 'store', expect: text, text: changed }])
  await expect(open(`file:${place.log}`, { keys })).rejects.toMatchObject({ code: 'keys-foreign' })
})

test('folder: one that is truncated, emptied or overwritten is keys-corrupt at any length, and stays as it is', async () => {
  const place = createPlace()
  await begin(
    place,
    Array.from({ length: 60 }, (_, i) => `person:${i}`),
  )
  const path = join(place.keys, 'records')
  const whole = readFileSync(path)
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const lengths = [0, 1, 15, 16, 99, 100, 4095, 4096, 4097, whole.length - 4096, whole.length - 1]
  const damaged = [...lengths, ...Array.from({ length: 8 }, () => random.integer(whole.length))].map((length) =>
    whole.subarray(0, length),
  )
  damaged.push(Buffer.from(random.bytes(whole.length)), Buffer.alloc(whole.length))
  for (const bytes of damaged) {
    writeFileSync(path, bytes)
    expect(await openings(place), `${bytes.length} bytes, seed ${seed}`).toEqual(['keys-corrupt', 'keys-corrupt'])
    expect(readFileSync(path).equals(bytes), `${bytes.length} bytes, seed ${seed}`).toBe(true)
  }
  writeFileSync(path, whole)
  expect(await texts(await openPlace(place))).toHaveLength(60)
})

test('folder: of records with a byte changed anywhere, all is as it was or it is keys-corrupt', SLOW, async () => {
  const place = createPlace()
  await begin(place, ['ann', 'bob', 'cem'])
  const path = join(place.keys, 'records')
  const whole = readFileSync(path)
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const outcomes = new Set<string>()
  for (let i = 0; i < 100; i++) {
    const at = random.integer(whole.length)
    const changed = Buffer.from(whole)
    changed[at] = (changed[at] as number) ^ (1 + random.integer(255))
    writeFileSync(path, changed)
    const read = openObserver(`file:${place.log}`).then(async (observer) => {
      return await texts(observer).finally(() => observer.close())
    })
    const outcome = await read.then(String, (error: { code: string }) => error.code)
    expect(['hello,hello,hello', 'keys-corrupt'], `byte ${at}, seed ${seed}`).toContain(outcome)
    outcomes.add(outcome)
  }
  expect(outcomes.size).toBe(2)
})

test('folder: a backup that is older than the keys of the log is keys-outdated, and the newest one works', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  cpSync(place.keys, `${place.keys}.old`, { recursive: true })
  await begin(place, ['bob'])
  cpSync(place.keys, `${place.keys}.new`, { recursive: true })
  rmSync(place.keys, { recursive: true })
  cpSync(`${place.keys}.old`, place.keys, { recursive: true })
  expect(await openings(place)).toEqual(['keys-outdated', 'keys-outdated'])
  const facts = { expected: 2, found: 1 }
  await expect(openPlace(place)).rejects.toMatchObject({ facts, message: expect.stringContaining('older') as string })
  rmSync(place.keys, { recursive: true })
  cpSync(`${place.keys}.new`, place.keys, { recursive: true })
  expect(await texts(await openPlace(place))).toEqual(['hello', 'hello'])
})

test('folder: a backup in which only a shred is missing is put right at opening, and the report says so', async () => {
  const place = createPlace()
  await begin(place, ['ann', 'bob'])
  cpSync(place.keys, `${place.keys}.old`, { recursive: true })
  const store = await openPlace(place)
  await store.subjects.shred('ann', { reason: 'asked' })
  await store.close()
  rmSync(place.keys, { recursive: true })
  cpSync(`${place.keys}.old`, place.keys, { recursive: true })
  const again = await openPlace(place)
  expect(await texts(again)).toEqual(['shredded', 'hello'])
  const step = { step: 'forgetting', found: '1 forgotten again: the key store is an older one' }
  expect(again.report().steps).toContainEqual(step)
  const records = await openKeysAt(place.keys).read(['subject/ann'])
  expect(JSON.parse(records.get('subject/ann') ?? '')).toMatchObject({ keys: [], shredded: true })
})

test('folder: taken away or replaced while it is in use, nothing is written past it', async () => {
  const place = createPlace()
  await begin(place, ['ann', 'bob'])
  cpSync(place.keys, `${place.keys}.old`, { recursive: true })
  for (const [how, who] of [
    ['taken away', 'ann'],
    ['replaced', 'bob'],
  ] as const) {
    const store = await openPlace(place)
    const head = await store.head()
    renameSync(place.keys, `${place.keys}.used`)
    if (how === 'replaced') cpSync(`${place.keys}.old`, place.keys, { recursive: true })
    // Without the folder the master key is missed first.
    const refused = { code: expect.stringMatching(/^(keys|master-key)-missing$/) as string, written: 'no' }
    await expect(store.append('talk', said(`new:${how}`, 'hello')), how).rejects.toMatchObject(refused)
    await expect(store.subjects.shred(who, { reason: 'asked' })).rejects.toMatchObject({ code: 'keys-missing' })
    await expect(store.keys.rotate()).rejects.toMatchObject({ code: 'keys-missing' })
    // The shred was asked for, and is brought to its end at the next opening.
    expect(await store.head()).toBe(head + 1)
    await store.close()
    rmSync(place.keys, { recursive: true, force: true })
    renameSync(`${place.keys}.used`, place.keys)
  }
})

test('folder: an older copy written over it while it is in use is keys-outdated at the next key', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  const former = readFileSync(join(place.keys, 'records'))
  const store = await openPlace(place)
  await store.append('talk', said('bob', 'hello'))
  writeFileSync(join(place.keys, 'records'), former)
  await expect(store.append('talk', said('cem', 'hello'))).rejects.toMatchObject({
    code: 'keys-outdated',
    written: 'no',
  })
})

test('folder: read only, it opens what is sealed; what needs a new key is refused', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  chmodSync(place.keys, 0o500)
  chmodSync(join(place.keys, 'records'), 0o400)
  const observer = await openObserver(`file:${place.log}`)
  expect(await texts(observer)).toEqual(['hello'])
  await observer.close()
  chmodSync(place.keys, 0o700)
})

test('folder: inside the folder of its log it is refused', async () => {
  const place = createPlace()
  for (const keys of [`file:${place.log}`, `file:${place.log}/keys`, `file:${place.root}/other/../log/a/b`]) {
    await expect(open(`file:${place.log}`, { create: true, keys })).rejects.toMatchObject({ code: 'options-invalid' })
  }
  expect(openKeyStore('memory:').name).toBe('memory:')
})

test('folder: after a writer was killed in the middle of a write, observers and writers find it whole', async () => {
  const place = createPlace()
  openKeysAt(place.keys, { create: true })
  let leftovers = 0
  for (let round = 0; round < 12; round++) {
    const writer = new Process('write', place, '30000')
    await writer.until(20 + round * 3)
    writer.kill()
    await writer.ended
    if (readdirSync(place.keys).includes('records-journal')) leftovers++
    const keys = openKeyStore(`file:${place.keys}`, { readOnly: round % 2 === 0 })
    const found = [...(await keys.read(['one', 'other'])).values()]
    expect(found[0]).toBe(found[1])
    expect(found).toHaveLength(2)
    await keys.close()
  }
  console.log(`keys: ${leftovers} of 12 killed writers left a journal`)
})

test('folder: processes that begin it at the same moment begin one', async () => {
  for (let round = 0; round < 4; round++) {
    const place = createPlace()
    const processes = Array.from({ length: 4 }, () => new Process('create', place))
    const told = (await Promise.all(processes.map((one) => one.end()))).flat()
    expect(told.filter(({ written }) => written === true)).toHaveLength(1)
    expect(new Set(told.map(({ master }) => master)).size).toBe(1)
    expect(told.every(({ failed }) => failed === undefined)).toBe(true)
  }
})

test('folder: of what was removed or replaced no byte is left in it', SLOW, async () => {
  const { keys: folder } = createPlace()
  const keys = openKeysAt(folder, { create: true })
  const seed = seedOfThisRun()
  const random = seededRandom(seed)
  const live = new Map<string, string>()
  const gone: string[] = []
  const secretOf = (bytes: number): string => Buffer.from(random.bytes(bytes)).toString('hex')
  for (let i = 0; i < 1000; i++) {
    const isKnown = live.size > 20 && random.chance(0.4)
    const name = isKnown ? random.pick([...live.keys()]) : `pseudonym/${secretOf(10 + random.integer(50))}`
    const former = live.get(name)
    const text = isKnown && random.chance(0.6) ? undefined : secretOf(24).repeat(1 + random.integer(30))
    await keys.write([{ name, expect: former, text }])
    if (former !== undefined) gone.push(former.slice(0, 48))
    if (text === undefined) gone.push(name)
    if (text === undefined) live.delete(name)
    else live.set(name, text)
  }
  const bytes = Buffer.concat([...contentsOf(folder).values()]).toString('latin1')
  expect([...live].flat().every((text) => bytes.includes(text.slice(0, 24)))).toBe(true)
  const left = gone.filter((secret) => [secret.slice(0, 20), secret.slice(-20)].some((part) => bytes.includes(part)))
  expect([gone.length > 200, left], `seed ${seed}`).toEqual([true, []])
})

/** Master keys in a file and in the environment: lost, swapped, damaged, given, moved from one to the other. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { openObserver } from '../../../src/index.js'
import { FORMER_VARIABLE, LocalProvider, masterName, MASTER_VARIABLE } from '../../../src/privacy/masters.js'
import { systemRandom } from '../../../src/ids.js'
import { begin, createPlace, isAnywhere, mastersIn, openPlace, said, texts, type Place } from './places.js'

afterEach(() => {
  vi.unstubAllEnvs()
})

const base64Of = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const nameOf = (byte: number): string => masterName(Buffer.alloc(32, byte))

function give(current: number | undefined, former?: number): void {
  vi.stubEnv(MASTER_VARIABLE, current === undefined ? '' : base64Of(current))
  vi.stubEnv(FORMER_VARIABLE, former === undefined ? '' : base64Of(former))
}

/** Both ways of opening are refused alike, and the error says nothing that is secret. */
async function refused(place: Place, code: string, ...secrets: readonly string[]): Promise<void> {
  for (const opening of [openPlace(place), openObserver(`file:${place.log}`)]) {
    const error: unknown = await opening.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code })
    const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
    for (const secret of secrets) expect(shown).not.toContain(secret.slice(0, 12))
  }
}

test('master: one that is lost, or of another key store, is missed at opening, by name', async () => {
  const [place, other] = [createPlace(), createPlace()]
  await begin(place, ['ann'])
  await begin(other, ['ann'])
  const path = join(place.keys, 'master')
  const { current, keys } = mastersIn(place.keys)
  const whole = readFileSync(path)
  rmSync(path)
  await refused(place, 'master-key-missing', keys[current] as string)
  await expect(openPlace(place)).rejects.toMatchObject({ facts: { master: current } })
  expect(readdirSync(place.keys)).toEqual(['records'])
  cpSync(join(other.keys, 'master'), path)
  await refused(place, 'master-key-missing', keys[current] as string)
  // What needs no key can be read.
  const observer = await openObserver(`file:${place.log}`, { keys: 'none' })
  expect(await texts(observer)).toEqual(['key-unavailable'])
  await observer.close()
  writeFileSync(path, whole)
  expect(await texts(await openPlace(place))).toEqual(['hello'])
})

test('master: a file that is cut off, empty, garbage or has a key under another name is keys-corrupt', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  const path = join(place.keys, 'master')
  const whole = readFileSync(path, 'utf8')
  const { current, keys } = mastersIn(place.keys)
  const secret = keys[current] as string
  const lengths = Array.from({ length: 40 }, (_, i) => Math.floor((i * (whole.length - 2)) / 40))
  const damaged = lengths.map((length) => whole.slice(0, length))
  damaged.push('garbage', 'null', '[]', '{}', '\u0000'.repeat(whole.length))
  damaged.push(whole.replace(secret, base64Of(7)), whole.replace(secret, secret.slice(4)), whole.replace('":1', '":2'))
  damaged.push(whole.replace(`"current":"${current}"`, '"current":"m-0"'))
  for (const text of damaged) {
    writeFileSync(path, text)
    await refused(place, 'keys-corrupt', secret, base64Of(7))
    expect(readFileSync(path, 'utf8')).toBe(text)
  }
})

test('master: given by the environment, it is in no file, and another one does not open anything', async () => {
  const place = createPlace()
  give(1)
  await begin(place, ['ann'])
  expect(readdirSync(place.keys)).toEqual(['records'])
  expect(isAnywhere(place.root, Buffer.alloc(32, 1))).toBe(false)
  const store = await openPlace(place)
  expect(await store.keys.status()).toMatchObject({ provider: MASTER_VARIABLE, master: nameOf(1) })
  await store.close()
  give(2)
  await refused(place, 'master-key-missing', base64Of(1), base64Of(2))
  give(undefined)
  await refused(place, 'master-key-missing', base64Of(1))
  for (const wrong of ['short', base64Of(1).slice(4), `${base64Of(1)}AAAA`, '{}', `${base64Of(1).slice(0, -1)}!`]) {
    vi.stubEnv(MASTER_VARIABLE, wrong)
    await refused(place, 'keys-corrupt', wrong.length > 12 ? wrong : base64Of(1))
  }
  give(1)
  expect(await texts(await openPlace(place))).toEqual(['hello'])
})

test('master: in the environment it is changed there, with the former one beside it while keys are wrapped anew', async () => {
  const place = createPlace()
  give(1)
  await begin(place, ['ann', 'bob'])
  const store = await openPlace(place)
  await expect(store.keys.rotate()).rejects.toMatchObject({ code: 'unsupported', written: 'no' })
  await store.close()
  give(2, 1)
  const again = await openPlace(place)
  expect(await again.keys.rotate()).toEqual({ master: nameOf(2), keys: 2 })
  expect(await again.keys.status()).toMatchObject({ master: nameOf(2), rotating: false })
  await again.close()
  give(2)
  expect(await texts(await openPlace(place))).toEqual(['hello', 'hello'])
})

test('master: without the former one nothing is begun that cannot be ended, and nothing is lost', async () => {
  const place = createPlace()
  give(1)
  await begin(place, ['ann'])
  const store = await openPlace(place)
  give(2)
  await expect(store.keys.rotate()).rejects.toMatchObject({ code: 'master-key-missing', facts: { master: nameOf(1) } })
  give(2, 1)
  expect(await store.keys.rotate()).toEqual({ master: nameOf(2), keys: 1 })
  expect(await texts(store)).toEqual(['hello'])
})

test('master: it moves from the file to the environment and back, and is then gone from where it was', async () => {
  const place = createPlace()
  await begin(place, ['ann'])
  const { current, keys } = mastersIn(place.keys)
  const first = Buffer.from(keys[current] as string, 'base64')
  expect(isAnywhere(place.keys, first)).toBe(true)
  give(1)
  const store = await openPlace(place)
  expect(await store.keys.rotate()).toEqual({ master: nameOf(1), keys: 1 })
  await store.append('talk', said('bob', 'hello'))
  await store.close()
  expect(readdirSync(place.keys)).toEqual(['records'])
  expect(isAnywhere(place.keys, first)).toBe(false)
  give(undefined, 1)
  const again = await openPlace(place)
  expect(await again.keys.rotate()).toMatchObject({ keys: 2 })
  await again.close()
  give(undefined)
  expect(await texts(await openPlace(place))).toEqual(['hello', 'hello'])
  expect(readdirSync(place.keys).toSorted()).toEqual(['master', 'records'])
})

test('master: who reads the file at the moment in which it is replaced is given the one or the other', async () => {
  const { keys: folder, root } = createPlace()
  const path = join(root, 'master')
  expect(folder).not.toBe(root)
  const provider = new LocalProvider(path, {}, systemRandom)
  provider.make()
  const first = await provider.current()
  const wrapped = await provider.wrap(first, Buffer.alloc(32, 9), 'c')
  await provider.renew(first)
  await provider.renew(first)
  const second = await provider.current()
  expect(second).not.toBe(first)
  expect(Buffer.from(await provider.unwrap(first, wrapped, 'c'))).toEqual(Buffer.alloc(32, 9))
  await provider.retire('m-nobody')
  await provider.retire(first)
  expect(await provider.current()).toBe(second)
  await expect(provider.unwrap(first, wrapped, 'c')).rejects.toMatchObject({ code: 'master-key-missing' })
  // A temporary file of a process that was killed is in nobody's way.
  writeFileSync(`${path}.new`, 'half')
  await provider.renew(second)
  expect(readdirSync(root)).toEqual(['master'])
})

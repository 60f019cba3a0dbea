// store.blobs, and events that require their blobs to exist.
import fc from 'fast-check'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { failsWith } from '../../conformance/expectations.js'
import { checkCid, cidOf } from '../../src/blobs/cid.js'
import { checkMediaType } from '../../src/blobs/reference.js'
import { defineEvents, open, type BlobStore, type Events, type Json, type Store } from '../../src/index.js'

const PHOTO = Buffer.from('not really a photo')
const events = defineEvents({
  damage_reported: { version: 1, blobs: ['/photo', '/pages/0', '/a~1b'] },
  noted: { version: 1 },
})

async function memoryStore(options: { blobs?: string | BlobStore; events?: Events } = {}): Promise<Store> {
  const store = await open('memory:', { blobs: 'memory:', events, ...options })
  onTestFinished(() => store.close())
  return store
}

test('put: the reference says what the bytes are, get gives them back, has knows them', async () => {
  const store = await memoryStore()
  const reference = await store.blobs.put(PHOTO, { mediaType: 'image/png' })
  expect(reference).toEqual({ cid: cidOf(PHOTO), size: PHOTO.length, mediaType: 'image/png' })
  expect(await store.blobs.put(PHOTO)).toEqual({ cid: cidOf(PHOTO), size: PHOTO.length })
  expect(Buffer.from((await store.blobs.get(reference.cid)) ?? [])).toEqual(PHOTO)
  expect(await store.blobs.has(reference.cid)).toBe(true)
  expect(await store.blobs.has(cidOf(Buffer.from('other')))).toBe(false)
})

test('put, get, has: what cannot be a blob, a media type, an option or a CID is blob-invalid, with its place', async () => {
  const { blobs } = await memoryStore()
  const put = blobs.put.bind(blobs) as (bytes: unknown, options?: unknown) => Promise<unknown>
  for (const bytes of ['text', [1, 2], null, undefined, new ArrayBuffer(4), new Uint16Array(2)]) {
    await failsWith('blob-invalid', put(bytes), { pointer: '/bytes' })
  }
  for (const mediaType of [
    '',
    'png',
    'image/',
    '/png',
    'image/p ng',
    'image/png;',
    'a/b\n',
    7,
    'x/' + 'y'.repeat(300),
  ]) {
    await failsWith('blob-invalid', put(PHOTO, { mediaType }), { pointer: '/mediaType' }, String(mediaType))
  }
  await failsWith('blob-invalid', put(PHOTO, { mediatype: 'a/b' }), { pointer: '/mediatype' })
  await failsWith('blob-invalid', put(PHOTO, null), { pointer: '/options' })
  await failsWith('unsupported', put(PHOTO, { subject: 'person:ann' }), { feature: 'blobs by subject' })
  const cid = cidOf(PHOTO)
  const other = `${cid.slice(0, -1)}${cid.endsWith('b') ? 'c' : 'b'}`
  const wrong = ['', 'x', cid.toUpperCase(), cid + 'a', cid.slice(1), '../../../etc/passwd', other, `${cid}\n`, 5, null]
  // Version 0, another codec, another base: good CIDs, and not ours.
  wrong.push('QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG')
  wrong.push('bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi')
  for (const text of wrong) {
    await failsWith('blob-invalid', blobs.get(text as string), { pointer: '/cid' }, String(text))
    await failsWith('blob-invalid', blobs.has(text as string), { pointer: '/cid' }, String(text))
  }
})

test('without a place for blobs every call is unsupported and says what to do', async () => {
  const store = await open('memory:')
  onTestFinished(() => store.close())
  for (const call of [store.blobs.put(PHOTO), store.blobs.get(cidOf(PHOTO)), store.blobs.has(cidOf(PHOTO))]) {
    const { hint } = await failsWith('unsupported', call, { feature: 'blobs' })
    expect(hint).toContain('blobs:')
  }
})

test('a closed store keeps and gives no blobs', async () => {
  const store = await memoryStore()
  await store.close()
  await failsWith('store-closed', store.blobs.put(PHOTO))
  await failsWith('store-closed', store.blobs.get(cidOf(PHOTO)))
})

test('a blob store that fails or names blobs in another way is backend-failed, with its own error as the cause', async () => {
  const cause = new Error('the bucket is gone')
  const fail = (): Promise<never> => Promise.reject(cause)
  const failing = await memoryStore({ blobs: { put: fail, get: fail, has: fail } })
  const error = await failsWith('backend-failed', failing.blobs.put(PHOTO))
  expect([error.cause, error.written]).toEqual([cause, 'unknown'])
  await failsWith('backend-failed', failing.blobs.get(cidOf(PHOTO)))
  const append = failing.append('car-1', { type: 'damage_reported', data: { photo: referenceTo(PHOTO) } })
  expect((await failsWith('backend-failed', append)).written).toBe('no')
  const other = await memoryStore({ blobs: { put: async () => 'QmOther', get: fail, has: fail } })
  await failsWith('backend-failed', other.blobs.put(PHOTO))
})

test('blobs in a folder: nothing is made before the first put', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-blobs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const place = join(folder, 'deep/blobs')
  const store = await open('memory:', { blobs: `file:${place}` })
  expect(await store.blobs.get(cidOf(PHOTO))).toBeUndefined()
  expect(await store.blobs.has(cidOf(PHOTO))).toBe(false)
  expect(existsSync(join(folder, 'deep'))).toBe(false)
  const { cid } = await store.blobs.put(PHOTO)
  expect(readdirSync(place, { recursive: true }).sort()).toEqual([cid.slice(-3, -1), join(cid.slice(-3, -1), cid)])
  await store.close()
})

test('open: an address that is none for blobs is options-invalid', async () => {
  for (const blobs of ['', 'blobs', 'memory:shared', 's3://user:secret@host/bucket', 'postgres://host']) {
    const error = await failsWith('options-invalid', open('memory:', { blobs }), { option: 'blobs' }, blobs)
    expect(error.message).not.toContain('secret')
  }
})

function referenceTo(bytes: Uint8Array): Json {
  return { cid: cidOf(bytes), size: bytes.length }
}

test('append: an event whose declared blob exists, or is left out, is recorded', async () => {
  const store = await memoryStore()
  const photo = { ...(await store.blobs.put(PHOTO, { mediaType: 'image/png' })) }
  const reported = { type: 'damage_reported', data: { photo, pages: [photo], 'a/b': photo } }
  expect(await store.append('car-1', reported)).toMatchObject({ ok: true })
  for (const data of [{}, null, 'text', { photos: 1 }, { pages: [] }, []]) {
    expect(await store.append('car-1', { type: 'damage_reported', data })).toMatchObject({ ok: true })
  }
})

test('append: a declared blob that does not exist is blob-missing with its place, and nothing is written', async () => {
  const store = await memoryStore()
  const there = { ...(await store.blobs.put(PHOTO)) }
  const missing = referenceTo(Buffer.from('never put'))
  const error = await failsWith(
    'blob-missing',
    store.commit([
      {
        stream: 'car-1',
        events: [
          { type: 'noted', data: missing },
          { type: 'damage_reported', data: { photo: there } },
        ],
      },
      { stream: 'car-2', events: { type: 'damage_reported', data: { photo: there, 'a/b': missing } } },
    ]),
    { cid: (missing as { cid: string }).cid, index: 2, pointer: '/data/a~1b' },
  )
  expect(error.written).toBe('no')
  expect(await store.head()).toBe(0)
})

test('append: what stands where a reference should and is none is event-invalid with its place', async () => {
  const store = await memoryStore()
  const cases: [Json, string][] = [
    [5, ''],
    [null, ''],
    [[], ''],
    [cidOf(PHOTO), ''],
    [{}, '/cid'],
    [{ cid: 'x', size: 1 }, '/cid'],
    [{ cid: cidOf(PHOTO) }, '/size'],
    [{ cid: cidOf(PHOTO), size: -1 }, '/size'],
    [{ cid: cidOf(PHOTO), size: 1, mediaType: 'png' }, '/mediaType'],
  ]
  for (const [photo, pointer] of cases) {
    const call = store.append('car-1', { type: 'damage_reported', data: { photo } })
    const error = await failsWith('event-invalid', call, { index: 0, pointer: `/data/photo${pointer}` })
    expect(error.written).toBe('no')
  }
  expect(await store.head()).toBe(0)
})

test('append: without a blob store, only events that do refer to blobs are refused', async () => {
  const store = await open('memory:', { events })
  onTestFinished(() => store.close())
  expect(await store.append('car-1', { type: 'damage_reported', data: {} })).toMatchObject({ ok: true })
  const call = store.append('car-1', { type: 'damage_reported', data: { photo: referenceTo(PHOTO) } })
  expect((await failsWith('unsupported', call, { feature: 'blobs' })).written).toBe('no')
})

test('append: data of an older version is brought up to date before its blobs are looked for', async () => {
  const newer = defineEvents({
    damage_reported: {
      version: 2,
      blobs: ['/photo'],
      upcast: { 1: (data) => ({ photo: (data as { image: Json }).image }) },
    },
  })
  const store = await memoryStore({ events: newer })
  const old = { type: 'damage_reported', version: 1, data: { image: referenceTo(PHOTO) } }
  await failsWith('blob-missing', store.append('car-1', old), { pointer: '/data/photo' })
  await store.blobs.put(PHOTO)
  expect(await store.append('car-1', old)).toMatchObject({ ok: true })
})

test('open: blobs of a declaration that are not JSON Pointers are options-invalid', async () => {
  for (const blobs of [['photo'], ['/a~2'], [5], 'photo']) {
    const declared = defineEvents({ reported: { version: 1, blobs: blobs as readonly string[] } })
    await failsWith('options-invalid', open('memory:', { events: declared }), { option: 'events' })
  }
})

test('checkCid: accepts what cidOf gives and nothing that differs from it in one character', () => {
  const alphabet = [...'abcdefghijklmnopqrstuvwxyz234567018A=']
  fc.assert(
    fc.property(fc.uint8Array(), fc.nat(58), fc.constantFrom(...alphabet), (bytes, at, character) => {
      const cid = cidOf(bytes)
      expect(checkCid(cid)).toBeUndefined()
      const other = cid.slice(0, at) + character + cid.slice(at + 1)
      // In the digest, another character is another digest, and as good.
      if (other !== cid && (at < 7 || !/^[a-z2-7]$/.test(character))) expect(checkCid(other)).toBeDefined()
      if (other !== cid && at === 58) expect(checkCid(other) === undefined || other.length === 59).toBe(true)
    }),
  )
})

test('checkMediaType: types with and without parameters pass, and a hostile one is judged at once', () => {
  for (const type of ['image/png', 'application/vnd.api+json', 'text/plain; charset=utf-8', 'a/b;c="d e";f=g']) {
    expect(checkMediaType(type)).toBeUndefined()
  }
  expect(checkMediaType(`a/b${';a=a'.repeat(60)}!\n`)).toBeDefined()
})

test('get: bytes that are not those of the address are blob-corrupt, whoever keeps them', async () => {
  const cid = cidOf(PHOTO)
  const lying = await memoryStore({
    blobs: { put: async () => cid, get: async () => Buffer.from('x'), has: async () => true },
  })
  expect((await failsWith('blob-corrupt', lying.blobs.get(cid), { cid })).written).toBeUndefined()
})

test('get, has, append: an answer of a blob store that is none is backend-failed', async () => {
  const cid = cidOf(PHOTO)
  for (const answer of ['yes', undefined, null, 1, {}]) {
    const has = (async () => answer) as unknown as () => Promise<boolean>
    const get = (async () => answer ?? 'text') as unknown as () => Promise<Uint8Array>
    const store = await memoryStore({ blobs: { put: async () => cid, get, has } })
    await failsWith('backend-failed', store.blobs.has(cid))
    await failsWith('backend-failed', store.blobs.get(cid))
    const call = store.append('car-1', { type: 'damage_reported', data: { photo: referenceTo(PHOTO) } })
    expect((await failsWith('backend-failed', call)).written).toBe('no')
    expect(await store.head()).toBe(0)
  }
})

test('blobs in a folder: a folder in the place of a blob is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-blobs-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const cid = cidOf(PHOTO)
  mkdirSync(join(folder, cid.slice(-3, -1), cid), { recursive: true })
  const store = await memoryStore({ blobs: `file:${folder}` })
  expect(await store.blobs.has(cid)).toBe(false)
  const empty = await store.blobs.put(new Uint8Array())
  expect(await store.blobs.has(empty.cid)).toBe(true)
})

test('a failed put says what was written, a failed get or has does not', async () => {
  const { blobs } = await memoryStore()
  expect((await failsWith('blob-invalid', blobs.put('text' as unknown as Uint8Array))).written).toBe('no')
  for (const call of [blobs.get('x'), blobs.has('x')]) {
    expect((await failsWith('blob-invalid', call)).written).toBeUndefined()
  }
})

test('defineEvents: declarations that are no objects are options-invalid', () => {
  const define = defineEvents as unknown as (declarations: unknown) => unknown
  for (const wrong of [
    null,
    undefined,
    5,
    'text',
    [],
    { t: null },
    { t: 5 },
    { t: [] },
    { t: { version: 2, upcast: null } },
  ]) {
    expect(() => define(wrong), JSON.stringify(wrong)).toThrow(expect.objectContaining({ code: 'options-invalid' }))
  }
})

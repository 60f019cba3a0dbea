/** What `open` is told beside the address: known options with values that mean something, and nothing else. */
import { expect, test } from 'vitest'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineEvents, isPerdureError, open, type OpenOptions } from '../../src/index.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { temporaryFolder } from './folders.js'

/** One of each kind that `open` opens; and the folder, which a refusal must not make. */
function everyKind(): { at: Parameters<typeof open>[0]; folder?: string }[] {
  const folder = join(temporaryFolder(), 'log')
  return [{ at: 'memory:' }, { at: 'memory:options' }, { at: `file:${folder}`, folder }, { at: openMemoryBackend() }]
}

async function refusalsOf(options: unknown): Promise<{ option: string; message: string; hint: string }[]> {
  const refusals = []
  for (const { at, folder } of everyKind()) {
    const error = await open(at, options as OpenOptions).catch((failure: unknown) => failure)
    if (!isPerdureError(error) || error.code !== 'options-invalid') throw new Error('not refused', { cause: error })
    if (folder !== undefined) expect(existsSync(folder)).toBe(false)
    refusals.push({ option: error.facts.option, message: error.message, hint: error.hint ?? '' })
  }
  return refusals
}

test.each([
  ['creat', 'create'],
  ['Create', 'create'],
  ['synchead', 'syncHead'],
  ['sync', 'syncHead'],
  ['clok', 'clock'],
  ['randomSource', 'random'],
  ['event', 'events'],
])('open: option %s is refused on every kind of store, and %s is suggested', async (option, meant) => {
  for (const refusal of await refusalsOf({ create: true, [option]: true })) {
    expect(refusal).toMatchObject({ option, hint: `Did you mean ${meant}?` })
    expect(refusal.message).toContain(`"${option}"`)
  }
})

test.each(['segmentBytes', 'platform', 'folder', 'logId', '__proto__x', 'constructor', 'toString'])(
  'open: option %s, which is none, is refused with those that there are',
  async (option) => {
    for (const refusal of await refusalsOf({ create: true, [option]: 1 })) {
      expect(refusal).toMatchObject({
        option,
        hint: 'There are create, clock, random, events, blobs, keys, snapshots, syncHead, as.',
      })
    }
  },
)

test.each([
  ['create', 'yes'],
  ['create', null],
  ['syncHead', 'never'],
  ['syncHead', true],
  ['clock', new Date(0)],
  ['random', 4],
  ['events', { sold: { version: 1 } }],
  ['events', null],
])('open: %s cannot be %s', async (option, value) => {
  for (const refusal of await refusalsOf({ create: true, [option]: value })) {
    expect(refusal.option).toBe(option)
    expect(refusal.message).toContain(`${option} is not `)
  }
})

test('open: options that are no object are refused', async () => {
  for (const options of [null, 'create', 7, [], true]) {
    for (const { option } of await refusalsOf(options)) expect(option).toBe('options')
  }
})

test('open: what is undefined is as if it had not been said', async () => {
  const options = { create: true, clock: undefined, random: undefined, events: undefined, syncHead: undefined }
  for (const { at } of everyKind()) {
    const store = await open(at, options as unknown as OpenOptions)
    await store.append('a', { type: 't', data: 1 })
    await store.close()
  }
})

test('open: every option is taken by every kind of store', async () => {
  // A log that has events was begun with keys or without; roles have tests of their own.
  const options: Required<Omit<OpenOptions, 'keys' | 'as'>> = {
    create: true,
    clock: () => new Date(0),
    random: (bytes) => new Uint8Array(bytes),
    events: defineEvents({ sold: { version: 1 } }),
    syncHead: 'close',
    blobs: 'memory:',
    snapshots: {},
  }
  for (const { at } of everyKind()) await (await open(at, options)).close()
})

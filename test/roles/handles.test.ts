/** Handles: nothing leads from one to more than its role has, and what is recorded through it bears its name. */
import { expect, test } from 'vitest'
import {
  isPerdureError,
  must,
  open,
  openKeyStore,
  type Actor,
  type As,
  type NewEvent,
  type Role,
} from '../../src/index.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { METHODS, ROLES } from '../../src/roles.js'
import { openAs, openWorld } from './calls.js'

const seen: NewEvent = { type: 'seen', data: 1 }

/** What functions inherit, which is the language's own. */
const INTRINSIC: readonly unknown[] = [() => undefined, async () => {}, function* () {}, async function* () {}].map(
  (one) => Object.getPrototypeOf(one) as unknown,
)

test.each(ROLES)('roles: nothing leads from a handle to the store, its parts, or another method: %s', async (role) => {
  const handle = await openAs(await openWorld(), role)
  const named = Object.entries<readonly Role[]>(METHODS).filter(([, roles]) => roles.includes(role)).length
  const reached = new Set<object>([handle])
  for (const object of reached) {
    expect(Object.isFrozen(object)).toBe(true)
    if (typeof object === 'function') {
      expect(INTRINSIC).toContain(Object.getPrototypeOf(object))
      expect(Reflect.ownKeys(object).sort()).toEqual(['length', 'name'])
      continue
    }
    expect(Object.getPrototypeOf(object)).toBeNull()
    for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(object))) {
      expect(descriptor).toHaveProperty('value')
      reached.add(descriptor.value as object)
    }
    const symbols = object === handle ? [Symbol.asyncDispose] : []
    expect(Object.getOwnPropertySymbols(object)).toEqual(symbols)
  }
  expect([...reached].filter((one) => typeof one === 'function')).toHaveLength(named + 1)
  await handle.close()
})

test.each(ROLES)('roles: closing the handle of an %s closes its store, and `await using` does', async (role) => {
  const handle = await open('memory:', { as: { role, id: 'x' } })
  await handle.close()
  await expect(handle.head()).rejects.toMatchObject({ code: 'store-closed' })
  const other = await open('memory:', { as: { role, id: 'x' } })
  await other[Symbol.asyncDispose]()
  await expect(other.head()).rejects.toMatchObject({ code: 'store-closed' })
})

test('roles: a method taken from its handle works as before', async () => {
  const { append, kv } = await open('memory:', { as: { role: 'appender', id: 'x' } })
  const { put, get } = kv
  expect(await append('a', seen)).toMatchObject({ ok: true })
  await put('k', 1)
  expect(await get('k')).toMatchObject({ value: 1 })
})

const OWN = [
  ['operator', 'human'],
  ['appender', 'system'],
  ['agent', 'agent'],
] as const

test.each(OWN)('roles: what an %s appends, commits and decides bears its name, as %s', async (role, kind) => {
  const handle = await open('memory:', { as: { role, id: 'r2' } })
  const projection = { name: 'none', version: 1, initial: 0, on: {}, enrichments: false }
  await handle.append('a', [seen, { ...seen, meta: { correlation: 'c' } }])
  must(
    await handle.commit([
      { stream: 'a', events: seen },
      { stream: 'b', events: [seen] },
    ]),
  )
  must(await handle.decide('a', projection, () => [{ ...seen, meta: { __proto__: null, note: 1 } }]))
  const actor = { kind, id: 'r2' }
  const metas: unknown[] = []
  for await (const { meta } of handle.read()) metas.push(meta)
  expect(metas).toEqual([{ actor }, { correlation: 'c', actor }, { actor }, { actor }, { note: 1, actor }])
  await handle.close()
})

const other: Actor = { kind: 'human', id: 'ann' }

test.each(['operator', 'appender'] as const)('roles: an %s may record in the name of somebody else', async (role) => {
  const handle = await open('memory:', { as: { role, id: 'r2' } })
  await handle.append('a', { ...seen, meta: { actor: other } })
  expect((await handle.event(1))?.meta).toEqual({ actor: other })
  await handle.close()
})

test.each([other, { kind: 'agent', id: 'r3' }, { kind: 'system', id: 'r2' }] as const)(
  'roles: an agent records in its own name only: $kind $id is refused, and nothing is written',
  async (actor) => {
    const handle = await open('memory:', { as: { role: 'agent', id: 'r2' } })
    const forged = { ...seen, meta: { actor } }
    const projection = { name: 'none', version: 1, initial: 0, on: {}, enrichments: false }
    const refusals = [
      handle.append('a', [seen, forged]),
      handle.commit([{ stream: 'a', events: forged }]),
      handle.decide('a', projection, () => [forged]),
    ]
    for (const refusal of refusals) {
      await expect(refusal).rejects.toMatchObject({
        code: 'role-forbidden',
        facts: { role: 'agent', method: 'append' },
        written: 'no',
      })
    }
    expect(await handle.head()).toBe(0)
    await handle.append('a', { ...seen, meta: { actor: { kind: 'agent', id: 'r2' } } })
    expect(await handle.head()).toBe(1)
    await handle.close()
  },
)

test('roles: an agent cannot show one actor to the check and record another', async () => {
  const handle = await open('memory:', { as: { role: 'agent', id: 'r2' } })
  let asked = 0
  const meta = {
    get actor(): Actor {
      return asked++ === 0 ? { kind: 'agent', id: 'r2' } : other
    },
  }
  await handle.append('a', { ...seen, meta })
  expect((await handle.event(1))?.meta).toEqual({ actor: { kind: 'agent', id: 'r2' } })
  await handle.close()
})

test.each([
  ['text', '/meta'],
  [[1], '/meta'],
  [new Map(), '/meta'],
  [{ at: new Date(0) }, '/meta/at'],
  [{ actor: 'ann' }, '/meta/actor'],
  [{ actor: null }, '/meta/actor'],
  [{ actor: { kind: 'robot', id: 'r2' } }, '/meta/actor/kind'],
  [{ actor: { kind: 'agent', id: '' } }, '/meta/actor/id'],
])('roles: meta that is %j is refused at its place, as everywhere', async (meta, pointer) => {
  for (const role of ['operator', 'agent'] as const) {
    const handle = await open('memory:', { as: { role, id: 'r2' } })
    const refused = handle.append('a', { ...seen, meta: meta as never })
    await expect(refused).rejects.toMatchObject({ code: 'event-invalid', facts: { index: 0, pointer }, written: 'no' })
    await handle.close()
  }
})

test('roles: a repeat is one, whoever repeats it', async () => {
  const backend = openMemoryBackend()
  const appender = await open(backend, { as: { role: 'appender', id: 'one' } })
  const agent = await open(backend, { as: { role: 'agent', id: 'two' } })
  await appender.append('a', { ...seen, id: 'i' })
  expect(await agent.append('a', { ...seen, id: 'i' })).toMatchObject({ duplicate: true, first: 1 })
  expect((await agent.event('i'))?.meta).toEqual({ actor: { kind: 'system', id: 'one' } })
})

test('roles: the log says which operator asked for a subject to be forgotten', async () => {
  const world = await openWorld()
  const operator = await openAs(world, 'operator')
  const { request } = await operator.subjects.shred('person:1', { reason: 'asked' })
  const actor = { kind: 'human', id: 'the-operator' }
  expect(await operator.event(request)).toMatchObject({ type: '$shred_requested', meta: { actor } })
  await operator.close()
})

test('roles: whoever opens a log may bring a shred to its end, and is not said to have asked for it', async () => {
  const keys = openKeyStore('memory:')
  const backend = openMemoryBackend()
  const operator = await open(backend, { keys, as: { role: 'operator', id: 'ann' } })
  await operator.append('a', { ...seen, subject: 'person:1' })
  const { read, list, provider, name } = keys
  const down: typeof keys = {
    name,
    provider,
    read: read.bind(keys),
    list: list.bind(keys),
    write: () => Promise.reject(new Error('down')),
    close: () => Promise.resolve(),
  }
  const broken = await open(backend, { keys: down, as: { role: 'operator', id: 'bob' } })
  await expect(broken.subjects.shred('person:1', { reason: 'asked' })).rejects.toThrow()
  const observer = await open(backend, { keys, as: { role: 'observer', id: 'eve' } })
  expect(await observer.subjects.status('person:1')).toBe('shredded')
  const metas: unknown[] = []
  for await (const { type, meta } of observer.read({ stream: '$privacy' })) metas.push([type, meta])
  expect(metas).toEqual([
    ['$shred_requested', { actor: { kind: 'human', id: 'bob' } }],
    ['$shredded', {}],
  ])
})

test.each([
  null,
  'operator',
  {},
  { role: 'operator' },
  { id: 'x' },
  { role: 'admin', id: 'x' },
  { role: 'constructor', id: 'x' },
  { role: ['operator'], id: 'x' },
  { role: 'operator', id: '' },
  { role: 'operator', id: 7 },
  { role: 'operator', id: 'a\nb' },
  { role: 'operator', id: '\ud800' },
  { role: 'operator', id: 'x'.repeat(513) },
  { role: 'operator', id: 'x', more: 1 },
])('open: as cannot be %j', async (as) => {
  const error = await open('memory:', { as: as as As }).catch((failure: unknown) => failure)
  if (!isPerdureError(error) || error.code !== 'options-invalid') throw new Error('not refused', { cause: error })
  expect(error.facts).toEqual({ option: 'as' })
  expect(error.message).toContain('operator, appender, agent, observer')
})

test('open: as cannot be changed while it opens', async () => {
  const as: { role: Role; id: string } = { role: 'observer', id: 'x' }
  const options: { as?: As } = { as }
  const opening = open('memory:', options)
  as.role = 'operator'
  delete options.as
  expect(await opening).not.toHaveProperty('append')
})

/** A key store and the service behind it that are down, hang, lie or answer nonsense: nothing is lost or concluded. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { openMemoryBackend } from '../../../src/backends/memory/backend.js'
import { open, openKeyStore, openObserver, type KeyProvider, type KeyStore, type Store } from '../../../src/index.js'
import { asked } from '../../../src/privacy/asking.js'
import { rotate } from '../../../src/privacy/rotation.js'
import { openPrivacy } from '../../../src/privacy/opening.js'
import { NO_EVENTS } from '../../../src/log/evolution.js'
import { systemRandom } from '../../../src/ids.js'
import { said, texts } from './places.js'

type Operation = 'read' | 'list' | 'write' | 'current' | 'wrap' | 'unwrap'
type Answer = (operation: Operation, right: () => Promise<unknown>, secret: unknown) => Promise<unknown>

const RIGHT: Answer = async (_, right) => await right()

/** A store whose every answer can be made another one; and a count of what was asked. */
class Twisted {
  answer: Answer = RIGHT
  readonly counts = new Map<Operation, number>()
  readonly keys: KeyStore

  constructor(timeoutMs?: number) {
    const right = openKeyStore('memory:')
    const { provider } = right
    const put = async <T>(operation: Operation, question: () => Promise<T>, secret?: unknown): Promise<T> => {
      this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1)
      return (await this.answer(operation, question, secret)) as T
    }
    const twistedProvider: KeyProvider = {
      name: 'service',
      current: () => put('current', () => provider.current()),
      wrap: (master, key, context) => put('wrap', () => provider.wrap(master, key, context), key),
      unwrap: (master, key, context) => put('unwrap', () => provider.unwrap(master, key, context), key),
      renew: async (former) => provider.renew?.(former),
      retire: async (former) => provider.retire?.(former),
    }
    const keys: KeyStore = {
      name: 'far away',
      provider: twistedProvider,
      read: (names) => put('read', () => right.read(names)),
      list: (prefix, page) => put('list', () => right.list(prefix, page)),
      write: (changes) => put('write', () => right.write(changes)),
      close: () => right.close(),
    }
    this.keys = timeoutMs === undefined ? keys : asked(keys, timeoutMs)
  }

  /** Answers so when it is asked for one of these. */
  twist(operations: readonly Operation[], answer: Answer): void {
    this.answer = (operation, right, secret) =>
      operations.includes(operation) ? answer(operation, right, secret) : right()
  }
}

const STORE: readonly Operation[] = ['read', 'list', 'write']
const SERVICE: readonly Operation[] = ['current', 'wrap', 'unwrap']

/** Two people's events, read by a store that has no key in memory. */
async function begin(twisted: Twisted): Promise<Store> {
  const backend = openMemoryBackend()
  const store = await open(backend, { keys: twisted.keys })
  await store.append('talk', [said('ann', 'hello'), said('bob', 'hello')])
  return await open(backend, { keys: twisted.keys })
}

const down: Answer = () => Promise.reject(new Error('connect'))
const late: Answer = () => new Promise(() => undefined)
const nonsense: Answer = async () => 'nonsense'
const nothing: Answer = async () => undefined

test.each([
  ['is down', STORE, down, 'key-unavailable'],
  ['hangs', STORE, late, 'key-timeout'],
  ['answers nonsense', STORE, nonsense, 'key-unavailable'],
  ['answers nothing', STORE, nothing, 'key-unavailable'],
  ['has a service behind it that is down', SERVICE, down, 'key-unavailable'],
  ['has a service behind it that hangs', SERVICE, late, 'key-timeout'],
] as const)(
  'a key store that %s: appends are refused as unwritten, reads say so, and all is well again',
  async (...row) => {
    const [, operations, answer, code] = row
    const twisted = new Twisted(40)
    const store = await begin(twisted)
    const head = await store.head()
    twisted.twist(operations, answer)
    expect(new Set(await texts(store))).toEqual(new Set([...(await known(store)), 'key-unavailable']))
    await expect(store.append('talk', said('cem', 'hello'))).rejects.toMatchObject({ code, written: 'no' })
    const several = ['dan', 'eve', 'fay'].map((name) => store.append('talk', said(name, 'hello')))
    for (const { status } of await Promise.allSettled(several)) expect(status).toBe('rejected')
    expect(await store.head()).toBe(head)
    twisted.answer = RIGHT
    expect(await texts(store)).toEqual(['hello', 'hello'])
    await store.append('talk', said('cem', 'hello'))
    expect(await texts(store)).toEqual(['hello', 'hello', 'hello'])
  },
)

/** Opening has unwrapped one key, to see whether it can be done. */
async function known(store: Store): Promise<readonly string[]> {
  return (await texts(store)).filter((text) => text === 'hello')
}

test('a service that lies: no key but the right one is used, for what is there or for what is new', async () => {
  const lies: readonly Answer[] = [
    async () => new Uint8Array(32),
    async () => new Uint8Array(0),
    async (_, right) => ((await right()) as Uint8Array).map((byte, i) => (i === 31 ? byte ^ 1 : byte)),
    nonsense,
    nothing,
  ]
  const twisted = new Twisted()
  const store = await begin(twisted)
  for (const lie of lies) {
    twisted.twist(['unwrap'], lie)
    await expect(texts(store)).rejects.toMatchObject({ code: 'key-mismatch' })
    const head = await store.head()
    const refused = { code: 'key-mismatch', written: 'no' }
    await expect(store.append('talk', said('cem', 'hello'))).rejects.toMatchObject(refused)
    await expect(store.keys.rotate()).rejects.toMatchObject({
      code: expect.stringMatching(/key-mismatch|unsupported/) as string,
    })
    // Nor is what it wraps into something else taken for the key.
    twisted.twist(['wrap'], lie)
    await expect(store.append('talk', said('dan', 'hello'))).rejects.toMatchObject({ written: 'no' })
    expect(await store.head()).toBe(head)
  }
  twisted.answer = RIGHT
  expect(await texts(store)).toEqual(['hello', 'hello'])
})

test('a service that cannot unwrap what it wraps anew: a rotation stops, and destroys nothing', async () => {
  const { keys: right } = new Twisted()
  const { provider } = right
  const retired: string[] = []
  const keys: KeyStore = {
    ...right,
    provider: {
      ...provider,
      current: async () => 'm-2',
      wrap: async (master, ...given) => (master === 'm-2' ? Buffer.from('lost') : provider.wrap(master, ...given)),
      retire: async (former) => void retired.push(former),
    },
  }
  const backend = openMemoryBackend()
  const store = await open(backend, { keys: right })
  await store.append('talk', said('ann', 'hello'))
  await expect(rotate(keys, backend.logId, {})).rejects.toMatchObject({ code: 'master-key-missing' })
  expect(retired).toEqual([])
  expect(await texts(await open(backend, { keys: right }))).toEqual(['hello'])
})

test('a provider that clears or keeps what it was given does not change the key', async () => {
  const twisted = new Twisted()
  const given: Uint8Array[] = []
  twisted.answer = async (_, right, secret) => {
    const answer = await right()
    if (secret instanceof Uint8Array) given.push(secret)
    if (answer instanceof Uint8Array) given.push(answer)
    return answer
  }
  const store = await begin(twisted)
  expect(await texts(store)).toEqual(['hello', 'hello'])
  for (const bytes of given) bytes.fill(0)
  await store.append('talk', said('ann', 'hello again'))
  twisted.answer = RIGHT
  expect(await texts(store)).toEqual(['hello', 'hello', 'hello again'])
})

test('an outage while a key is made: whoever waited with others is told of the outage, and never of an erasure', async () => {
  const twisted = new Twisted()
  const store = await begin(twisted)
  twisted.twist(['wrap'], async () => {
    await new Promise((resolve) => setImmediate(resolve))
    throw new Error('down')
  })
  const appends = Array.from({ length: 20 }, (_, i) => store.append('talk', said(`new:${i}`, 'hello')))
  for (const outcome of await Promise.allSettled(appends)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'key-unavailable', written: 'no' } })
  }
  expect(await store.head()).toBe(2)
})

test('a write of which nobody knows whether it was done is settled by the next one', async () => {
  const twisted = new Twisted()
  const store = await begin(twisted)
  let isFirst = true
  twisted.twist(['write'], async (_, right) => {
    const answer = await right()
    if (!isFirst) return answer
    isFirst = false
    throw new Error('the connection was lost')
  })
  await store.append('talk', said('cem', 'hello'))
  twisted.answer = RIGHT
  expect(await texts(store)).toEqual(['hello', 'hello', 'hello'])
  expect(await store.keys.status()).toMatchObject({ made: 3 })
})

test('opening with a service that is down or hangs: it opens, and the report says so', async () => {
  for (const [answer, said] of [
    [down, /cannot be had/],
    [late, /has not answered/],
  ] as const) {
    const twisted = new Twisted(40)
    const backend = openMemoryBackend()
    await (await open(backend, { keys: twisted.keys })).append('talk', { id: 'i', type: 't', data: 1 })
    twisted.twist(SERVICE, answer)
    const store = await open(backend, { keys: twisted.keys })
    expect(store.report().steps.find(({ step }) => step === 'keys')?.found).toMatch(said)
    expect(await store.event('i')).toMatchObject({ data: null, unreadable: [{ path: '', why: 'key-unavailable' }] })
    const observer = await openObserver(backend, { keys: twisted.keys })
    twisted.answer = RIGHT
    expect(await observer.event('i')).toMatchObject({ data: 1 })
    expect(await store.event('i')).toMatchObject({ data: 1 })
  }
})

test('opening with a key store that hangs ends, and changes nothing', async () => {
  const twisted = new Twisted()
  twisted.twist(STORE, late)
  const backend = openMemoryBackend()
  const opening = openPrivacy({
    backend,
    keys: twisted.keys,
    defaultKeys: undefined,
    create: true,
    readOnly: false,
    events: NO_EVENTS,
    random: systemRandom,
    timeoutMs: 30,
  })
  await expect(opening).rejects.toMatchObject({ code: 'key-timeout', facts: { store: 'far away', timeoutMs: 30 } })
  expect(await backend.kv.get('$keys')).toBeUndefined()
})

test('errors: what a client hangs on to its error is not shown, and where it failed is', async () => {
  const twisted = new Twisted()
  const store = await begin(twisted)
  const secrets: string[] = []
  twisted.twist(['wrap'], async (_, __, key) => {
    const [hex, base64] = (['hex', 'base64'] as const).map((form) => Buffer.from(key as Uint8Array).toString(form))
    secrets.push(String(hex), String(base64), 'Bearer of-bad-news')
    const request = { body: key, hex, base64, headers: { authorization: 'Bearer of-bad-news' } }
    throw Object.assign(new Error(`cannot POST ${base64}`), {
      code: 'ECONNRESET',
      request,
      cause: new Error(String(hex)),
    })
  })
  const error: unknown = await store.append('talk', said('cem', 'hello')).catch((reason: unknown) => reason)
  const shown = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error) + String((error as Error).stack)
  expect(error).toMatchObject({ code: 'key-unavailable', facts: { store: 'service' } })
  expect(shown).toContain('ECONNRESET')
  expect(shown).toContain('service.test.ts')
  expect(secrets.length).toBeGreaterThan(0)
  for (const secret of secrets) expect(shown).not.toContain(secret.slice(0, 12))
})

test('reading asks the service once for each key, however many events and readers there are', async () => {
  const twisted = new Twisted()
  const backend = openMemoryBackend()
  const store = await open(backend, { keys: twisted.keys })
  const events = Array.from({ length: 600 }, (_, i) => ({ ...said(`person:${i % 7}`, `hello ${i}`) }))
  for (let i = 0; i < events.length; i += 100) await store.append('talk', events.slice(i, i + 100))
  const observer = await openObserver(backend, { keys: twisted.keys })
  twisted.counts.clear()
  await Promise.all(Array.from({ length: 5 }, () => texts(observer)))
  await Promise.all(events.map(({ id }) => observer.event(id as string)))
  // One of the seven was tried at opening.
  expect(twisted.counts.get('unwrap')).toBe(6)
  expect(twisted.counts.get('read')).toBe(6)
})

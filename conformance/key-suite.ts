/** What every key store and what wraps its keys promise, as tests for the runner of your choice. */
import assert from 'node:assert/strict'
import type { KeyChange, KeyStore } from '../src/index.js'
import { failsWith } from './expectations.js'

/** A key store as the suite is handed it. */
export interface KeyStoreUnderTest {
  readonly keys: KeyStore
  /** Another handle to the same store, as another process would have. Left out where there can be none. */
  readonly open?: () => Promise<KeyStore>
  /** Throws away what was kept. */
  readonly dispose?: () => Promise<void>
}

export interface KeyStoreSuiteOptions {
  /** Begins every title. */
  readonly name: string
  /** The runner's own: `test` of vitest, of node:test, … */
  readonly test: (title: string, run: () => Promise<void>) => unknown
  /** A new, empty store for every test. */
  readonly openKeyStore: () => Promise<KeyStoreUnderTest>
  /** Title → why this store does not keep the promise (yet). Fails once the promise is kept: unlist it then. */
  readonly knownGaps?: Readonly<Record<string, string>>
  /** `false`: nobody else can open it, and it is gone with the process. Default true. */
  readonly shared?: boolean
}

type Promises = Readonly<Record<string, (under: KeyStoreUnderTest) => Promise<void>>>

function put(name: string, text: string, expect?: string): KeyChange {
  return { name, expect, text }
}

async function textOf(keys: KeyStore, name: string): Promise<string | undefined> {
  return (await keys.read([name])).get(name)
}

async function namesOf(keys: KeyStore, prefix: string, after = '', limit = 100): Promise<readonly string[]> {
  return (await keys.list(prefix, { after, limit })).map(({ name }) => name)
}

/** In the order of their UTF-8 bytes, which is not that of JavaScript. */
const NAMES = ['A', 'a', 'a/', 'a/1', 'a/10', 'a/2', 'a/%_', 'aé', 'a\uffee', 'a😀', 'b'].toSorted((one, other) =>
  Buffer.compare(Buffer.from(one), Buffer.from(other)),
)

const records: Promises = {
  'read: what was never written is not there, and what was comes back as it is': async ({ keys }) => {
    const text = JSON.stringify({ name: 'Zoë 😀', quote: '"\\\u0000', long: 'x'.repeat(100_000) })
    assert.equal(await keys.write([put('a', text), put('b', '{}')]), true)
    const found = await keys.read(['a', 'b', 'c'])
    assert.deepEqual([...found].toSorted(), [
      ['a', text],
      ['b', '{}'],
    ])
    assert.equal((await keys.read([])).size, 0)
  },
  'write: all changes or none, if one record is not as expected': async ({ keys }) => {
    assert.equal(await keys.write([put('a', '1'), put('b', '1')]), true)
    assert.equal(await keys.write([put('a', '2', '1'), put('b', '2', '0')]), false)
    assert.equal(await keys.write([put('a', '2', '1'), put('c', '2', '0')]), false)
    assert.equal(await keys.write([put('c', '2'), put('a', '2')]), false)
    assert.equal(await keys.write([put('c', '2'), { name: 'b', expect: '2', text: undefined }]), false)
    assert.deepEqual([...(await keys.read(['a', 'b', 'c']))].toSorted(), [
      ['a', '1'],
      ['b', '1'],
    ])
  },
  'write: replaces, removes and makes again what is as expected': async ({ keys }) => {
    await keys.write([put('a', '1')])
    assert.equal(await keys.write([put('a', '1', '1'), put('b', '1')]), true)
    assert.equal(await keys.write([put('a', '2', '1'), { name: 'b', expect: '1', text: undefined }]), true)
    assert.deepEqual([...(await keys.read(['a', 'b']))], [['a', '2']])
    assert.equal(await keys.write([put('b', '3')]), true)
    assert.equal(await keys.write([{ name: 'c', expect: undefined, text: undefined }]), true)
    assert.deepEqual(await namesOf(keys, ''), ['a', 'b'])
  },
  'write: of many who expect the same, one is first': async ({ keys }) => {
    await keys.write([put('a', '0')])
    const written = await Promise.all(Array.from({ length: 20 }, (_, i) => keys.write([put('a', `by ${i}`, '0')])))
    assert.equal(written.filter(Boolean).length, 1)
    assert.equal(await textOf(keys, 'a'), `by ${written.indexOf(true)}`)
  },
  'list: names that begin with the prefix, in the order of their UTF-8 bytes, page by page': async ({ keys }) => {
    await keys.write(NAMES.toReversed().map((name) => put(name, JSON.stringify({ name }))))
    assert.deepEqual(await namesOf(keys, ''), NAMES)
    assert.deepEqual(
      await namesOf(keys, 'a/'),
      NAMES.filter((name) => name.startsWith('a/')),
    )
    assert.deepEqual(await namesOf(keys, 'a', 'a/10', 2), ['a/2', 'aé'])
    assert.deepEqual(await namesOf(keys, 'a', 'a😀'), [])
    assert.deepEqual(await namesOf(keys, 'nobody'), [])
    assert.deepEqual(await keys.list('b', { after: '', limit: 5 }), [{ name: 'b', text: '{"name":"b"}' }])
  },
  'close: may be called again': async ({ keys }) => {
    await keys.close()
    await keys.close()
  },
}

const sharing: Promises = {
  'opening again: what was written is there, and what was removed is not': async ({ keys, open }) => {
    assert.ok(open, 'a store that outlives its handle comes with a way to open it again')
    await keys.write([put('a', '1'), put('b', '1')])
    await keys.write([{ name: 'b', expect: '1', text: undefined }])
    await keys.close()
    const again = await open()
    try {
      assert.deepEqual([...(await again.read(['a', 'b']))], [['a', '1']])
      const master = await again.provider.current()
      assert.equal(master, await again.provider.current())
    } finally {
      await again.close()
    }
  },
  'two handles: each sees at once what the other wrote, and expects it': async ({ keys, open }) => {
    assert.ok(open, 'a shared store comes with a way to open it again')
    const other = await open()
    try {
      for (let i = 1; i <= 20; i++) {
        const [writer, reader] = i % 2 === 0 ? [keys, other] : [other, keys]
        assert.equal(await writer.write([put('a', String(i), i === 1 ? undefined : String(i - 1))]), true)
        assert.equal(await textOf(reader, 'a'), String(i))
        assert.equal(await reader.write([put('a', 'late', String(i - 1))]), false)
      }
    } finally {
      await other.close()
    }
  },
  'two handles: a key wrapped through one is unwrapped through the other': async ({ keys, open }) => {
    assert.ok(open, 'a shared store comes with a way to open it again')
    const other = await open()
    try {
      const master = await keys.provider.current()
      const wrapped = await keys.provider.wrap(master, KEY, 'c')
      assert.deepEqual(Buffer.from(await other.provider.unwrap(master, wrapped, 'c')), KEY)
    } finally {
      await other.close()
    }
  },
}

const KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7))

const wrapping: Promises = {
  'wrap and unwrap: the key comes back, and cannot be seen in what it was wrapped as': async ({
    keys: { provider },
  }) => {
    const master = await provider.current()
    const wrapped = Buffer.from(await provider.wrap(master, Uint8Array.from(KEY), 'what for'))
    assert.equal(wrapped.includes(KEY.subarray(0, 8)), false)
    assert.deepEqual(Buffer.from(await provider.unwrap(master, Uint8Array.from(wrapped), 'what for')), KEY)
    assert.notDeepEqual(Buffer.from(await provider.wrap(master, Uint8Array.from(KEY), 'what for')), wrapped)
  },
  'unwrap: as something else, or when a byte was changed, it fails': async ({ keys: { provider } }) => {
    const master = await provider.current()
    const wrapped = await provider.wrap(master, Uint8Array.from(KEY), 'what for')
    await assert.rejects(provider.unwrap(master, wrapped, 'what else'))
    for (let i = 0; i < wrapped.length; i++) {
      const changed = wrapped.map((byte, at) => (at === i ? byte ^ 1 : byte))
      await assert.rejects(provider.unwrap(master, changed, 'what for'), `byte ${i} of ${wrapped.length}`)
    }
  },
  'a master key that is not there is missed by its name': async ({ keys: { provider } }) => {
    const wrapped = await provider.wrap(await provider.current(), Uint8Array.from(KEY), 'what for')
    await failsWith('master-key-missing', provider.unwrap('m-nobody', wrapped, 'what for'), { master: 'm-nobody' })
    await failsWith('master-key-missing', provider.wrap('m-nobody', Uint8Array.from(KEY), 'what for'))
  },
  'renew and retire: done again they do nothing more, and only what was retired is gone': async ({ keys }) => {
    const { provider } = keys
    if (provider.renew === undefined || provider.retire === undefined) return
    const former = await provider.current()
    const wrapped = await provider.wrap(former, Uint8Array.from(KEY), 'c')
    await provider.renew(former)
    const current = await provider.current()
    // Renewed elsewhere, where the environment gives it.
    if (current === former) return
    await provider.renew(former)
    assert.equal(await provider.current(), current)
    assert.deepEqual(Buffer.from(await provider.unwrap(former, wrapped, 'c')), KEY)
    for (let i = 0; i < 2; i++) await provider.retire(former)
    await failsWith('master-key-missing', provider.unwrap(former, wrapped, 'c'), { master: former })
    assert.equal(await provider.current(), current)
  },
}

/** Registers a test for each promise, and answers with their titles. */
export function testKeyStore(options: KeyStoreSuiteOptions): readonly string[] {
  const { name, test, openKeyStore, knownGaps = {}, shared = true } = options
  const all = { ...records, ...wrapping, ...(shared ? sharing : {}) }
  for (const gap of Object.keys(knownGaps)) {
    assert.ok(gap in all, `${name}: known gap names no promise: ${gap}`)
  }
  for (const [title, promise] of Object.entries(all)) {
    test(`${name}: ${title}`, async () => {
      const under = await openKeyStore()
      const reason = knownGaps[title]
      try {
        if (reason === undefined) await promise(under)
        else await assert.rejects(promise(under), `the gap is closed, unlist it (it was: ${reason})`)
      } finally {
        await under.keys.close()
        await under.dispose?.()
      }
    })
  }
  return Object.keys(all)
}

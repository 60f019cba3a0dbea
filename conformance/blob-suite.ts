/** What every blob store promises, as tests for the runner of your choice. */
import assert from 'node:assert/strict'
import type { BlobStore } from '../src/index.js'
import { failsWith } from './expectations.js'

/** A blob store as the suite is handed it. */
export interface BlobStoreUnderTest {
  readonly blobs: BlobStore
  /** Opens the same store again; called after `close`, if there is one. Left out where nothing outlives it. */
  readonly reopen?: () => Promise<BlobStore>
  /** Changes one byte of what is kept under this CID, behind the store's back. Left out where that cannot be done. */
  readonly damage?: (cid: string) => Promise<void>
  /** Throws away what was kept. */
  readonly dispose?: () => Promise<void>
}

export interface BlobStoreSuiteOptions {
  /** Begins every title. */
  readonly name: string
  /** The runner's own: `test` of vitest, of node:test, … */
  readonly test: (title: string, run: () => Promise<void>) => unknown
  /** A new, empty store for every test. */
  readonly openBlobStore: () => Promise<BlobStoreUnderTest>
  /** Title → why this store does not keep the promise (yet). Fails once the promise is kept: unlist it then. */
  readonly knownGaps?: Readonly<Record<string, string>>
  /** `false`: nothing outlives the process. Default true. */
  readonly durable?: boolean
  /** `false`: there is no way to damage a blob. Default true. */
  readonly damageable?: boolean
}

type Promises = Readonly<Record<string, (under: BlobStoreUnderTest) => Promise<void>>>

const HELLO = Buffer.from('hello world')
const HELLO_CID = 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
const EMPTY_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

/** Bytes that differ with their number and their seed. */
function bytesOf(size: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 0xff)
}

const promises: Promises = {
  'put: the CID is version 1, raw, sha2-256, in base32': async ({ blobs }) => {
    assert.equal(await blobs.put(HELLO), HELLO_CID)
    assert.equal(await blobs.put(new Uint8Array(0)), EMPTY_CID)
  },
  'get: what was put comes back byte for byte, whatever its size': async ({ blobs }) => {
    for (const size of [0, 1, 511, 512, 513, 65_536, 1_048_576, 1_048_577]) {
      const cid = await blobs.put(bytesOf(size))
      assert.deepEqual(await blobs.get(cid).then(hexOf), hexOf(bytesOf(size)), `${size} bytes`)
      assert.equal(await blobs.has(cid), true)
    }
  },
  'get and has: what was never put is not there': async ({ blobs }) => {
    assert.equal(await blobs.get(HELLO_CID), undefined)
    assert.equal(await blobs.has(HELLO_CID), false)
    await blobs.put(bytesOf(10))
    assert.equal(await blobs.get(HELLO_CID), undefined)
  },
  'put: the same bytes, again and at the same time, have one CID': async ({ blobs }) => {
    const cids = await Promise.all(Array.from({ length: 10 }, () => blobs.put(bytesOf(100_000))))
    cids.push(await blobs.put(bytesOf(100_000)))
    assert.equal(new Set(cids).size, 1)
    assert.equal(hexOf(await blobs.get(cids[0] as string)), hexOf(bytesOf(100_000)))
  },
  'put: different blobs at the same time do not meet': async ({ blobs }) => {
    const all = Array.from({ length: 20 }, (_, i) => bytesOf(5000, i))
    const cids = await Promise.all(all.map((bytes) => blobs.put(bytes)))
    assert.equal(new Set(cids).size, 20)
    for (const [i, cid] of cids.entries()) assert.equal(hexOf(await blobs.get(cid)), hexOf(all[i]))
  },
  'put: of a view into larger memory, only the view is kept': async ({ blobs }) => {
    const memory = bytesOf(100)
    const cid = await blobs.put(memory.subarray(10, 20))
    assert.equal(hexOf(await blobs.get(cid)), hexOf(memory.slice(10, 20)))
  },
  'put and get: what the caller does with the bytes afterwards changes nothing': async ({ blobs }) => {
    const bytes = bytesOf(1000)
    const cid = await blobs.put(bytes)
    bytes.fill(0)
    const got = await blobs.get(cid)
    assert.equal(hexOf(got), hexOf(bytesOf(1000)))
    got?.fill(0)
    assert.equal(hexOf(await blobs.get(cid)), hexOf(bytesOf(1000)))
  },
}

const durablePromises: Promises = {
  'opening again: what was acknowledged is there': async ({ blobs, reopen }) => {
    assert.ok(reopen, 'a durable store comes with a way to open it again')
    const cids = [await blobs.put(bytesOf(10)), await blobs.put(bytesOf(200_000))]
    await blobs.close?.()
    const again = await reopen()
    try {
      assert.equal(hexOf(await again.get(cids[0] as string)), hexOf(bytesOf(10)))
      assert.equal(hexOf(await again.get(cids[1] as string)), hexOf(bytesOf(200_000)))
      assert.equal(await again.put(bytesOf(10)), cids[0])
    } finally {
      await again.close?.()
    }
  },
}

const damagePromises: Promises = {
  'get: bytes that are not those of the CID are refused as blob-corrupt': async ({ blobs, damage }) => {
    assert.ok(damage, 'a store that can be damaged comes with a way to do it')
    const cid = await blobs.put(bytesOf(3000))
    await damage(cid)
    await failsWith('blob-corrupt', blobs.get(cid), { cid })
  },
  'put: the right bytes heal a damaged blob': async ({ blobs, damage }) => {
    assert.ok(damage, 'a store that can be damaged comes with a way to do it')
    const cid = await blobs.put(bytesOf(3000))
    await damage(cid)
    assert.equal(await blobs.put(bytesOf(3000)), cid)
    assert.equal(hexOf(await blobs.get(cid)), hexOf(bytesOf(3000)))
  },
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex')
}

/** Registers a test for each promise, and answers with their titles. */
export function testBlobStore(options: BlobStoreSuiteOptions): readonly string[] {
  const { name, test, openBlobStore, knownGaps = {}, durable = true, damageable = true } = options
  const all = { ...promises, ...(durable ? durablePromises : {}), ...(damageable ? damagePromises : {}) }
  for (const gap of Object.keys(knownGaps)) {
    assert.ok(gap in all, `${name}: known gap names no promise: ${gap}`)
  }
  for (const [title, promise] of Object.entries(all)) {
    test(`${name}: ${title}`, async () => {
      const under = await openBlobStore()
      const reason = knownGaps[title]
      try {
        if (reason === undefined) await promise(under)
        else await assert.rejects(promise(under), `the gap is closed, unlist it (it was: ${reason})`)
      } finally {
        await under.blobs.close?.()
        await under.dispose?.()
      }
    })
  }
  return Object.keys(all)
}

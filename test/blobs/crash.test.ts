// A folder of blobs on the simulated disk: the power fails at every call, and the process dies at every call.
import { expect, test } from 'vitest'
import type { Files } from '../../src/files/platform.js'
import { cidOf } from '../../src/blobs/cid.js'
import { FolderBlobs } from '../../src/blobs/folder-blobs.js'
import { isPerdureError } from '../../src/index.js'
import { SimulatedDisk } from '../../testing/simulated-disk.js'
import { KEEP_ALL, LOSE_ALL, randomVariant, type CrashVariant } from '../../testing/simulation/crash.js'
import type { DiskImage } from '../../testing/simulation/image.js'
import { Random } from '../../testing/simulation/random.js'

const FOLDER = '/data/app/blobs'
const BLOBS = [700, 1, 5000, 0].map((size, seed) => new Random(seed + 1).bytes(size))
const PUTS = [0, 1, 0, 2, 3, 1].map((index) => BLOBS[index] as Uint8Array)

type Wrap = (files: Files) => Files
const asIs: Wrap = (files) => files

function blobsOn(disk: SimulatedDisk, wrap: Wrap = asIs): FolderBlobs {
  return new FolderBlobs({ folder: FOLDER, files: wrap(disk.files), random: disk.random })
}

/** Puts one after the other until the disk fails; answers with what was acknowledged. */
async function putAll(disk: SimulatedDisk, wrap: Wrap = asIs): Promise<Set<string>> {
  const blobs = blobsOn(disk, wrap)
  const acknowledged = new Set<string>()
  try {
    for (const bytes of PUTS) acknowledged.add(await blobs.put(bytes))
  } catch {
    // The crash, or the fault that was planned.
  }
  return acknowledged
}

/** Every blob is whole or absent; one that was acknowledged is whole. Returns what is wrong. */
async function wrongOn(image: DiskImage, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const disk = new SimulatedDisk({ image })
  const blobs = blobsOn(disk)
  const wrong: string[] = []
  for (const bytes of BLOBS) {
    const cid = cidOf(bytes)
    const got = await blobs.get(cid).catch((error: unknown) => error)
    if (got instanceof Error) wrong.push(`${cid}: ${got.message}`)
    if (got === undefined && acknowledged.has(cid)) wrong.push(`${cid}: acknowledged and gone`)
  }
  return wrong
}

async function callsOfAll(): Promise<number> {
  const disk = new SimulatedDisk()
  expect((await putAll(disk)).size).toBe(4)
  return disk.calls
}

function variantsOf(disk: SimulatedDisk, seed: number): CrashVariant[] {
  const random = new Random(seed)
  const drawn = Array.from({ length: 6 }, () => randomVariant(disk.volume.pending, random))
  return [LOSE_ALL, KEEP_ALL, ...drawn]
}

/** Sweeps the power failure over every call. Stops at the first thing that is wrong. */
async function sweep(wrap: Wrap = asIs): Promise<string | undefined> {
  const calls = await callsOfAll()
  for (let nth = 1; nth <= calls + 1; nth++) {
    for (const kind of ['crash-before', 'crash-after'] as const) {
      const disk = new SimulatedDisk({ seed: nth })
      disk.plan({ nth, effect: { kind } })
      const acknowledged = await putAll(disk, wrap)
      for (const [index, variant] of variantsOf(disk, nth).entries()) {
        const wrong = await wrongOn(disk.crash(variant), acknowledged)
        if (wrong.length > 0) return `${kind} call ${nth}, variant ${index}: ${wrong.join(', ')}`
      }
    }
  }
  return undefined
}

test('a power failure at any call: each blob is whole or absent, and an acknowledged one is there', async () => {
  expect(await sweep()).toBeUndefined()
})

test('the sweep finds a store that does not sync the bytes, and one that does not sync names', async () => {
  const unsyncedBytes: Wrap = (files) => ({
    ...within(files),
    open: (path, mode) => {
      const file = files.open(path, mode)
      return { ...within(file), sync: async () => undefined }
    },
  })
  const unsyncedNames: Wrap = (files) => ({ ...within(files), syncFolder: () => undefined })
  const unrenamed: Wrap = (files) => ({
    ...within(files),
    open: (path, mode) => files.open(path.replace(/\.[0-9a-f]+\.new$/, ''), mode),
    rename: () => undefined,
  })
  for (const wrap of [unsyncedBytes, unsyncedNames, unrenamed]) expect(await sweep(wrap)).toBeDefined()
})

/** The methods of an object, wherever they are defined, as functions of a plain one. */
function within<T extends object>(object: T): T {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object)) as (keyof T)[]
  const bound = names.map((name) => {
    const method = object[name]
    return [name, typeof method === 'function' ? (method.bind(object) as unknown) : method] as const
  })
  return Object.fromEntries(bound) as T
}

test('a process killed at any call: whoever comes next puts the same blobs, and they survive a power failure', async () => {
  const calls = await callsOfAll()
  for (let nth = 1; nth <= calls; nth++) {
    const first = new SimulatedDisk({ seed: nth })
    first.plan({ nth, effect: { kind: 'crash-after' } })
    await putAll(first)
    const second = new SimulatedDisk({ volume: first.kill(), seed: nth + 1000 })
    const acknowledged = await putAll(second)
    expect(acknowledged.size, `call ${nth}`).toBe(4)
    const image = second.crash(LOSE_ALL)
    expect(await wrongOn(image, acknowledged), `call ${nth}`).toEqual([])
  }
})

test('leftovers of a killed process harm nothing, and the next put of that blob takes them away', async () => {
  const bytes = BLOBS[2] as Uint8Array
  const disk = new SimulatedDisk()
  disk.plan({ nth: 1, on: 'rename', effect: { kind: 'crash-before' } })
  await expect(blobsOn(disk).put(bytes)).rejects.toThrow()
  const leftover = (image: DiskImage): string[] => [...image.files.keys()].filter((path) => path.endsWith('.new'))
  expect(leftover(disk.view())).toHaveLength(1)
  const next = new SimulatedDisk({ volume: disk.kill(), seed: 2 })
  expect(await blobsOn(next).has(cidOf(bytes))).toBe(false)
  await blobsOn(next).put(bytes)
  expect(leftover(next.view())).toEqual([])
})

test('a disk that fails at any call: the put says so, with nothing half done, and what it acknowledges is kept', async () => {
  const calls = await callsOfAll()
  const effects = [{ kind: 'fail' }, { kind: 'no-space', bytes: 100 }, { kind: 'short', bytes: 3 }] as const
  for (const effect of effects) {
    for (let nth = 1; nth <= calls; nth++) {
      const disk = new SimulatedDisk({ seed: nth })
      disk.plan({ nth, effect })
      const blobs = blobsOn(disk)
      const acknowledged = new Set<string>()
      for (const bytes of PUTS) {
        const answer = await blobs.put(bytes).catch((error: unknown) => error)
        if (typeof answer === 'string') acknowledged.add(answer)
        else expect(isPerdureError(answer) && answer.written, `${effect.kind} at ${nth}`).toMatch(/^(no|unknown)$/)
      }
      expect(await wrongOn(disk.crash(LOSE_ALL), acknowledged), `${effect.kind} at ${nth}`).toEqual([])
    }
  }
})

test('after a failed sync nothing is acknowledged until the store is opened again', async () => {
  const disk = new SimulatedDisk()
  const blobs = blobsOn(disk)
  disk.plan({ nth: 1, on: 'sync', effect: { kind: 'fail' } })
  await expect(blobs.put(BLOBS[0] as Uint8Array)).rejects.toMatchObject({ code: 'sync-failed', written: 'no' })
  await expect(blobs.put(BLOBS[1] as Uint8Array)).rejects.toMatchObject({ code: 'sync-failed' })
  await expect(blobsOn(disk).put(BLOBS[1] as Uint8Array)).resolves.toBe(cidOf(BLOBS[1] as Uint8Array))
})

test('a full disk is disk-full with nothing written, and once there is room the same put succeeds', async () => {
  const disk = new SimulatedDisk()
  const blobs = blobsOn(disk)
  disk.plan({ nth: 1, on: 'write', effect: { kind: 'no-space', bytes: 0 }, forever: true })
  await expect(blobs.put(BLOBS[2] as Uint8Array)).rejects.toMatchObject({ code: 'disk-full', written: 'no' })
  disk.clearFaults()
  expect([...disk.view().files.keys()]).toEqual([])
  expect(await blobs.put(BLOBS[2] as Uint8Array)).toBe(cidOf(BLOBS[2] as Uint8Array))
})

test('put: what is there is not written again', async () => {
  const kinds: string[] = []
  const disk = new SimulatedDisk({ observe: (kind) => kinds.push(kind) })
  await blobsOn(disk).put(BLOBS[2] as Uint8Array)
  kinds.length = 0
  await blobsOn(disk).put(BLOBS[2] as Uint8Array)
  expect(kinds).not.toContain('write')
  expect(kinds).not.toContain('create')
})

test('put: two processes with the same blob at the same time both succeed, whoever removes whose file', async () => {
  const bytes = BLOBS[2] as Uint8Array
  const one = new SimulatedDisk({ seed: 1 })
  const other = new SimulatedDisk({ volume: one.volume, seed: 2 })
  const stores = [blobsOn(one), blobsOn(other), blobsOn(one), blobsOn(other)]
  const cids = await Promise.all(stores.map((store) => store.put(bytes)))
  expect(new Set(cids)).toEqual(new Set([cidOf(bytes)]))
  expect(await wrongOn(one.crash(LOSE_ALL), new Set(cids))).toEqual([])
})

/** Current values that are gone altogether: the head of the log says that there were some. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { openFileObserver } from '../../src/backends/file/observer.js'
import { repairFolder } from '../../src/backends/file/repair.js'
import { examineFolder } from '../../src/cli/doctor/folder.js'
import { open } from '../../src/index.js'
import { SimulatedDisk } from '../../testing/simulated-disk.js'
import { damageImage } from '../../testing/simulation/image.js'
import { scriptedImage } from '../../testing/simulation/power.js'
import { temporaryFolder } from './folders.js'

const GONE = { code: 'head-missing', hint: expect.stringContaining('Restore the folder kv') as string }

/** A copy of the folder as it is now, without its values. */
function withoutValues(folder: string): string {
  const copy = join(temporaryFolder(), 'log')
  cpSync(folder, copy, { recursive: true })
  rmSync(join(copy, 'kv'), { recursive: true })
  return copy
}

async function expectRefused(folder: string): Promise<void> {
  await expect(openFileBackend({ folder })).rejects.toMatchObject(GONE)
  await expect(openFileObserver({ folder })).rejects.toMatchObject(GONE)
  expect(examineFolder(folder).findings).toContainEqual(expect.objectContaining({ level: 'problem', ...GONE }))
}

test('values: all of them deleted is refused by writer and observer, and named by verify and the doctor, from the first put on', async () => {
  const folder = join(temporaryFolder(), 'log')
  const backend = await openFileBackend({ folder, create: true, segmentBytes: 500 })
  const store = await open(backend)
  await store.append('s', { type: 't', data: 1 })
  await (await openFileObserver({ folder })).close()
  await store.kv.put('a', 1)
  const copies = [withoutValues(folder)]
  for (let i = 1; i <= 10; i++) await store.append('s', { type: 't', data: 'x'.repeat(100) })
  copies.push(withoutValues(folder))
  rmSync(join(folder, 'kv'), { recursive: true })
  expect((await store.verify()).findings.map(({ code }) => code)).toEqual(['head-missing'])
  const observer = await openFileObserver({ folder }).catch((error: unknown) => error)
  expect(observer).toMatchObject(GONE)
  await store.close()
  for (const copy of [...copies, folder]) await expectRefused(copy)
})

test('values: a repair goes on without those that are gone, and puts begin anew', async () => {
  const folder = join(temporaryFolder(), 'log')
  await using store = await open(await openFileBackend({ folder, create: true }))
  await store.kv.put('a', 1)
  const copy = withoutValues(folder)
  expect(repairFolder(copy)).toMatchObject({ headMade: true })
  expect(repairFolder(copy)).toMatchObject({ headMade: false })
  await using repaired = await open(`file:${copy}`)
  expect(await repaired.kv.get('a')).toBeUndefined()
  expect((await repaired.verify()).findings).toEqual([])
  expect(await repaired.kv.put('a', 2)).toEqual({ ok: true, revision: 1 })
  await expectRefused(withoutValues(copy))
})

test('values: that there are some is durable before the first put is acknowledged', async () => {
  const disk = new SimulatedDisk()
  const backend = await openFileBackend({ folder: '/store', create: true, platform: disk, syncHead: 'close' })
  await backend.kv.put('a', '{"value":1}', 'any')
  const image = scriptedImage(disk, { do: 'power', leaves: 'lose' })
  const sound = await openFileBackend({ folder: '/store', platform: new SimulatedDisk({ image }) })
  expect(await sound.kv.get('a')).toMatchObject({ revision: 1 })
  const platform = new SimulatedDisk({ image: damageImage(image, { kind: 'delete', path: '/store/kv' }) })
  await expect(openFileBackend({ folder: '/store', platform })).rejects.toMatchObject(GONE)
})

test('values: while the log takes no writes a first put is refused, and later ones are not', async () => {
  for (const isFirst of [true, false]) {
    const disk = new SimulatedDisk()
    const backend = await openFileBackend({ folder: '/store', create: true, platform: disk })
    if (!isFirst) await backend.kv.put('a', '{"value":1}', 'any')
    disk.plan({ effect: { kind: 'fail' }, on: 'sync', path: '/segments/', nth: 1 })
    await expect(backend.adopt([lineOf(1)])).rejects.toThrow()
    const put = backend.kv.put('b', '{"value":2}', 'any')
    if (isFirst) await expect(put).rejects.toMatchObject({ code: 'backend-failed', written: 'no' })
    else expect(await put).toEqual({ kind: 'written', revision: 2 })
    await backend.close()
  }
})

function lineOf(position: number): string {
  return `{"position":${position},"stream":"s","revision":${position},"id":"e${position}","type":"t","time":"2026-01-01T00:00:00.000Z","data":1}`
}

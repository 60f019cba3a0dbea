/** Damage to current values and snapshots in a real folder, of the kinds that the simulation does not build. */
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { repairFolder } from '../../src/backends/file/repair.js'
import type { Backend } from '../../src/backends/protocol.js'
import { filesOf, temporaryFolder } from './folders.js'

const openSmall = (folder: string): Promise<Backend> =>
  openFileBackend({ folder, create: true, kvCompactionBytes: 800 })

/** Values that have been compacted, and the folder of before that. */
async function compacted(): Promise<{ folder: string; before: string }> {
  const [folder, before] = [join(temporaryFolder(), 'log'), temporaryFolder()]
  let backend = await openSmall(folder)
  await backend.kv.put('a', '{"value":0}', 'any')
  await backend.close()
  for (const name of readdirSync(join(folder, 'kv'))) copyFileSync(join(folder, 'kv', name), join(before, name))
  backend = await openSmall(folder)
  for (let i = 1; i <= 20; i++) await backend.kv.put('a', `{"value":"${'x'.repeat(60)}"}`, 'any')
  await backend.close()
  expect(readdirSync(join(folder, 'kv'))).not.toContain('0000000000000001.ndjson')
  return { folder, before }
}

test('values: an old copy of their head is refused, and no newer file is removed', async () => {
  const { folder, before } = await compacted()
  for (const names of [['head'], ['head', '0000000000000001.ndjson']]) {
    for (const name of names) copyFileSync(join(before, name), join(folder, 'kv', name))
    const found = filesOf(folder)
    await expect(openSmall(folder)).rejects.toMatchObject({ code: 'kv-corrupt' })
    const after = filesOf(folder)
    for (const files of [found, after]) files.delete('lock')
    expect(after).toEqual(found)
  }
})

test('values: a head that is lost or unreadable is made anew by a repair, and every value is there', async () => {
  for (const lose of [
    (head: string) => rmSync(head),
    (head: string) => writeFileSync(head, 'x'.repeat(5000)),
    (head: string) => writeFileSync(head, ''),
  ]) {
    const { folder } = await compacted()
    lose(join(folder, 'kv/head'))
    await expect(openSmall(folder)).rejects.toMatchObject({
      code: expect.stringMatching(/head-missing|kv-corrupt/) as string,
      hint: expect.stringContaining('--accept-tail') as string,
    })
    expect(repairFolder(folder)).toMatchObject({ headMade: true })
    const backend = await openSmall(folder)
    expect(await backend.kv.get('a')).toMatchObject({ revision: 21 })
    expect(await backend.kv.put('a', undefined, 21)).toEqual({ kind: 'written', revision: 22 })
    await backend.close()
  }
})

test('values: those of another log are refused', async () => {
  const [one, other] = [await compacted(), await compacted()]
  rmSync(join(one.folder, 'kv'), { recursive: true })
  renameSync(join(other.folder, 'kv'), join(one.folder, 'kv'))
  await expect(openSmall(one.folder)).rejects.toMatchObject({ code: 'kv-corrupt' })
})

test('snapshots: any one byte changed is found, wherever it stands', async () => {
  const folder = join(temporaryFolder(), 'log')
  const backend = await openSmall(folder)
  const place = { key: '{"name":"n"}', position: 3 }
  await backend.snapshots.put(place, '{"state":1}')
  const [name = ''] = readdirSync(join(folder, 'snapshots'))
  const path = join(folder, 'snapshots', name, '0000000000000003.json')
  const sound = readFileSync(path)
  for (let offset = 0; offset < sound.length; offset++) {
    for (const bit of [1, 2, 32]) {
      const damaged = Buffer.from(sound)
      damaged[offset] = (damaged[offset] ?? 0) ^ bit
      writeFileSync(path, damaged)
      await expect(backend.snapshots.read(place), `bit ${bit} at ${offset}`).rejects.toMatchObject({
        code: 'snapshot-malformed',
      })
      expect(await backend.snapshots.list()).toHaveLength(1)
    }
  }
  expect((await backend.verify()).findings.map(({ code }) => code)).toEqual(['snapshot-malformed'])
  await backend.close()
})

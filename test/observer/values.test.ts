/** An observer's current values: right at every look, and read on from where it was. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { openFileObserver } from '../../src/backends/file/observer.js'
import { nodePlatform } from '../../src/files/node-platform.js'
import type { File, Platform } from '../../src/files/platform.js'
import { seededRandom } from '../../testing/seeded-random.js'
import { temporaryFolder } from '../store/folders.js'

const ALL = { after: '', limit: 1000, maxBytes: Infinity }

test('observer: values are those of the writer at every look, whatever is put, deleted and compacted between two', async () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  const random = seededRandom(seed)
  const folder = join(temporaryFolder(), 'log')
  const writer = await openFileBackend({ folder, create: true, kvCompactionBytes: 2000 })
  const observer = await openFileObserver({ folder })
  for (let look = 0; look < 150; look++) {
    const puts = Array.from({ length: random.integer(12) }, (_, i) => {
      const text = random.chance(0.3) ? undefined : `{"value":"${'x'.repeat(random.integer(80))}${i}"}`
      return writer.kv.put(`k${random.integer(9)}`, text, 'any')
    })
    await Promise.all(puts)
    expect(await observer.kv.list('', ALL), `seed ${seed}, look ${look}`).toEqual(await writer.kv.list('', ALL))
    const key = `k${random.integer(9)}`
    expect(await observer.kv.get(key), `seed ${seed}, look ${look}`).toEqual(await writer.kv.get(key))
  }
  await observer.close()
  await writer.close()
})

test('observer: after a put only what is new of the values is read', async () => {
  const folder = join(temporaryFolder(), 'log')
  const writer = await openFileBackend({ folder, create: true })
  const watched = countingPlatform('kv/0')
  const observer = await openFileObserver({ folder, platform: watched.platform })
  for (let i = 0; i < 200; i++) await writer.kv.put(`k${i}`, `{"value":"${'x'.repeat(100)}"}`, 'any')
  await observer.kv.get('k1')
  const [whole] = watched.takeReads()
  expect(whole).toBeGreaterThan(20_000)
  for (let i = 0; i < 5; i++) {
    await writer.kv.put('k7', `{"value":${i}}`, 'any')
    expect(await observer.kv.get('k7')).toMatchObject({ text: `{"value":${i}}` })
    expect(Math.max(...watched.takeReads())).toBeLessThan(500)
  }
  await observer.close()
  await writer.close()
})

/** The real platform, with the sizes of what is read from files whose paths contain this. */
function countingPlatform(path: string): { platform: Platform; takeReads: () => number[] } {
  const reads: number[] = []
  const { files } = nodePlatform
  const counting = (file: File): File => ({
    size: () => file.size(),
    read: (into, length, at) => {
      const read = file.read(into, length, at)
      reads.push(read)
      return read
    },
    write: (bytes, at) => file.write(bytes, at),
    sync: () => file.sync(),
    syncNow: () => {
      file.syncNow()
    },
    truncate: (size) => {
      file.truncate(size)
    },
    close: () => {
      file.close()
    },
  })
  const watched: Platform['files'] = {
    ...files,
    open: (name, mode) => (name.includes(path) ? counting(files.open(name, mode)) : files.open(name, mode)),
  }
  return { platform: { ...nodePlatform, files: watched }, takeReads: () => reads.splice(0) }
}

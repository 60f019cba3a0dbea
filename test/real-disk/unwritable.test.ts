/** A folder that this user may read and not write. Root ignores modes, so as root the test becomes somebody else. */
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { Appender, temporaryFolder } from './child.js'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0

/** Every path under a folder with its size and bytes. */
function contentsOf(folder: string): string {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
  return paths
    .map((path) => {
      const whole = join(folder, path)
      return statSync(whole).isDirectory() ? path : `${path}: ${readFileSync(whole, 'latin1')}`
    })
    .join('\n')
}

test.skipIf(process.platform === 'win32')(
  'a folder that cannot be written is refused by name, and nothing in it changes',
  async () => {
    const folder = temporaryFolder()
    const backend = await openFileBackend({ folder, create: true })
    await backend.close()
    chmodSync(folder, 0o555)
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const whole = join(folder, path)
      chmodSync(whole, statSync(whole).isDirectory() ? 0o555 : 0o444)
    }
    onTestFinished(() => chmodSync(folder, 0o755))
    const before = contentsOf(folder)
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
    const told = await new Appender({ folder, first: 1, count: 1, bytes: 1 }, [], user).end()
    expect(told.messages, told.stderr).toMatchObject([{ is: 'failed', code: 'store-unwritable' }])
    expect(contentsOf(folder)).toBe(before)
  },
)

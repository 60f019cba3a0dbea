/** One process owns a folder: through SIGSTOP, and only until it is killed. */
import { expect, test } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { Appender, temporaryFolder } from './child.js'

test('a folder is locked while its writer lives, even stopped, and free as soon as it is killed', async () => {
  const folder = temporaryFolder()
  const holder = new Appender({ folder, first: 1, count: 0, bytes: 1 })
  await holder.until((messages) => messages.length > 0)
  expect(holder.messages[0]).toEqual({ is: 'open' })
  await expect(openFileBackend({ folder })).rejects.toMatchObject({ code: 'store-locked' })

  holder.process.kill('SIGSTOP')
  await expect(openFileBackend({ folder })).rejects.toMatchObject({ code: 'store-locked' })

  holder.process.kill('SIGKILL')
  await holder.end()
  const backend = await openFileBackend({ folder })
  expect((await backend.head()).position).toBe(0)
  await backend.close()
})

test('a second writer is told that the folder is locked, and the first one goes on', async () => {
  const folder = temporaryFolder()
  const backend = await openFileBackend({ folder, create: true })
  const told = await new Appender({ folder, first: 1, count: 1, bytes: 1 }).end()
  expect(told.messages).toMatchObject([{ is: 'failed', code: 'store-locked' }])
  expect((await backend.verify()).findings).toEqual([])
  await backend.close()
})

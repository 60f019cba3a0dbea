/** What observers are opened with, and what they leave alone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { open, openObserver, type ObserverOptions } from '../../src/index.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'

async function inFolder(use: (at: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-observer-'))
  try {
    await use(`file:${join(folder, 'log')}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('openObserver: what it is not given rightly is refused by name', async () => {
  await inFolder(async (at) => {
    await (await open(at, { create: true })).close()
    const wrong: readonly [unknown, string][] = [
      [null, 'options'],
      [{ signal: 'x' }, 'signal'],
      [{ sginal: new AbortController().signal }, 'sginal'],
      [{ create: true }, 'create'],
    ]
    for (const [options, option] of wrong) {
      const refused = openObserver(at, options as ObserverOptions)
      await expect(refused).rejects.toMatchObject({ code: 'options-invalid', facts: { option } })
    }
  })
})

test('openObserver: an aborted signal closes it, at once or later, and many may share one', async () => {
  await inFolder(async (at) => {
    await (await open(at, { create: true })).close()
    const gone = await openObserver(at, { signal: AbortSignal.abort() })
    await expect(gone.head()).rejects.toMatchObject({ code: 'store-closed' })

    const warnings: Error[] = []
    const warn = (warning: Error): void => void warnings.push(warning)
    process.on('warning', warn)
    const controller = new AbortController()
    for (let i = 0; i < 20; i++) await (await openObserver(at, { signal: controller.signal })).close()
    const last = await openObserver(at, { signal: controller.signal })
    controller.abort()
    await expect(last.head()).rejects.toMatchObject({ code: 'store-closed' })
    await new Promise((done) => setTimeout(done, 10))
    process.off('warning', warn)
    expect(warnings).toEqual([])
  })
})

test('openObserver: closing one over a backend of the caller leaves that backend open', async () => {
  const backend = openMemoryBackend()
  const store = await open(backend)
  const observer = await openObserver(backend)
  await observer.close()
  await store.append('a', { type: 't', data: 1 })
  expect(await store.head()).toBe(1)
  await store.close()
})

test('follow, streams: options that mean nothing are refused', async () => {
  const store = await open('memory:')
  expect(() => store.follow({}, null as never)).toThrow(expect.objectContaining({ code: 'query-invalid' }))
  expect(() => store.follow({}, { sginal: 1 } as never)).toThrow('sginal is no option here')
  await expect(store.streams(null as never).next()).rejects.toMatchObject({ code: 'query-invalid' })
  await expect(store.streams({ prefx: 'a' } as never).next()).rejects.toThrow('prefx is no option here')
  await store.close()
})

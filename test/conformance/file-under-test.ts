/** File backends in folders of their own, thrown away afterwards. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackendUnderTest } from '../../conformance/index.js'
import { openFileBackend } from '../../src/backends/file/backend.js'

export async function openFileUnderTest(options: { readonly segmentBytes?: number } = {}): Promise<BackendUnderTest> {
  const parent = await mkdtemp(join(tmpdir(), 'perdure-conformance-'))
  const folder = join(parent, 'log')
  return {
    backend: await openFileBackend({ ...options, folder, create: true }),
    reopen: () => openFileBackend({ ...options, folder }),
    dispose: () => rm(parent, { recursive: true, force: true }),
  }
}

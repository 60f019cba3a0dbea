/** The two sockets of the append path: what checks and what seals, and the guards that hold both to the moment of writing. */
import { expect, test } from 'vitest'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { PerdureError, type Backend, type Commit } from '../../src/index.js'
import type { CheckPort } from '../../src/log/ports.js'
import { openStore } from '../../src/open.js'
import { encoded, NOW } from '../../conformance/seam/commits.js'

/** Something is published in Perdure's own stream, as a contract will be. */
async function publish(backend: Backend, id: string): Promise<void> {
  const commit: Commit = { writes: [{ stream: '$contract', expect: 'any', events: [encoded(id)] }] }
  await backend.append([commit], NOW)
}

test('ports: what does not pass the check is refused with its error, and nothing is written', async () => {
  const check: CheckPort = {
    check: (events) => {
      const wrong = events.findIndex(({ type }) => type === 'unknown')
      if (wrong < 0) return Promise.resolve({})
      return Promise.reject(
        new PerdureError('event-invalid', 'not in the contract', { index: wrong, pointer: '/type' }, { written: 'no' }),
      )
    },
  }
  const store = await openStore(openMemoryBackend(), {}, { check })
  await store.append('a', { type: 'known', data: 1 })
  const refused = store.append('a', [
    { type: 'known', data: 1 },
    { type: 'unknown', data: 1 },
  ])
  await expect(refused).rejects.toMatchObject({ code: 'event-invalid', facts: { index: 1 }, written: 'no' })
  expect(await store.head()).toBe(1)
})

test('ports: a check sees events with everything filled in', async () => {
  const seen: unknown[] = []
  const check: CheckPort = {
    check: (events) => {
      seen.push(...events)
      return Promise.resolve({})
    },
  }
  const store = await openStore(openMemoryBackend(), {}, { check })
  const { ids } = await store.append('a', { type: 't', data: 1 })
  expect(seen).toMatchObject([{ id: ids[0], stream: 'a', type: 't', version: 1, tags: [], data: 1 }])
})

test('ports: when the guard has moved, the events are checked again, and written as of the new state', async () => {
  const backend = openMemoryBackend()
  await publish(backend, 'first')
  const checkedAt: number[] = []
  const check: CheckPort = {
    check: async () => {
      const revision = await backend.revision('$contract')
      checkedAt.push(revision)
      // A new version is published while the events are on their way.
      if (checkedAt.length === 1) await publish(backend, 'second')
      return { $contract: revision }
    },
  }
  const store = await openStore(backend, {}, { check })
  const appended = await store.append('a', { type: 't', data: 1 })
  expect(checkedAt).toEqual([1, 2])
  expect(appended).toMatchObject({ first: 3, duplicate: false })
  expect(await store.head()).toBe(3)
})

test('ports: a check that fails after the guard has moved refuses, and nothing was written', async () => {
  const backend = openMemoryBackend()
  let checks = 0
  const check: CheckPort = {
    check: async () => {
      if (++checks > 1)
        throw new PerdureError(
          'event-invalid',
          'the new contract forbids it',
          { index: 0, pointer: '' },
          { written: 'no' },
        )
      await publish(backend, 'forbidding')
      return { $contract: 0 }
    },
  }
  const store = await openStore(backend, {}, { check })
  await expect(store.append('a', { type: 't', data: 1 })).rejects.toMatchObject({ code: 'event-invalid' })
  expect([await store.head(), await store.revision('a')]).toEqual([1, 0])
})

test('ports: a guard that keeps moving ends in an error that says nothing was written', async () => {
  const backend = openMemoryBackend()
  let published = 0
  const check: CheckPort = {
    check: async () => {
      const revision = await backend.revision('$contract')
      await publish(backend, `version-${++published}`)
      return { $contract: revision }
    },
  }
  const store = await openStore(backend, {}, { check })
  await expect(store.append('a', { type: 't', data: 1 })).rejects.toMatchObject({
    code: 'backend-failed',
    written: 'no',
  })
  expect(await store.revision('a')).toBe(0)
})

test('ports: guards and conditions together: a failed condition is reported once the guard stands', async () => {
  const backend = openMemoryBackend()
  let checks = 0
  const check: CheckPort = {
    check: async () => {
      const revision = await backend.revision('$contract')
      if (++checks === 1) await publish(backend, 'second')
      return { $contract: revision }
    },
  }
  const store = await openStore(backend, {}, { check })
  const refused = await store.append('a', { type: 't', data: 1 }, { expect: 'exists' })
  expect(refused).toMatchObject({ ok: false, conflicts: [{ kind: 'revision', stream: 'a', actual: 0 }] })
  expect(checks).toBe(2)
})

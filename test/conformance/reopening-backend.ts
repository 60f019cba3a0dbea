/** A backend that is closed and opened again now and then between calls: whatever it only remembered is forgotten. */
import { Claims } from '../../src/backends/claims.js'
import type { Backend } from '../../src/index.js'
import type { SeededRandom } from '../../testing/index.js'

/** How often a call finds the backend newly opened. */
const REOPEN_PROBABILITY = 0.15

/** @param reopen opens the log of `backend` again, once that is closed */
export function reopeningBackend(backend: Backend, reopen: () => Promise<Backend>, random: SeededRandom): Backend {
  let current = backend
  const claims = new Claims()
  let closed = false
  let underWay = 0
  /** Set while it is being closed and opened: calls wait for it. */
  let reopening: Promise<void> | undefined

  const forget = async (): Promise<void> => {
    await current.close()
    current = await reopen()
  }
  const enter = async (): Promise<void> => {
    if (!closed && reopening === undefined && underWay === 0 && random.chance(REOPEN_PROBABILITY)) {
      reopening = forget().finally(() => (reopening = undefined))
    }
    while (reopening !== undefined) await reopening
    underWay++
  }
  return {
    name: backend.name,
    durable: backend.durable,
    logId: backend.logId,
    boot: backend.boot,
    append: (group, now) => through(() => current.append(group, now)),
    adopt: (lines) => through(() => current.adopt(lines)),
    read: (matcher, page) => through(() => current.read(matcher, page)),
    find: (ids) => through(() => current.find(ids)),
    head: () => through(() => current.head()),
    revision: (stream) => through(() => current.revision(stream)),
    streams: (prefix, page) => through(() => current.streams(prefix, page)),
    positionAt: (time) => through(() => current.positionAt(time)),
    changed,
    kv: {
      get: (key) => through(() => current.kv.get(key)),
      put: (key, text, expect) => through(() => current.kv.put(key, text, expect)),
      list: (prefix, page) => through(() => current.kv.list(prefix, page)),
    },
    snapshots: {
      put: (place, text) => through(() => current.snapshots.put(place, text)),
      list: (key) => through(() => current.snapshots.list(key)),
      read: (place) => through(() => current.snapshots.read(place)),
      remove: (place) => through(() => current.snapshots.remove(place)),
    },
    // Whoever holds a name goes on holding it: it is not the consumer that is gone.
    claim: async (name, takeOver) => claims.claim(name, takeOver),
    verify: () => through(() => current.verify()),
    close: async () => {
      closed = true
      while (reopening !== undefined) await reopening
      await current.close()
    },
  }

  async function* changed(signal: AbortSignal): AsyncGenerator<number, void, void> {
    while (!signal.aborted && !closed) {
      yield* current.changed(signal)
      while (reopening !== undefined) await reopening
    }
  }

  async function through<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    await enter()
    try {
      return await call()
    } finally {
      underWay--
    }
  }
}

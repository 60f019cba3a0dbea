/** A backend that is closed and opened again now and then between calls: whatever it only remembered is forgotten. */
import type { Backend } from '../../src/index.js'
import type { SeededRandom } from '../../testing/index.js'

/** How often a call finds the backend newly opened. */
const REOPEN_PROBABILITY = 0.15

/** @param reopen opens the log of `backend` again, once that is closed */
export function reopeningBackend(backend: Backend, reopen: () => Promise<Backend>, random: SeededRandom): Backend {
  let current = backend
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
    verify: () => through(() => current.verify()),
    close: async () => {
      closed = true
      while (reopening !== undefined) await reopening
      await current.close()
    },
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

/** A backend that is closed and opened again now and then between calls: whatever it only remembered is forgotten. */
import type { BackendUnderTest } from '../../conformance/index.js'
import type { Backend } from '../../src/index.js'
import type { SeededRandom } from '../../testing/index.js'

/** How often a call finds the backend newly opened. */
const REOPEN_PROBABILITY = 0.15

export function reopeningBackend(under: BackendUnderTest, random: SeededRandom): Backend {
  const { reopen } = under
  if (reopen === undefined) return under.backend
  let current = under.backend
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
    name: under.backend.name,
    durable: under.backend.durable,
    logId: under.backend.logId,
    boot: under.backend.boot,
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

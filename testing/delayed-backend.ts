/** A backend that is slow at every call, in an order the seed decides: what only works when nothing waits breaks here. */
import type { Backend } from '../src/backends/protocol.js'
import { aroundBackend } from './around-backend.js'
import type { SeededRandom } from './seeded-random.js'

/**
 * Waits before and after each call: mostly a few turns of the event loop, sometimes a real millisecond or two. Calls
 * made at the same time therefore arrive, and answer, in an order of their own.
 */
export function delayedBackend(backend: Backend, random: SeededRandom): Backend {
  return aroundBackend(backend, async (_operation, call) => {
    await pause(random)
    try {
      return await call()
    } finally {
      await pause(random)
    }
  })
}

async function pause(random: SeededRandom): Promise<void> {
  if (random.chance(0.02)) return await new Promise((resolve) => setTimeout(resolve, 1 + random.integer(2)))
  for (let turns = random.integer(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
}

/** Random commands against a model: fast-check shrinks what fails to the shortest sequence, and prints its seed. */
import fc from 'fast-check'
import { test } from 'vitest'
import { commandsFor } from './zzcommands.js'
import { Model } from './model.js'
import { kinds } from './stores.js'

const RUNS: Readonly<Record<string, number>> = { memory: 4000, file: 1200 }

for (const [kind, openStore] of Object.entries(kinds)) {
  test(
    `store: over ${kind}, any sequence of commands is answered as the model answers it`,
    { timeout: 240_000 },
    async () => {
      const property = fc.asyncProperty(commandsFor(kind === 'file'), async (commands) => {
        const under = await openStore()
        try {
          await fc.asyncModelRun(() => ({ model: new Model(), real: under }), commands)
        } finally {
          await under.end()
        }
      })
      await fc.assert(property, { numRuns: RUNS[kind] ?? 100 })
    },
  )
}

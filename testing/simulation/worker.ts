/** A thread of a campaign: runs the seeds it is sent and answers with what it found. */
import { parentPort } from 'node:worker_threads'
import { openFileBackend } from '../../src/backends/file/backend.js'
import { repairFolder } from '../../src/backends/file/repair.js'
import { Runner } from './runner.js'

/** Building a stack for each simulated error would take a third of the time; a replay in one thread has them. */
Error.stackTraceLimit = 0

const runner = await Runner.open({ openFileBackend, repairFolder })
const port = parentPort
port?.on('message', (seeds: readonly number[]) => {
  void (async () => {
    for (const seed of seeds) await runner.run(seed)
    port.postMessage(runner.takeFindings())
  })()
})
port?.postMessage({ enumerated: runner.cases.enumerated })

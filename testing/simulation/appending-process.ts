/**
 * A process for the real-disk tests: opens a log, appends to it, and tells its parent over standard output what it is
 * about to append and what was acknowledged, one JSON line each. Usage: node appending-process.js '<Orders as JSON>'
 */
import { writeSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { openFileBackend } from '../../src/backends/file/backend.js'
import type { Backend } from '../../src/backends/protocol.js'
import { isPerdureError } from '../../src/errors.js'
import { encodeCommit } from './model.js'
import { put } from './orders.js'

/** What the parent wants. */
export interface Orders {
  readonly folder: string
  readonly segmentBytes?: number
  /** Number of the first commit; its events have the ids `<number>.0`, `<number>.1`… */
  readonly first: number
  /** How many commits. 0: only holds the lock, until it is killed. */
  readonly count: number
  readonly bytes: number
  /** A commit refused for want of space is tried again, so many milliseconds later. */
  readonly retryMs?: number
}

export type Message =
  | { readonly is: 'open' }
  | { readonly is: 'sent'; readonly commit: number }
  | { readonly is: 'acknowledged'; readonly commit: number }
  | { readonly is: 'failed'; readonly commit: number; readonly code: string; readonly written: string }
  | { readonly is: 'closed' }

/** At once: what is only buffered would die with this process. */
function tell(message: Message): void {
  writeSync(1, JSON.stringify(message) + '\n')
}

async function appendOne(backend: Backend, orders: Orders, commit: number): Promise<boolean> {
  tell({ is: 'sent', commit })
  try {
    const outcomes = await backend.append([encodeCommit(put(commit, orders.bytes))], new Date().toISOString())
    tell({ is: 'acknowledged', commit })
    return outcomes.length === 1
  } catch (error) {
    const [code, written] = isPerdureError(error) ? [error.code, error.written ?? ''] : [String(error), '']
    tell({ is: 'failed', commit, code, written })
    return code !== 'disk-full'
  }
}

async function run(orders: Orders): Promise<void> {
  const { folder, segmentBytes, first, count, retryMs = 0 } = orders
  const backend = await openFileBackend({
    folder,
    create: true,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  })
  tell({ is: 'open' })
  if (count === 0) await wait(600_000)
  for (let commit = first; commit < first + count; commit++) {
    while (!(await appendOne(backend, orders, commit)) && retryMs > 0) await wait(retryMs)
  }
  await backend.close()
  tell({ is: 'closed' })
}

try {
  await run(JSON.parse(process.argv[2] ?? '{}') as Orders)
} catch (error) {
  if (!isPerdureError(error)) throw error
  tell({ is: 'failed', commit: 0, code: error.code, written: error.written ?? '' })
}

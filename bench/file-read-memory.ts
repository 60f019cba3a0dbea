/** file: how much memory a process takes while it reads a log, above one that has only loaded Perdure. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bigLog } from './big-log.js'
import { median, quantile } from './measure.js'
import { formatValue, type Row } from './row.js'
import { assertCount } from './sample-events.js'

const CHILD = fileURLToPath(new URL('./reading-child.js', import.meta.url))

/** What the child prints. */
export interface ChildReport {
  /** Events read and folded, both. */
  readonly events: number
  /** Greatest resident size seen. */
  readonly residentBytes: number
}

export const fileReadMemory: Row = {
  name: 'file-read-memory',
  title: 'file: memory while reading and folding 1,000,000 events',
  against: 'an idle process with Perdure loaded',
  unit: 'MB',
  goal: 150,
  aim: 80,
  measure: async ({ shared, pairs, scale }) => {
    const count = scale(1_000_000)
    const folder = await bigLog(shared, count)
    const above: number[] = []
    const idle: number[] = []
    for (let pair = 0; pair < pairs; pair++) {
      const resting = await runChild([])
      const reading = await runChild([folder])
      assertCount('read and folded in the child', reading.events, 2 * count)
      idle.push(resting.residentBytes / 1e6)
      above.push((reading.residentBytes - resting.residentBytes) / 1e6)
    }
    const value = median(above)
    return {
      ours: formatValue('MB', median(idle) + value),
      bare: formatValue('MB', median(idle)),
      value,
      low: quantile(above, 0.25),
      high: quantile(above, 0.75),
    }
  },
}

async function runChild(folders: readonly string[]): Promise<ChildReport> {
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, ...folders])
  return JSON.parse(stdout) as ChildReport
}

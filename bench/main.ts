/** `npm run bench -- [--quick] [--only <name>] [--pairs <n>] [--json]`: every row, each in a process of its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, formatMachine } from './machine.js'
import { formatOutcome, formatTable } from './report.js'
import { judge, type Outcome } from './row.js'
import { rows } from './rows.js'

const HELP = `npm run bench -- [options]
  --quick         a tenth of the events, three pairs: a look, not a measurement
  --only <name>   one row: ${rows.map((row) => row.name).join(', ')}
  --pairs <n>     how often each side runs (5; rows that write to a disk take shorter runs, more often)
  --json          one JSON line for the machine, one for each row
  --table         at the end, the table of docs/performance.md`

const { values } = parseArgs({
  // \`perdure bench\` leaves its own name among the arguments.
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    pairs: { type: 'string' },
    json: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    // Set by this program for its own children: where to work.
    folder: { type: 'string' },
  },
})
const pairs = values.pairs === undefined ? (values.quick ? 3 : 5) : Math.max(1, Number.parseInt(values.pairs, 10))

if (values.help) console.log(HELP)
else if (values.folder !== undefined) await measureRow(values.folder)
else await measureAll()

/** In the child: one row, its outcome as JSON on standard output. */
async function measureRow(shared: string): Promise<void> {
  const row = rows.find(({ name }) => name === values.only)
  if (row === undefined) throw new Error(`there is no row ${values.only}`)
  const folder = join(shared, row.name)
  mkdirSync(folder)
  const scale = (count: number): number => (values.quick ? count / 10 : count)
  const figures = await row.measure({ folder, shared, pairs, scale })
  rmSync(folder, { recursive: true })
  console.log(JSON.stringify(judge(row, figures)))
}

async function measureAll(): Promise<void> {
  const chosen = rows.filter(({ name }) => values.only === undefined || values.only === name)
  if (chosen.length === 0) {
    console.error(`There is no row ${values.only}.\n${HELP}`)
    process.exitCode = 2
    return
  }
  const parent = resolve('.perdure', 'bench')
  mkdirSync(parent, { recursive: true })
  const shared = mkdtempSync(join(parent, 'run-'))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => endBy(signal, shared))
  try {
    report(describeMachine(shared), formatMachine(describeMachine(shared)))
    const outcomes: Outcome[] = []
    for (const { name } of chosen) {
      const outcome = await runChild(name, shared)
      report(outcome, formatOutcome(outcome))
      outcomes.push(outcome)
    }
    if (values.table) console.log('\n' + formatTable(outcomes))
  } finally {
    rmSync(shared, { recursive: true })
  }
  if (values.quick && !values.json) console.log('\nA quick run: too short to be held to any goal.')
}

/** Leaves nothing behind. */
function endBy(signal: NodeJS.Signals, shared: string): void {
  rmSync(shared, { recursive: true, force: true })
  process.kill(process.pid, signal)
}

async function runChild(name: string, shared: string): Promise<Outcome> {
  const options = ['--only', name, '--pairs', String(pairs), '--folder', shared, ...(values.quick ? ['--quick'] : [])]
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<number | null>((done) => child.once('exit', done))
  const output = await text(child.stdout)
  const status = await exited
  if (status !== 0) throw new Error(`${name} failed (exit code ${status})`)
  return JSON.parse(output) as Outcome
}

function report(fact: object, readable: string): void {
  console.log(values.json ? JSON.stringify(fact) : readable)
}

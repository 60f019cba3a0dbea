/** Runs the compiled command line as a person would: a process, its output, its exit code. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Io } from '../../src/cli/io.js'
import { Output } from '../../src/cli/output.js'
import { runProgram } from '../../src/cli/program.js'
import { open, type NewEvent } from '../../src/index.js'

export const ROOT = resolve(import.meta.dirname, '../..')
export const MAIN = join(ROOT, 'dist/src/cli/main.js')

export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  /** As this user; only root can ask for it. */
  readonly uid?: number
}

/** Slow machines start node slowly, and some tests start it many times. */
export const SLOW = { timeout: 120_000 }

export async function perdure(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (!existsSync(MAIN)) throw new Error('run `npm run build` first: these tests are about the compiled program')
  return await runNode([MAIN, ...args], options)
}

export async function runNode(args: readonly string[], { cwd, env, input, uid }: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, args, { cwd, uid, env: { ...cleanEnvironment(), ...env } })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input ?? '')
  return await new Promise((done, fail) => {
    child.once('error', fail)
    child.once('close', (code, signal) => {
      done({ code, signal, out: Buffer.concat(out).toString('utf8'), err: Buffer.concat(err).toString('utf8') })
    })
  })
}

export interface Started {
  readonly child: ChildProcessWithoutNullStreams
  /** What it has said on stderr so far. */
  err(): string
  /** Its exit code, or the signal that ended it, once its output is at an end. */
  readonly closed: Promise<Pick<Ran, 'code' | 'signal'>>
}

/** Starts it, for a test that does something to it while it runs. Killed when the test is over. */
export function start(args: readonly string[], { cwd }: Pick<RunOptions, 'cwd'> = {}): Started {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: cleanEnvironment() })
  onTestFinished(() => void child.kill('SIGKILL'))
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const closed = once(child, 'close') as Promise<[Ran['code'], Ran['signal']]>
  return { child, err: () => err, closed: closed.then(([code, signal]) => ({ code, signal })) }
}

/** Runs it for a reader that has enough after the first output, as `| head` has. `meanwhile` is done again until it ends. */
export async function readByHead(
  args: readonly string[],
  meanwhile?: () => Promise<unknown>,
): Promise<Omit<Ran, 'out'>> {
  const { child, err, closed } = start(args)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  while (meanwhile !== undefined && child.exitCode === null) await meanwhile()
  return { ...(await closed), err: err() }
}

/** Without what the machine's owner has set for Perdure and git. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(PERDURE_|GIT_DIR$|GIT_WORK_TREE$|GIT_INDEX_FILE$|NODE_OPTIONS$)/
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(kept), GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'perdure-cli-')))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

export function jsonLines<T = Record<string, unknown>>(text: string): T[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)
}

export interface Reported {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly facts: Record<string, unknown>
  readonly written?: string
}

/** The one line of JSON that an error is. */
export function errorOf({ err }: Ran): Reported {
  const [line, ...more] = jsonLines<{ error: Reported }>(err)
  if (line === undefined || more.length > 0) throw new Error(`not one line of JSON: ${err}`)
  return line.error
}

/**
 * Runs a command line within this process: for what needs neither a process nor the compiled program. With a terminal,
 * its output goes to one, so wide that nothing is shortened, and `input` is what is typed there.
 */
export async function runInProcess(
  args: readonly string[],
  { isTerminal = false, input = '' }: { readonly isTerminal?: boolean; readonly input?: string | Uint8Array } = {},
): Promise<Ran> {
  const out = collector()
  const err = collector()
  const io: Io = {
    out: new Output(out.stream, isTerminal),
    input: Object.assign(Readable.from(input.length === 0 ? [] : [isTerminal ? input : Buffer.from(input as string)]), {
      isTTY: isTerminal,
    }),
    errors: Object.assign(err.stream, { isTTY: isTerminal }),
    signal: new AbortController().signal,
    ...(isTerminal && { columns: 10_000 }),
    colours: false,
    exit: 0,
  }
  const code = await runProgram(args, io)
  return { code, signal: null, out: out.text(), err: err.text() }
}

/** The one before, since a process has one folder and one environment. */
let before: Promise<unknown> = Promise.resolve()

/** As {@link perdure}, within this process, one after the other: a third of the time. */
export async function perdureHere(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (options.uid !== undefined) return await perdure(args, options)
  const ran = before.then(() => runWithin(args, options))
  before = ran.catch(() => undefined)
  return await ran
}

async function runWithin(args: readonly string[], { cwd, env, input }: RunOptions): Promise<Ran> {
  const [folder, outer] = [process.cwd(), { ...process.env }]
  if (cwd !== undefined) process.chdir(cwd)
  const foreign = Object.keys(process.env).filter((name) => name.startsWith('PERDURE_'))
  for (const name of foreign) Reflect.deleteProperty(process.env, name)
  Object.assign(process.env, env)
  try {
    return await runInProcess(args, input === undefined ? {} : { input })
  } finally {
    process.chdir(folder)
    for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name)
    Object.assign(process.env, outer)
  }
}

function collector(): { readonly stream: Writable; text(): string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}

/** A log of two segments, the first one full, the second one of a group of 100 events. Gives its head. */
export async function makeSegments(folder: string): Promise<number> {
  const store = await open(`file:${folder}`, { create: true })
  const text = 'x'.repeat(5000)
  const events = Array.from({ length: 100 }, () => ({ type: 't', data: { text } }))
  do await store.append('s', events)
  while (readdirSync(join(folder, 'segments')).length < 2)
  const head = await store.head()
  await store.close()
  return head
}

/** A log with these events, made by the library: faster than a command for each. */
export async function makeLog(
  folder: string,
  events: readonly (NewEvent & { readonly stream: string })[],
): Promise<string> {
  const store = await open(`file:${folder}`, { create: true })
  for (const { stream, ...event } of events) await store.append(stream, event)
  await store.close()
  return `file:${folder}`
}

/** Starts a process that appends to a real folder, and audits what it leaves. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished } from 'vitest'
import { openFileBackend } from '../../src/backends/file/backend.js'
import type { Message, Orders } from '../../testing/simulation/appending-process.js'
import { readAll } from '../../testing/simulation/audit.js'
import { put } from '../../testing/simulation/orders.js'

const PROGRAM = fileURLToPath(new URL('../../dist/testing/simulation/appending-process.js', import.meta.url))

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-real-disk-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What a process said before it ended. */
export interface Told {
  readonly messages: readonly Message[]
  readonly acknowledged: ReadonlySet<number>
  readonly sent: ReadonlySet<number>
  readonly stderr: string
  readonly signal: NodeJS.Signals | null
}

export class Appender {
  readonly process: ChildProcess
  readonly messages: Message[] = []
  #stderr = ''
  #waiting: (() => void)[] = []
  #ended: NodeJS.Signals | null | undefined

  /** `before`: a command that runs the process, with its arguments. */
  constructor(orders: Orders, before: readonly string[] = [], options: SpawnOptions = {}) {
    const [command = '', ...rest] = [...before, process.execPath, PROGRAM, JSON.stringify(orders)]
    this.process = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    this.process.stderr?.on('data', (text: Buffer) => (this.#stderr += text.toString()))
    if (this.process.stdout !== null) {
      createInterface(this.process.stdout).on('line', (line) => {
        this.messages.push(JSON.parse(line) as Message)
        this.#wake()
      })
    }
    this.process.on('error', (error) => (this.#stderr += String(error)))
    this.process.on('close', (_, signal) => {
      this.#ended = signal
      this.#wake()
    })
    onTestFinished(() => void this.process.kill('SIGKILL'))
  }

  /** Waits until the process has said enough, or has ended. */
  async until(isEnough: (messages: readonly Message[]) => boolean): Promise<void> {
    while (this.#ended === undefined && !isEnough(this.messages)) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async end(): Promise<Told> {
    await this.until(() => false)
    const numbersOf = (kind: 'sent' | 'acknowledged'): Set<number> =>
      new Set(this.messages.flatMap((message) => (message.is === kind ? [message.commit] : [])))
    return {
      messages: this.messages,
      acknowledged: numbersOf('acknowledged'),
      sent: numbersOf('sent'),
      stderr: this.#stderr,
      signal: this.#ended ?? null,
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/**
 * Opens the log and holds it to what was told: everything acknowledged is there, once, in order, in whole commits, and
 * nothing that was never sent. Returns the numbers of the commits that are there.
 */
export async function audit(
  folder: string,
  bytes: number,
  acknowledged: Iterable<number>,
  sent: Iterable<number>,
): Promise<number[]> {
  const backend = await openFileBackend({ folder })
  try {
    const events = (await readAll(backend)).map((line) => JSON.parse(line) as { position: number; id: string })
    expect(events.map(({ position }) => position)).toEqual(events.map((_, i) => i + 1))
    const commits = [...new Set(events.map(({ id }) => Number(id.split('.')[0])))]
    const whole = commits.flatMap((commit) =>
      put(commit, bytes).writes.flatMap((write) => write.events.map(({ id }) => id)),
    )
    expect(events.map(({ id }) => id)).toEqual(whole)
    const wanted = new Set(sent)
    expect(commits.filter((commit) => !wanted.has(commit))).toEqual([])
    const there = new Set(commits)
    expect([...acknowledged].filter((commit) => !there.has(commit))).toEqual([])
    expect(commits).toEqual([...commits].sort((a, b) => a - b))
    expect((await backend.verify()).findings).toEqual([])
    return commits
  } finally {
    await backend.close()
  }
}

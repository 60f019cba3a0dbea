/** Starts the process of the tests of keys, and listens to it. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Place } from './places.js'

const PROGRAM = fileURLToPath(new URL('process.mjs', import.meta.url))

export type Told = Readonly<Record<string, unknown>>

export class Process {
  readonly child: ChildProcess
  readonly told: Told[] = []
  readonly ended: Promise<NodeJS.Signals | null>
  #err = ''
  #wake: () => void = () => undefined

  constructor(job: string, { log, keys }: Place, more = '', options: SpawnOptions = {}) {
    const child = spawn(process.execPath, [PROGRAM, job, log, keys, more], {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    })
    this.child = child
    onTestFinished(() => void child.kill('SIGKILL'))
    child.stderr?.on('data', (text: Buffer) => (this.#err += text.toString()))
    if (child.stdout !== null) {
      createInterface(child.stdout).on('line', (line) => {
        this.told.push(JSON.parse(line) as Told)
        this.#wake()
      })
    }
    this.ended = new Promise((resolve) => child.once('close', (_, signal) => resolve(signal)))
    void this.ended.then(() => this.#wake())
  }

  /** Everything that it has told before it ended. */
  async end(): Promise<readonly Told[]> {
    await this.ended
    if (this.#err !== '') throw new Error(this.#err)
    return this.told
  }

  /** Waits until it has told so much, or has ended. */
  async until(count: number): Promise<void> {
    let isOver = false
    void this.ended.then(() => (isOver = true))
    while (this.told.length < count && !isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }
}

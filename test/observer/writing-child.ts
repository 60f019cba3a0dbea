/** A process that writes events, current values and snapshots into a folder until it is killed, and says what was acknowledged. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

const BACKEND = pathToFileURL(join(import.meta.dirname, '../../dist/src/backends/file/backend.js')).href
const INDEX = pathToFileURL(join(import.meta.dirname, '../../dist/src/index.js')).href

/** Segments and the file of values are small, so that they roll and are compacted all the time. */
const PROGRAM = `
import { openFileBackend } from ${JSON.stringify(BACKEND)}
import { defineProjection, open } from ${JSON.stringify(INDEX)}
const folder = process.argv[1]
const store = await open(await openFileBackend({ folder, create: true, segmentBytes: 4000, kvCompactionBytes: 1500 }))
const count = defineProjection({ name: 'count', version: 1, initial: 0, on: { t: (n) => n + 1 } })
for (let i = await store.head() + 1; ; i++) {
  const [, put] = await Promise.all([
    store.append('s' + (i % 3), { type: 't', data: { i, text: 'x'.repeat(i % 200) } }),
    store.kv.put('k' + (i % 5), { i, text: 'y'.repeat(i % 90) }),
  ])
  if (i % 40 === 0) await store.snapshots.take(count)
  console.log(JSON.stringify({ position: i, key: 'k' + (i % 5), revision: put.revision }))
}`

export interface Acknowledged {
  readonly position: number
  readonly key: string
  readonly revision: number
}

export class WritingChild {
  readonly acknowledged: Acknowledged[] = []
  stderr = ''
  readonly #process: ChildProcess
  readonly #ended: Promise<void>
  #wake = (): void => undefined

  constructor(folder: string) {
    this.#process = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, folder])
    this.#process.stderr?.on('data', (text: Buffer) => (this.stderr += text.toString()))
    this.#ended = new Promise((resolve) => this.#process.on('close', () => resolve()))
    void this.#ended.then(() => this.#wake())
    if (this.#process.stdout !== null) {
      createInterface(this.#process.stdout).on('line', (line) => {
        this.acknowledged.push(JSON.parse(line) as Acknowledged)
        this.#wake()
      })
    }
    onTestFinished(() => void this.#process.kill('SIGKILL'))
  }

  /** Resolves once so many more writes have been acknowledged, or the process has ended. */
  async until(count: number): Promise<void> {
    while (this.acknowledged.length < count && this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}

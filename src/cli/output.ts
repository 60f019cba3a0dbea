/** Standard output: batched, with back-pressure, and quiet when the reader has gone (`| head`). */
import type { Writable } from 'node:stream'
import { encodeJson } from '../json.js'
import { printable } from './text.js'

/** The reader has closed the pipe: what comes is not wanted any more. Ends a command quietly. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed'
}

const BATCH_LENGTH = 64 * 1024

export class Output {
  readonly #stream: Writable
  readonly #isTerminal: boolean
  #batch = ''

  constructor(stream: Writable, isTerminal = false) {
    this.#stream = stream
    this.#isTerminal = isTerminal
    // Write errors reach the callback of the write; without a listener they would also end the process.
    stream.on('error', () => undefined)
  }

  /** @throws OutputClosed */
  async line(text: string): Promise<void> {
    this.#batch += text + '\n'
    if (this.#batch.length >= BATCH_LENGTH) await this.flush()
  }

  async lines(texts: readonly string[]): Promise<void> {
    for (const text of texts) await this.line(text)
  }

  /** Text that has its own newlines; written with the next flush. */
  text(text: string): void {
    this.#batch += text
  }

  /** One line of JSON. */
  async json(value: unknown): Promise<void> {
    await this.jsonText(encodeJson(value))
  }

  /**
   * One line of JSON, as it stands; for a terminal with escapes for what could steer it, which can only stand in
   * strings, and means the same there.
   */
  async jsonText(text: string): Promise<void> {
    await this.line(this.#isTerminal ? printable(text) : text)
  }

  /** Bytes as they are; not for a terminal. @throws OutputClosed */
  async bytes(bytes: Uint8Array): Promise<void> {
    await this.flush()
    await this.#write(bytes)
  }

  /** Resolves once everything has been handed over. @throws OutputClosed */
  async flush(): Promise<void> {
    const text = this.#batch
    this.#batch = ''
    if (text !== '') await this.#write(text)
  }

  async #write(piece: string | Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(piece, (error) => {
        if (error == null) resolve()
        else reject(isGone(error) ? new OutputClosed('nobody reads the output any more') : error)
      })
    })
  }
}

function isGone(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED'
}

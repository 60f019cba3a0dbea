/** Files that are open for reading, as many as the process may well hold; the least recently used is closed first. */
import type { File, Files } from '../../files/platform.js'

const OPEN_LENGTH_MAX = 128

export class FilePool {
  readonly #files: Files
  readonly #open = new Map<string, File>()

  constructor(files: Files) {
    this.#files = files
  }

  /** Use it at once: the next call may close it. */
  get(path: string): File {
    let file = this.#open.get(path)
    if (file === undefined) {
      file = this.#files.open(path, 'read')
      if (this.#open.size >= OPEN_LENGTH_MAX) this.drop(this.#open.keys().next().value as string)
    } else {
      this.#open.delete(path)
    }
    this.#open.set(path, file)
    return file
  }

  /** After a file was replaced, or when it will not be needed. */
  drop(path: string): void {
    const file = this.#open.get(path)
    this.#open.delete(path)
    file?.close()
  }

  closeAll(): void {
    for (const path of [...this.#open.keys()]) this.drop(path)
  }
}

/** Saved states in memory. */
import { compareUtf8 } from '../../log/utf8-order.js'
import type { SnapshotBackend, SnapshotPlace } from '../protocol.js'

export class MemorySnapshots implements SnapshotBackend {
  readonly #texts = new Map<string, Map<number, string>>()
  readonly #assertOpen: (written?: 'no') => void

  constructor(assertOpen: (written?: 'no') => void) {
    this.#assertOpen = assertOpen
  }

  async put({ key, position }: SnapshotPlace, text: string): Promise<void> {
    this.#assertOpen('no')
    const ofKey = this.#texts.get(key) ?? new Map<number, string>()
    if (!ofKey.has(position)) ofKey.set(position, text)
    this.#texts.set(key, ofKey)
  }

  async list(key?: string): Promise<readonly SnapshotPlace[]> {
    this.#assertOpen()
    const keys = key === undefined ? [...this.#texts.keys()].sort(compareUtf8) : [key]
    return keys.flatMap((one) =>
      [...(this.#texts.get(one) ?? [])].sort(([a], [b]) => a - b).map(([position]) => ({ key: one, position })),
    )
  }

  async read({ key, position }: SnapshotPlace): Promise<string | undefined> {
    this.#assertOpen()
    return this.#texts.get(key)?.get(position)
  }

  async remove({ key, position }: SnapshotPlace): Promise<void> {
    this.#assertOpen('no')
    this.#texts.get(key)?.delete(position)
  }
}

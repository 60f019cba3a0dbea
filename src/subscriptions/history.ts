/** Of which history of a log a checkpoint speaks: it names the event that it stands at, and the log has that one there. */
import type { Backend } from '../backends/protocol.js'
import type { Reader } from '../log/reader.js'
import { checkpointInvalid, checkpointKey, type Checkpoint } from './checkpoint.js'

export class History {
  readonly #backend: Backend
  readonly #reader: Reader

  constructor(backend: Backend, reader: Reader) {
    this.#backend = backend
    this.#reader = reader
  }

  /** The id of the event at a position, selected or not. Undefined: nothing is recorded there. */
  async idAt(position: number): Promise<string | undefined> {
    if (position === 0) return undefined
    const query = { after: position - 1, upTo: position, limit: 1, raw: true, enrichments: true }
    for await (const { id } of this.#reader.read(query)) return id
    return undefined
  }

  /** @throws PerdureError `checkpoint-invalid` if it was not made on this log, or on one that had gone another way */
  async check(name: string, checkpoint: Checkpoint): Promise<void> {
    const { position: head } = await this.#backend.head()
    const found = checkpoint.position > head ? undefined : await this.idAt(checkpoint.position)
    checkHistory(checkpointKey(name), checkpoint, head, found)
  }
}

/**
 * `found`: the id of the event at the checkpoint's position.
 *
 * @throws PerdureError `checkpoint-invalid`
 */
export function checkHistory(
  key: string,
  { position, event }: Checkpoint,
  head: number,
  found: string | undefined,
): void {
  if (position > head) throw checkpointInvalid(key, `it stands at ${position}, but the log ends at ${head}`)
  if (event === undefined || found === event) return
  const difference = `its event at ${position} is ${event}, the log has ${String(found)} there`
  throw checkpointInvalid(key, `it is of another history of the log: ${difference}`)
}

/** The head: up to where the log is durable, in two slots of which the newer valid one counts. */
import { PerdureError } from '../../errors.js'
import { isMissing } from '../../files/codes.js'
import { corrupt, readFailed } from './failures.js'
import {
  encodeSlot,
  FORMAT,
  parseSlot,
  SLOT_DISTANCE_BYTES,
  SLOT_SIZE_BYTES,
  type HeadState,
  type Slot,
} from './format.js'
import type { File, Files } from '../../files/platform.js'
import { writeWhole } from '../../files/whole-write.js'

export interface ReadHead {
  readonly state: HeadState
  /** Counter of the slot that counts; the next write uses the other slot. */
  readonly write: number
  /** One slot was not valid: torn by a crash while it was written. */
  readonly tornSlot: boolean
}

/**
 * Undefined: there is no head file.
 *
 * @throws PerdureError `log-corrupt` if neither slot is valid, `format-newer`
 */
export function readHead(files: Files, path: string): ReadHead | undefined {
  const slots = readSlots(files, path)
  if (slots === undefined) return undefined
  for (const slot of slots) if (slot.kind === 'newer') throw newerFormat(path, slot.format)
  const valid = slots.filter((slot) => slot.kind === 'valid').sort((a, b) => b.write - a.write)
  const [newest] = valid
  if (newest === undefined) {
    throw corrupt('neither slot of the head is valid', {
      path,
      offset: 0,
      expected: 'a slot with its checksum',
      found: 'none',
    })
  }
  return { state: newest.head, write: newest.write, tornSlot: valid.length < 2 && newest.write > 1 }
}

function readSlots(files: Files, path: string): Slot[] | undefined {
  let file: File
  try {
    file = files.open(path, 'read')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw readFailed(path, 0, error)
  }
  try {
    const bytes = Buffer.alloc(SLOT_SIZE_BYTES)
    return [0, SLOT_DISTANCE_BYTES].map((offset): Slot => {
      const length = file.read(bytes, SLOT_SIZE_BYTES, offset)
      return parseSlot(bytes.toString('latin1', 0, length))
    })
  } catch (error) {
    throw readFailed(path, 0, error)
  } finally {
    file.close()
  }
}

/** For writing. Errors are the platform's: what they mean depends on what was being done. */
export class HeadFile {
  readonly #file: File
  /** What the file holds, as far as this process knows. */
  readonly #image: Buffer
  /** Where it is read into to be compared with that. */
  readonly #found: Buffer = Buffer.alloc(SLOT_DISTANCE_BYTES + SLOT_SIZE_BYTES)
  /** Counter of the newest slot. */
  #write: number
  /** Counter of the newest write that is durable. */
  #synced = 0

  /** Opens a head that exists; `write` is the counter of its newest slot. */
  constructor(files: Files, path: string, write: number) {
    this.#file = files.open(path, 'write')
    this.#write = write
    this.#image = Buffer.from(this.#read())
  }

  /**
   * False: somebody else has written the head, so the lock did not hold (its file was removed, or its file system does
   * not lock). One look for each group, because two writers destroy each other's events.
   */
  isOurs(): boolean {
    return this.#read().equals(this.#image)
  }

  get isSynced(): boolean {
    return this.#synced === this.#write
  }

  /**
   * Not durable until synced. Goes into the other slot only if the newest one is durable, else into the same again: so
   * there is always one slot that no crash can tear.
   */
  write(state: HeadState): void {
    const write = this.#write + (this.isSynced ? 1 : 2)
    const slot = Buffer.from(encodeSlot(state, write), 'latin1')
    const offset = (write & 1) * SLOT_DISTANCE_BYTES
    writeWhole(this.#file, slot, offset)
    slot.copy(this.#image, offset)
    this.#write = write
  }

  async sync(): Promise<void> {
    const write = this.#write
    await this.#file.sync()
    // One that waited in place may have come first, with a newer one.
    this.#synced = Math.max(this.#synced, write)
  }

  syncNow(): void {
    this.#file.syncNow()
    this.#synced = this.#write
  }

  close(): void {
    this.#file.close()
  }

  #read(): Buffer {
    this.#file.read(this.#found, this.#found.length, 0)
    return this.#found
  }
}

/** A whole head file with one slot, for a new store or a repaired one. */
export function encodeHeadFile(state: HeadState): Uint8Array {
  // The first write has the counter 1, so it is in the second slot; the first one is empty until the next write.
  const bytes = Buffer.alloc(SLOT_DISTANCE_BYTES + SLOT_SIZE_BYTES, ' ')
  bytes.write(encodeSlot(state, 1), SLOT_DISTANCE_BYTES, 'latin1')
  return bytes
}

export function newerFormat(path: string, found: number): PerdureError<'format-newer'> {
  return new PerdureError(
    'format-newer',
    `${path} is of format ${found}; this version of Perdure knows formats up to ${FORMAT}`,
    { path, found, supported: FORMAT },
    { hint: 'Use the version of Perdure that wrote it, or a newer one.' },
  )
}

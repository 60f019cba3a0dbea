/** Writes groups to a file up to its head: group, sync, head, and only then an answer. The log and the current values do. */
import { hash as hashOnce, type Hash } from 'node:crypto'
import { isPerdureError, PerdureError } from '../../errors.js'
import { isOutOfSpace } from '../../files/codes.js'
import { diskFull, lockLost, syncFailed, writeFailed } from './failures.js'
import { encodeMark, type HeadState } from './format.js'
import { GroupSync } from './group-sync.js'
import type { HeadFile } from './head-file.js'
import type { File, Platform } from '../../files/platform.js'
import type { Slab } from './slab.js'
import { writeWhole } from '../../files/whole-write.js'

/** How long after a group the head is synced at the latest. */
const HEAD_SYNC_DELAY_MS = 100

/** The file that is being written. */
export interface GroupFile {
  readonly path: string
  /** Its name as the head has it. */
  readonly from: number
  readonly file: File
  /** SHA-256 of its first `bytes` bytes. */
  readonly hash: Hash
  bytes: number
}

/** What is written, up to which head. */
export interface Headed {
  readonly logId: string
  readonly platform: Platform
  readonly headFile: HeadFile
  head: HeadState
}

export interface GroupWriterSettings {
  /** What writing is called, the folder, and the head's path in it, as errors name them. */
  readonly operation: 'append' | 'put'
  readonly root: string
  readonly headPath: string
  readonly syncHead: 'idle' | 'close'
}

/** What a group brings the head to. */
export interface GroupEnd {
  readonly events: number
  readonly last: number
  readonly time: string | undefined
}

export class GroupWriter {
  readonly #to: Headed
  readonly #settings: GroupWriterSettings
  readonly #sync: GroupSync
  /** Why nothing may be written any more. */
  #failure: PerdureError | undefined
  #cancelHeadSync: (() => void) | undefined
  #headSync: Promise<void> | undefined
  /** Both slots of the head say the same, durably. */
  #headAtRest = true

  constructor(to: Headed, settings: GroupWriterSettings) {
    this.#to = to
    this.#settings = settings
    this.#sync = new GroupSync(to.platform)
  }

  /** @throws PerdureError `sync-failed` or `backend-failed`, nothing written, once writing has failed for good */
  assertWritable(): void {
    if (this.#failure === undefined) return
    const { code, message, facts } = this.#failure
    throw new PerdureError(code, `writing is closed since ${message}`, facts, {
      cause: this.#failure,
      written: 'no',
      hint: 'Close the store and open it again: that settles what was written. Reading goes on.',
    })
  }

  /**
   * Writes the lines of the slab as one group to the file that `open` gives; resolves once it is durable and on record.
   * `isAlone`: nobody else waits for the same sync.
   *
   * @throws PerdureError `disk-full` (nothing written, writing goes on); `sync-failed`, `backend-failed` (unknown, and
   * writing is closed for good)
   */
  async write<Open extends GroupFile>(
    openFile: () => Open,
    slab: Slab,
    { events, last, time }: GroupEnd,
    isAlone: boolean,
  ): Promise<{ open: Open; bytes: Buffer; lineEnds: readonly number[] }> {
    this.assertWritable()
    const open = this.#settle('no', () => {
      if (!this.#to.headFile.isOurs()) throw lockLost(this.#settings.root)
      return openFile()
    })
    const { lines } = slab
    // The head holds the digest of just the bytes that stand before the group.
    const before = { bytes: open.bytes, last: this.#to.head.last, sha256: this.#to.head.sha256 }
    const mark = encodeMark(before, { bytes: lines.length, events, sha256: hashOnce('sha256', lines) })
    const { bytes, lineEnds } = slab.withMark(mark)
    this.#settle('unknown', () => {
      this.writeBytes(open, bytes)
    })
    // Before the sync, because after it the processor has forgotten the group. If the sync fails, nothing follows.
    open.hash.update(bytes)
    const sha256 = open.hash.copy().digest('hex')
    try {
      await this.#sync.sync(open.file, isAlone)
    } catch (error) {
      throw this.#fail(syncFailed(open.path, 'unknown', error))
    }
    // A sync of the head may be under way; once one has failed, nothing is acknowledged.
    await this.#headSync
    if (this.#failure !== undefined) throw syncFailed(this.#settings.headPath, 'unknown', this.#failure)
    open.bytes += bytes.length
    this.#settle('unknown', () => {
      this.moveHead(open, sha256, last, time)
    })
    this.#planHeadSync()
    return { open, bytes, lineEnds }
  }

  /** Waits for the head's sync, makes it durable, then `finish`es; nothing of that after a failure. */
  async close(finish: () => void): Promise<void> {
    this.#cancelHeadSync?.()
    await this.#headSync
    try {
      // After a failure nothing is synced again: opening decides from what is really there.
      if (this.#failure !== undefined) return
      if (!this.#headAtRest) this.restHeadNow()
      finish()
    } catch (error) {
      throw isPerdureError(error) ? error : writeFailed(this.#settings.root, 'close', undefined, error)
    }
  }

  /** Leaves the file as it was if there is no room. */
  writeBytes(open: GroupFile, bytes: Uint8Array): void {
    try {
      writeWhole(open.file, bytes, open.bytes)
    } catch (error) {
      if (!isOutOfSpace(error)) throw error
      open.file.truncate(open.bytes)
      open.file.syncNow()
      throw diskFull(open.path, error)
    }
  }

  moveHead(open: GroupFile, sha256: string, last: number, time: string | undefined): void {
    const to = this.#to
    to.head = { log: to.logId, segment: open.from, bytes: open.bytes, last, time, hasKv: to.head.hasKv, sha256 }
    to.headFile.write(to.head)
    this.#headAtRest = false
  }

  /**
   * Says in the head, durably, that there are current values.
   *
   * @throws PerdureError, nothing written, if writing is closed, or is now; or what reading the head throws
   */
  noteValues(): void {
    if (this.#to.head.hasKv) return
    this.assertWritable()
    if (!this.#to.headFile.isOurs()) throw lockLost(this.#settings.root)
    this.#settle('no', () => {
      this.#to.head = { ...this.#to.head, hasKv: true }
      this.#to.headFile.write(this.#to.head)
      this.restHeadNow()
    })
  }

  restHeadNow(): void {
    const { headFile } = this.#to
    headFile.syncNow()
    headFile.write(this.#to.head)
    headFile.syncNow()
    this.#headAtRest = true
  }

  /** Not put off by further groups: under a steady load the head would never be synced. */
  #planHeadSync(): void {
    if (this.#settings.syncHead === 'close' || this.#cancelHeadSync !== undefined) return
    this.#cancelHeadSync = this.#to.platform.timer(HEAD_SYNC_DELAY_MS, () => {
      this.#cancelHeadSync = undefined
      this.#headSync = this.#restHead().finally(() => {
        this.#headSync = undefined
      })
    })
  }

  /** Into both slots, one after the other, so that damage to one of them takes nothing back. */
  async #restHead(): Promise<void> {
    const { headFile } = this.#to
    try {
      await headFile.sync()
      // A group may have come meanwhile; then the next rest will do it.
      if (!headFile.isSynced) return
      headFile.write(this.#to.head)
      await headFile.sync()
      this.#headAtRest = headFile.isSynced
    } catch (error) {
      this.#fail(syncFailed(this.#settings.headPath, undefined, error))
    }
  }

  /** Runs a step of writing. What it throws, except for a lack of room, closes this file to writing. */
  #settle<T>(written: 'no' | 'unknown', step: () => T): T {
    try {
      return step()
    } catch (error) {
      if (isPerdureError(error) && error.code === 'disk-full') throw error
      throw this.#fail(
        isPerdureError(error) ? error : writeFailed(this.#settings.root, this.#settings.operation, written, error),
      )
    }
  }

  #fail<Failure extends PerdureError>(failure: Failure): Failure {
    this.#failure ??= failure
    this.#cancelHeadSync?.()
    return failure
  }
}

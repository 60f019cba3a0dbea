/** Reading a folder while another process writes to it: up to the head, taking no lock, and creating and changing nothing. */
import { resolve } from 'node:path'
import { storeClosed } from '../../errors.js'
import type {
  Backend,
  BackendVerification,
  BootStep,
  Claim,
  CommitOutcome,
  Matcher,
  Page,
  PageRequest,
  SnapshotBackend,
} from '../protocol.js'
import { FolderReader } from './folder-reader.js'
import { FolderPaths, lookInto, missing } from './folder.js'
import { nodePlatform } from '../../files/node-platform.js'
import { ObservedKv, readOnly } from './observed-kv.js'
import { ObservedLog } from './observed-log.js'
import type { Platform } from '../../files/platform.js'
import { FileSnapshots } from './snapshot-backend.js'
import { verifyFolder } from './verification.js'

/** How often the head is looked at while somebody follows. */
const POLL_INTERVAL_MS = 20

export interface FileObserverOptions {
  readonly folder: string
  readonly platform?: Platform
}

/** @throws PerdureError `store-missing`, `store-foreign`, `head-missing`, `log-corrupt`, `kv-corrupt`, `format-newer`, `backend-failed` */
export async function openFileObserver({ folder, platform = nodePlatform }: FileObserverOptions): Promise<Backend> {
  const paths = new FolderPaths(resolve(folder))
  const contents = lookInto(platform.files, paths)
  if (contents === undefined) throw missing(paths.root, 'does not exist')
  if (contents.isNew) throw missing(paths.root, 'is empty')
  const log = new ObservedLog(platform, paths)
  try {
    return new FileObserver(log)
  } catch (error) {
    log.close()
    throw error
  }
}

class FileObserver implements Backend {
  readonly name = 'file'
  readonly durable = true
  readonly logId: string
  readonly boot: readonly BootStep[]
  readonly kv: ObservedKv
  readonly snapshots: SnapshotBackend
  readonly #log: ObservedLog
  #reader: FolderReader
  #isClosed = false
  /** Those who wait for the next look at the head. */
  readonly #pausing = new Set<() => void>()

  constructor(log: ObservedLog) {
    this.#log = log
    this.#reader = new FolderReader(log)
    const { logId, paths, platform } = log.parts
    const assertOpen = (): void => this.#assertOpen()
    this.logId = logId
    this.boot = [{ step: 'folder', found: `observed up to position ${log.head.last}; nothing is changed` }]
    this.kv = new ObservedKv(platform.files, paths, log.head, assertOpen)
    const snapshots = new FileSnapshots(platform.files, paths, logId, assertOpen)
    this.snapshots = {
      list: (key) => snapshots.list(key),
      read: (place) => snapshots.read(place),
      put: () => Promise.reject(readOnly('snapshots.take')),
      remove: () => Promise.reject(readOnly('snapshots.take')),
    }
  }

  append(): Promise<readonly CommitOutcome[]> {
    return Promise.reject(readOnly('append'))
  }

  adopt(): Promise<void> {
    return Promise.reject(readOnly('append'))
  }

  claim(): Promise<Claim | undefined> {
    return Promise.reject(readOnly('subscribe'))
  }

  async read(matcher: Matcher, page: PageRequest): Promise<Page> {
    return this.#refreshed().read(matcher, page)
  }

  async find(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#refreshed().find(ids)
  }

  async head(): Promise<{ position: number; time?: string }> {
    return this.#refreshed().head()
  }

  async revision(stream: string): Promise<number> {
    return this.#refreshed().revisionOf(stream)
  }

  async streams(
    prefix: string,
    page: { after: string; limit: number },
  ): Promise<readonly { stream: string; revision: number }[]> {
    return this.#refreshed().streams(prefix, page)
  }

  async positionAt(time: string): Promise<number> {
    return this.#refreshed().positionAt(time)
  }

  async *changed(signal: AbortSignal): AsyncGenerator<number, void, void> {
    this.#assertOpen()
    let seen = -1
    while (!signal.aborted && !this.#isClosed) {
      const { position } = this.#refreshed().head()
      if (position === seen) {
        await this.#pause(signal)
        continue
      }
      seen = position
      yield position
    }
  }

  async verify(): Promise<BackendVerification> {
    this.#refreshed()
    const { head, segments, open, parts } = this.#log
    return verifyFolder({ ...parts, head, segments, open, isObserved: true })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const wake of [...this.#pausing]) wake()
    this.#log.close()
  }

  /** Whoever asks sees the log as it is now. */
  #refreshed(): FolderReader {
    this.#assertOpen()
    // What was found of a stream's revision is out of date when the log has grown.
    if (this.#log.refresh()) this.#reader = new FolderReader(this.#log)
    return this.#reader
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await new Promise<void>((done) => {
      const wake = (): void => {
        cancel()
        signal.removeEventListener('abort', wake)
        this.#pausing.delete(wake)
        done()
      }
      const cancel = this.#log.parts.platform.timer(POLL_INTERVAL_MS, wake, true)
      signal.addEventListener('abort', wake)
      this.#pausing.add(wake)
    })
  }

  #assertOpen(): void {
    if (this.#isClosed) throw storeClosed()
  }
}

/** What a promise is tested with: a backend, stores over it, a clock and randomness of its own, and a check at the end. */
import assert from 'node:assert/strict'
import { open, type Backend, type OpenOptions, type Store } from '../src/index.js'
import { manualClock } from '../testing/manual-clock.js'
import { seededRandom } from '../testing/seeded-random.js'
import { openMemoryBackend } from '../src/backends/memory/backend.js'
import { withRetries } from './retries.js'

/** A promise is a title that is a true sentence, and the test of it. */
export type Promises = Readonly<Record<string, (it: Case) => Promise<void>>>

/** A backend as the suite is handed it. */
export interface BackendUnderTest {
  readonly backend: Backend
  /** Opens the same log again; called after `backend.close()`. Left out where nothing outlives it. */
  readonly reopen?: () => Promise<Backend>
  /** Throws away what was kept. Called after everything is closed. */
  readonly dispose?: () => Promise<void>
}

interface CaseOptions {
  readonly openBackend: () => Promise<BackendUnderTest>
  readonly durable?: boolean
  readonly faults?: (backend: Backend) => Backend
}

export class Case {
  /** Of every store of this case. Stands still. */
  readonly clock = manualClock()
  readonly random = seededRandom(20)
  readonly #options: CaseOptions
  readonly #opened: BackendUnderTest[] = []
  #backend: Backend
  #store: Store | undefined
  /** Of the log of this case, once a store was opened with some: who opens it again needs them. */
  #keys: Pick<OpenOptions, 'keys'> = {}
  #closed = false

  private constructor(options: CaseOptions, under: BackendUnderTest) {
    this.#options = options
    this.#opened.push(under)
    this.#backend = under.backend
  }

  static async begin(options: CaseOptions): Promise<Case> {
    const it = new Case(options, await options.openBackend())
    assert.equal(it.backend.durable, options.durable ?? true, 'the backend says otherwise whether it is durable')
    return it
  }

  get backend(): Backend {
    return this.#backend
  }

  /** With which the last store was opened, if it was with some. */
  get keys(): NonNullable<OpenOptions['keys']> {
    assert.ok(this.#keys.keys !== undefined, 'the log of this case is not sealed')
    return this.#keys.keys
  }

  /** A store over the backend; with the faults of this run, if there are any. */
  async store(options: OpenOptions = {}): Promise<Store> {
    const { faults } = this.#options
    const store = await this.storeOver(faults?.(this.#backend) ?? this.#backend, options)
    if (faults !== undefined) this.#store = withRetries(store)
    return this.#store ?? store
  }

  /** A store over `wrapped`, which passes its calls on to the backend in a way of the case's own. */
  async storeOver(wrapped: Backend, options: OpenOptions = {}): Promise<Store> {
    const { keys } = options
    if (keys !== undefined) this.#keys = { keys }
    this.#store = await open(wrapped, { clock: this.clock, random: this.random.bytes, ...options })
    return this.#store
  }

  /** Closes what is open and opens the same log again. */
  async reopen(options: OpenOptions = {}): Promise<Store> {
    await this.close()
    await this.reopenBackend()
    return await this.store({ ...this.#keys, ...options })
  }

  /** The same at the seam; what was open has been closed. */
  async reopenBackend(): Promise<Backend> {
    const reopen = this.#opened[0]?.reopen
    assert.ok(reopen, 'a durable backend comes with a way to open its log again')
    this.#backend = await reopen()
    this.#closed = false
    return this.#backend
  }

  /** Closes the store and the backend; the log is checked at the end only if it can be opened again. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#store?.close()
    this.#store = undefined
    await this.#backend.close()
  }

  /** Another new, empty backend of the kind under test. */
  async another(): Promise<Backend> {
    const under = await this.#options.openBackend()
    this.#opened.push(under)
    return under.backend
  }

  /** A store over the memory backend, which is the reference, with the same clock. */
  async reference(options: OpenOptions = {}): Promise<Store> {
    return await open(openMemoryBackend(), { clock: this.clock, random: seededRandom(21).bytes, ...options })
  }

  async end({ check }: { check: boolean }): Promise<void> {
    try {
      if (check) await this.#check()
    } finally {
      await this.close()
      for (const { backend, dispose } of this.#opened) {
        await backend.close()
        await dispose?.()
      }
    }
  }

  /** Whatever a case did, a complete check of the log finds nothing wrong, and so it is after opening it again. */
  async #check(): Promise<void> {
    const reopens = this.#opened[0]?.reopen !== undefined
    if (this.#closed) {
      if (!reopens) return
      await this.reopenBackend()
    }
    const { root } = await this.#verified(await this.#plainStore())
    if (!reopens) return
    await this.close()
    await this.reopenBackend()
    const again = await this.#verified(await this.#plainStore())
    assert.equal(again.root, root, 'after the case, the log is another one when it is opened again')
  }

  async #plainStore(): Promise<Store> {
    return await this.storeOver(this.#backend, this.#keys)
  }

  async #verified(store: Store): Promise<{ root: string }> {
    const report = await store.verify()
    assert.deepEqual(report.findings, [], 'after the case, verify() found something')
    return report
  }
}

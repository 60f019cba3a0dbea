/** The current values of a simulated life: puts and what they answered, and every state that they may be in. */
import type { Backend, KvEntry } from '../../src/backends/protocol.js'
import { isPerdureError } from '../../src/errors.js'
import { closes, losesSync } from './excuses.js'
import { valuesOf } from './format-reader.js'
import { assertHolds, Violation } from './invariants.js'
import { distinct, type KvState, NO_VALUES, predictPuts, type PutSpec, textOf, valuesText } from './kv-model.js'
import type { Host } from './host.js'
import { FOLDER } from './scenario.js'

/** What is known of the current values. */
export interface KvExpectation {
  /** More than one: the outcome of the newest group is not known. */
  readonly possible: readonly KvState[]
  /** Those acknowledged before, oldest first. */
  readonly past: readonly KvState[]
}

export const NO_VALUES_EXPECTED: KvExpectation = { possible: [NO_VALUES], past: [NO_VALUES] }

const ROT_STRIDE = 5

export class KvLife {
  readonly #host: Host
  #possible: readonly KvState[]
  #past: readonly KvState[]
  /** A put failed, not for want of room: nothing may be acknowledged before the log is reopened. */
  #broken = false

  constructor(host: Host, { possible, past }: KvExpectation) {
    this.#host = host
    this.#possible = possible
    this.#past = past
  }

  expectation(): KvExpectation {
    return { possible: this.#possible, past: this.#past }
  }

  /** The log has just been opened. */
  async audit(backend: Backend, lied: boolean): Promise<void> {
    this.#broken = false
    this.#possible = settleValues(await readValues(backend), this.expectation(), lied ? 0 : undefined)
  }

  /** Puts that are made at the same time: one group, written as a whole or not at all. */
  async put(puts: readonly PutSpec[]): Promise<void> {
    const host = this.#host
    const { backend, disk } = host
    if (backend === undefined) return
    const strikes = disk.strikes.length
    const before = this.#possible
    const predictions = before.map((state) => predictPuts(state, puts))
    if (!this.#broken) this.#possible = distinct([...before, ...predictions.map(({ after }) => after)])
    host.note()
    const settled = await Promise.allSettled(
      puts.map((put) => backend.kv.put(put.key, textOf(put), put.expect ?? 'any')),
    )
    if (!disk.crashed) {
      const failures = settled.filter((one) => one.status === 'rejected')
      const isWhole = failures.length === 0 || failures.length === puts.length
      assertHolds('I2', isWhole, () => `${failures.length} of ${puts.length} puts of a group failed`)
      if (failures[0] !== undefined) this.#failed(failures[0].reason, strikes, before)
      else this.#answered(JSON.stringify(settled.map((one) => (one as { value?: unknown }).value)), predictions)
    }
    host.note()
  }

  /** Each value is then answered rightly, or called damaged. */
  async rot(): Promise<void> {
    const { backend, disk } = this.#host
    const path = valuesOf(disk.view(), FOLDER)?.path
    const node = path === undefined ? undefined : disk.volume.node(path)
    if (backend === undefined || node === undefined || node === 'folder') return
    const bytes = node.view.snapshot()
    for (let offset = 0; offset < bytes.length; offset += ROT_STRIDE) {
      // Past the calls: this is no write, and no power failure can undo it.
      node.view.write(Uint8Array.of((bytes[offset] ?? 0) ^ 1), offset)
      await this.#auditRotten(backend)
      node.view.write(bytes.subarray(offset, offset + 1), offset)
    }
  }

  async #auditRotten(backend: Backend): Promise<void> {
    const strikes = this.#host.disk.strikes.length
    try {
      settleValues(await readValues(backend), this.expectation())
    } catch (error) {
      if (error instanceof Violation) throw error
      const isCalled = isPerdureError(error) && error.code === 'kv-corrupt'
      const isExcused = this.#host.disk.crashed || this.#host.disk.strikes.length > strikes
      assertHolds('I7', isCalled || isExcused, () => `a rotten value is answered with ${String(error)}`)
    }
  }

  #answered(answer: string, predictions: readonly ReturnType<typeof predictPuts>[]): void {
    const right = predictions.filter(({ outcomes }) => JSON.stringify(outcomes) === answer)
    const wanted = (): string => predictions.map(({ outcomes }) => JSON.stringify(outcomes)).join(' or ')
    assertHolds('I0', right.length > 0, () => `the puts answered ${answer} where ${wanted()} belongs`)
    const isClosed = this.#broken || losesSync(this.#host.strikesSinceOpen(), 'kv')
    assertHolds('I9', !isClosed || !answer.includes('"written"'), () => `puts were acknowledged: ${answer}`)
    this.#possible = distinct(right.map(({ after }) => after))
    this.#past = [...this.#past, ...this.#possible]
  }

  #failed(error: unknown, strikes: number, before: readonly KvState[]): void {
    const { disk, mark } = this.#host
    const [code, written] = isPerdureError(error)
      ? [error.code, error.written ?? 'unknown']
      : [String(error), 'unknown']
    mark(`put: ${code}, written ${written}`)
    const struck = this.#host.strikesSinceOpen()
    // The first put of all is noted in the log's head: whatever closes the log closes it too.
    const isClosed = closes(struck, 'kv') || (before.some(({ last }) => last === 0) && struck.length > 0)
    const isStruck = disk.strikes.length > strikes || isClosed
    assertHolds('I12', this.#broken || isStruck, () => `a put failed without a fault: ${String(error)}`)
    if (!this.#broken && written === 'no') this.#possible = before
    if (code !== 'disk-full') this.#broken = true
  }
}

/** All entries, as listing gives them and as getting does. Throws what the backend throws. */
export async function readValues(backend: Backend): Promise<KvState> {
  const listed: KvEntry[] = []
  for (let after = ''; ;) {
    const page = await backend.kv.list('', { after, limit: 3, maxBytes: 4096 })
    listed.push(...page)
    const last = page.at(-1)
    if (last === undefined) break
    after = last.key
  }
  for (const entry of [...listed, { key: 'nobody' }]) {
    const got = await backend.kv.get(entry.key)
    const isSame = 'text' in entry ? JSON.stringify(got) === JSON.stringify(entry) : got === undefined
    assertHolds('I13', isSame, () => `${entry.key} is listed otherwise than it is got`)
  }
  return { last: 0, entries: new Map(listed.map(({ key, text, revision }) => [key, { text, revision }])) }
}

/** The possible states that these values can be; from `floor` on also those of the past, where one may have been lost. */
export function settleValues(found: KvState, { possible, past }: KvExpectation, floor?: number): readonly KvState[] {
  const text = valuesText(found)
  const matching = possible.filter((state) => valuesText(state) === text)
  if (matching.length > 0) return matching
  const older = past.filter((state) => floor !== undefined && state.last >= floor && valuesText(state) === text)
  const wanted = (): string => possible.map(valuesText).join(' or ')
  assertHolds('I13', older.length > 0, () => `the values are ${text} where ${wanted()} belongs`)
  return distinct(older)
}

/** Lives a scenario through against a file backend on a simulated disk, and keeps account of what it may rely on. */
import type { Backend } from '../../src/backends/protocol.js'
import { isPerdureError } from '../../src/errors.js'
import { SimulatedDisk, type SimulatedDiskOptions } from '../simulated-disk.js'
import { auditBackend, type Expectation, readAll, settle } from './audit.js'
import type { Strike } from './calls.js'
import { auditCut } from './cut.js'
import type { CrashVariant } from './crash.js'
import { closes, DAMAGE_CODES, goesOn, losesSync } from './excuses.js'
import type { CallKind, Fault } from './faults.js'
import { type DiskImage, EMPTY_IMAGE } from './image.js'
import type { Host } from './host.js'
import { assertHolds, Violation } from './invariants.js'
import { KvLife, NO_VALUES_EXPECTED } from './kv-life.js'
import { type CommitSpec, encodeCommit, type Entry, outcomeText, predict } from './model.js'
import { scriptedImage } from './power.js'
import { FOLDER, type Scenario, type Step } from './scenario.js'
import { auditSnapshots, NO_SNAPSHOTS, SnapshotLife } from './snapshot-life.js'
import type { Mark, Subject } from './subject.js'
import type { Recording } from './trace.js'

const START_MS = Date.UTC(2026, 0, 1)
const SETTLING_TURNS = 200
const OPEN_ATTEMPTS = 3

export class Life implements Host {
  readonly recordings: Recording<Expectation>[] = []
  /** The calls made to each disk in turn. */
  readonly calls: CallKind[][] = []
  disk: SimulatedDisk
  backend: Backend | undefined
  /** Acknowledged, or answered after opening. */
  certain: Entry[] = []
  uncertain: readonly Entry[] = []
  logId: string | undefined
  readonly values: KvLife
  readonly snapshots: SnapshotLife
  lied = false
  /** How often the log was opened, or refused to be. */
  opened = 0
  #clockMs = START_MS
  #strikesAtOpen = 0
  /** An append failed, not for want of room: nothing may be acknowledged before the log is reopened. */
  #broken = false
  #turn = 0

  /**
   * `from`: a disk that an earlier life has left, and what is known of its log. `setback`: a fault that is not in the
   * script, for the disk with this number.
   */
  constructor(
    readonly subject: Subject,
    readonly scenario: Scenario,
    readonly seed: number,
    readonly mark: Mark,
    from?: { readonly image: DiskImage; readonly expectation: Expectation },
    readonly setback?: { readonly disk: number; readonly fault: Fault },
  ) {
    this.values = new KvLife(this, from?.expectation.values ?? NO_VALUES_EXPECTED)
    this.snapshots = new SnapshotLife(this, from?.expectation.snapshots ?? NO_SNAPSHOTS)
    if (from !== undefined) {
      this.certain = [...from.expectation.certain]
      this.uncertain = from.expectation.uncertain
      this.logId = from.expectation.logId
      this.lied = from.expectation.lied === true
    }
    this.disk = this.#newDisk(from === undefined ? {} : { image: from.image })
    this.#turn = seed
  }

  /** @throws Violation */
  async run(): Promise<void> {
    await this.open()
    for (const step of this.scenario.steps) {
      const revives = step.do === 'power' || step.do === 'kill'
      if (revives || !this.disk.crashed) await this.take(step)
    }
    if (!this.disk.crashed) await this.close()
  }

  /** Whether there are current values at all. */
  get usesValues(): boolean {
    return this.scenario.steps.some((step) => 'puts' in step)
  }

  expectation(): Expectation {
    const { certain, uncertain, logId, lied } = this
    const [values, snapshots] = [this.values.expectation(), this.snapshots.expectation()]
    return { certain: [...certain], uncertain, logId, lied, values, snapshots }
  }

  /** Opens the log and audits it. False: a fault kept it from opening. */
  async open(): Promise<boolean> {
    for (let attempt = 0; attempt < OPEN_ATTEMPTS && !this.disk.crashed; attempt++) {
      const strikes = this.disk.strikes.length
      try {
        await this.#openOnce()
        return true
      } catch (error) {
        if (error instanceof Violation) throw error
        await this.#failedOpen(error, strikes)
      }
    }
    return false
  }

  async #openOnce(): Promise<void> {
    const before = this.disk.view()
    this.opened++
    this.backend = await this.subject.openFileBackend({ ...this.options(), create: this.logId === undefined })
    this.#strikesAtOpen = this.disk.strikes.length
    this.#broken = false
    for (const { step, found } of this.backend.boot) this.mark(`${step}: ${found}`)
    auditCut(before, this.disk.view(), this.backend.boot)
    const log = await auditBackend(this.backend, this.expectation(), this.#turn++)
    await this.values.audit(this.backend, this.lied)
    const mayMiss = this.lied
    await auditSnapshots(this.backend, this.snapshots.expectation(), { mayMiss, mayBeMalformed: mayMiss })
    this.certain = [...log]
    this.uncertain = []
    this.logId = this.backend.logId
    this.note()
  }

  async close(): Promise<void> {
    const strikes = this.disk.strikes.length
    try {
      await this.backend?.close()
    } catch (error) {
      if (!this.#isExcused(strikes)) throw new Violation('I12', `closing failed without a fault: ${String(error)}`)
    }
    this.backend = undefined
  }

  options(): Omit<Parameters<Subject['openFileBackend']>[0], 'create'> {
    const { segmentBytes, syncHead, kvCompactionBytes } = this.scenario
    return {
      folder: FOLDER,
      platform: this.disk,
      ...(segmentBytes === undefined ? {} : { segmentBytes }),
      ...(syncHead === undefined ? {} : { syncHead }),
      ...(kvCompactionBytes === undefined ? {} : { kvCompactionBytes }),
    }
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'append':
        return await this.append(step.group, step.now)
      case 'adopt':
        return await this.#adopt(step.commits, step.wrong === true)
      case 'put':
        return await this.values.put(step.puts)
      case 'meanwhile':
        return void (await Promise.all([this.append(step.group), this.values.put(step.puts)]))
      case 'rot':
        return await this.values.rot()
      case 'snapshot':
        return await (step.remove === true ? this.snapshots.remove(step) : this.snapshots.take(step))
      case 'read':
        return await this.#read()
      case 'idle':
        this.disk.fireTimers()
        if (step.waiting !== false) for (let turn = 0; turn < SETTLING_TURNS; turn++) await Promise.resolve()
        return
      case 'reopen':
        await this.close()
        return void (await this.open())
      case 'kill':
        this.disk = this.#newDisk({ volume: this.disk.kill() }, this.disk)
        return void (await this.open())
      case 'power':
        this.disk = this.#newDisk({ image: scriptedImage(this.disk, step) }, this.disk)
        return void (await this.open())
      case 'fault':
        return this.disk.plan(step.fault)
      case 'healthy':
        return this.disk.clearFaults()
    }
  }

  /** The power failed like this; the log is opened again. */
  async reviveAfter(variant: CrashVariant): Promise<void> {
    this.disk = this.#newDisk({ image: this.disk.crash(variant) }, this.disk)
    await this.open()
  }

  async append(group: readonly CommitSpec[], now = this.#now()): Promise<void> {
    const { outcomes, added } = predict(this.certain, group, now)
    await this.#write(added, async (backend) => {
      const answered = await backend.append(group.map(encodeCommit), now)
      const [found, wanted] = [answered, outcomes].map((list) => list.map(outcomeText).join('\n'))
      assertHolds('I0', found === wanted, () => `answered ${found} where ${wanted} belongs`)
    })
  }

  async #adopt(commits: readonly CommitSpec[], wrong: boolean): Promise<void> {
    const { added } = predict(this.certain, commits, this.#now())
    const lines = added.map(({ line }) => line)
    if (!wrong) return await this.#write(added, async (backend) => await backend.adopt(lines))
    const strikes = this.disk.strikes.length
    try {
      await this.backend?.adopt(lines.slice(1))
    } catch (error) {
      const code = isPerdureError(error) ? error.code : String(error)
      const isExpected = code === 'lines-invalid' || this.#isExcused(strikes)
      return assertHolds('I0', isExpected, () => `wrong lines are refused with ${code}`)
    }
    assertHolds('I0', this.backend === undefined, () => 'lines that do not continue the log were adopted')
  }

  async #write(added: readonly Entry[], write: (backend: Backend) => Promise<void>): Promise<void> {
    const { backend, disk } = this
    if (backend === undefined) return
    const strikes = disk.strikes.length
    const wasBroken = this.#broken
    if (!wasBroken) this.uncertain = added
    this.note()
    try {
      await write(backend)
      if (disk.crashed) return
      const isClosed = wasBroken || losesSync(this.strikesSinceOpen(), 'log')
      assertHolds('I9', added.length === 0 || !isClosed, () => `${added.length} events were acknowledged`)
      this.certain.push(...added)
      this.uncertain = wasBroken ? this.uncertain : []
    } catch (error) {
      if (error instanceof Violation) throw error
      if (!disk.crashed) this.#failedWrite(error, strikes, wasBroken)
    }
    this.note()
  }

  #failedWrite(error: unknown, strikes: number, wasBroken: boolean): void {
    const [code, written] = isPerdureError(error)
      ? [error.code, error.written ?? 'unknown']
      : [String(error), 'unknown']
    this.mark(`append: ${code}, written ${written}`)
    assertHolds(
      'I12',
      wasBroken || this.#isExcused(strikes),
      () => `an append failed without a fault: ${String(error)}`,
    )
    assertHolds('I9', !wasBroken || written === 'no', () => `a closed log calls an append ${code}, written ${written}`)
    if (wasBroken) return
    if (written === 'no') this.uncertain = []
    this.#broken = !goesOn(error)
  }

  async #failedOpen(error: unknown, strikes: number): Promise<void> {
    if (this.disk.crashed) return
    const code = isPerdureError(error) ? error.code : String(error)
    const isDamage = DAMAGE_CODES.has(code)
    // A sync that lied may leave anything; a call that failed is no reason to call the log damaged.
    const isExcused = isDamage ? this.lied : this.lied || this.disk.strikes.length > strikes
    this.mark(`open: ${code}${isDamage ? ', after a lying sync' : ''}`)
    if (!isExcused) throw new Violation('I7', `a sound log was refused: ${String(error)}`, { cause: error })
    assertHolds('I12', isPerdureError(error), () => `opening fails with ${String(error)}`)
    await this.close()
  }

  async #read(): Promise<void> {
    if (this.backend === undefined) return
    const strikes = this.disk.strikes.length
    try {
      const lines = await readAll(this.backend)
      settle(lines, { ...this.expectation(), uncertain: [] })
    } catch (error) {
      if (error instanceof Violation) throw error
      const isExcused = this.disk.crashed || this.disk.strikes.length > strikes
      if (!isExcused)
        throw new Violation('I1', `what was acknowledged cannot be read: ${String(error)}`, { cause: error })
    }
  }

  /** Whether what failed may fail: a fault struck since, or one struck earlier that closes the log for good. */
  #isExcused(strikes: number): boolean {
    if (this.disk.crashed || this.#broken || this.disk.strikes.length > strikes) return true
    return closes(this.strikesSinceOpen(), 'log')
  }

  strikesSinceOpen(): readonly Strike[] {
    return this.disk.strikes.slice(this.#strikesAtOpen)
  }

  #now(): string {
    this.#clockMs += 10
    return new Date(this.#clockMs).toISOString()
  }

  note(): void {
    this.lied ||= this.disk.lied
    this.recordings.at(-1)?.entries.push({ note: this.expectation() })
  }

  #newDisk(from: Pick<SimulatedDiskOptions, 'image' | 'volume'>, previous?: SimulatedDisk): SimulatedDisk {
    if (from.volume === undefined) {
      const base = from.image ?? EMPTY_IMAGE
      this.recordings.push({ base, entries: [{ note: this.expectation() }] })
    }
    this.#strikesAtOpen = 0
    this.backend = undefined
    this.lied ||= previous?.lied === true
    const entries = this.recordings.at(-1)?.entries
    const calls: CallKind[] = []
    this.calls.push(calls)
    const disk = new SimulatedDisk({
      ...from,
      seed: this.seed,
      record: (op) => entries?.push(op),
      observe: (kind) => calls.push(kind),
    })
    if (this.setback?.disk === this.calls.length - 1) disk.plan(this.setback.fault)
    return disk
  }
}

/** The calls a process makes to its simulated disk: each is counted, may be struck by a planned fault, and is recorded. */
import { type CallKind, type Effect, FaultPlan, SimulatedCrash, systemError } from './faults.js'
import { applyOp, type TraceOp } from './trace.js'
import type { DiskFile } from './pending.js'
import type { Volume } from './volume.js'

/**
 * Turns of the microtask queue that a sync takes: longer than any backend's path from a sync it did not wait for to
 * its acknowledgement, so that the mistake shows.
 */
const SYNC_TURNS = 24

/** A planned fault that came true. */
export interface Strike {
  readonly call: CallKind
  readonly path: string
  readonly effect: Effect
}

export class Calls {
  readonly faults = new FaultPlan()
  /** How many calls were made. */
  count = 0
  crashed = false
  /** A sync reported a success it did not have. */
  lied = false
  /** The calls that a planned fault has struck. */
  readonly strikes: Strike[] = []

  constructor(
    readonly volume: Volume,
    readonly record: (op: TraceOp) => void,
    readonly observe: (kind: CallKind) => void,
  ) {}

  /**
   * `act` is given the effect that strikes the call, where that is the act's own to carry out. A strike is noted in
   * `strikes`.
   */
  make<T>(kind: CallKind, path: string, act: (effect: Effect | undefined) => T, strikes = this.strikes): T {
    if (this.crashed) throw new SimulatedCrash(`after the crash: ${kind} ${path}`)
    this.count++
    this.observe(kind)
    const effect = this.faults.next(kind, path)
    if (effect !== undefined) strikes.push({ call: kind, path, effect })
    if (effect?.kind === 'crash-before') this.#die(kind, path)
    if (effect?.kind === 'fail' && kind !== 'sync') throw systemError('EIO', kind, path)
    if (effect?.kind === 'no-space' && kind !== 'write') throw systemError('ENOSPC', kind, path)
    const result = act(effect)
    if (effect?.kind === 'crash-after') this.#die(kind, path)
    return result
  }

  change(op: TraceOp): void {
    this.record(op)
    applyOp(this.volume, op)
  }

  write(file: DiskFile, path: string, bytes: Uint8Array, at: number): number {
    return this.make('write', path, (effect) => {
      let length = bytes.length
      if (effect?.kind === 'short' || effect?.kind === 'no-space') length = Math.min(length, effect.bytes)
      if (length === 0 && effect?.kind === 'no-space') throw systemError('ENOSPC', 'write', path)
      // A copy: the caller's buffer may be used again, and a Buffer's slice would share its memory.
      if (length > 0) this.change({ op: 'write', file: file.id, at, bytes: new Uint8Array(bytes.subarray(0, length)) })
      return length
    })
  }

  syncNow(file: DiskFile, path: string): void {
    this.make('sync', path, (effect) => this.#sync(file, path, this.volume.pendingCount(file), effect))
  }

  /** What is written between the call and its end is not covered. */
  async sync(file: DiskFile, path: string): Promise<void> {
    const count = this.volume.pendingCount(file)
    // A sync fails when it ends: until then nobody can know.
    const strikes: Strike[] = []
    const effect = this.make('sync', path, (struck) => struck, strikes)
    for (let turn = 0; turn < SYNC_TURNS; turn++) await Promise.resolve()
    if (this.crashed) throw new SimulatedCrash(`during the sync of ${path}`)
    this.strikes.push(...strikes)
    this.#sync(file, path, count, effect)
  }

  #sync(file: DiskFile, path: string, count: number, effect: Effect | undefined): void {
    if (effect?.kind === 'lie') this.lied = true
    else if (effect?.kind === 'fail') {
      this.change({ op: 'loseSync', file: file.id, count, kept: effect.kept ?? 0 })
      throw systemError('EIO', 'sync', path)
    } else this.change({ op: 'sync', file: file.id, count })
  }

  #die(kind: CallKind, path: string): never {
    this.crashed = true
    throw new SimulatedCrash(`planned: ${kind} ${path}`)
  }
}

/**
 * A computer in memory for the file backend: a disk that loses, tears and refuses what real ones do, timers that fire
 * when told to, and seeded randomness.
 */
import type { Files, Platform } from '../src/files/platform.js'
import { Calls, type Strike } from './simulation/calls.js'
import { type CrashVariant, crashImage } from './simulation/crash.js'
import type { CallKind, Fault } from './simulation/faults.js'
import { SimulatedFiles } from './simulation/files.js'
import { type DiskImage, EMPTY_IMAGE } from './simulation/image.js'
import { Random } from './simulation/random.js'
import type { TraceOp } from './simulation/trace.js'
import { Volume } from './simulation/volume.js'

export interface SimulatedDiskOptions {
  /** What lies on the disk already, durable. Default: nothing. */
  readonly image?: DiskImage
  /** The volume of a process that was killed while the machine ran on: its cache and all. Instead of `image`. */
  readonly volume?: Volume
  readonly seed?: number
  /** Called for everything that changes the disk, in order. */
  readonly record?: (op: TraceOp) => void
  /** Called for every call, in order. */
  readonly observe?: (kind: CallKind) => void
}

/** Paths are absolute and use `/`. Every call on a crashed disk fails with `SimulatedCrash`. */
export class SimulatedDisk implements Platform {
  readonly files: Files
  /** A function of its own: callers may take it out of the platform. */
  readonly random: (bytes: number) => Uint8Array
  readonly #calls: Calls
  #timers: { callback: () => void }[] = []

  constructor(options: SimulatedDiskOptions = {}) {
    const volume = options.volume ?? new Volume(options.image ?? EMPTY_IMAGE)
    const ignore = (): void => undefined
    this.#calls = new Calls(volume, options.record ?? ignore, options.observe ?? ignore)
    const random = new Random(options.seed ?? 1)
    this.random = (bytes) => random.bytes(bytes)
    this.files = new SimulatedFiles(this.#calls)
  }

  get volume(): Volume {
    return this.#calls.volume
  }

  /** How many calls to the disk were made. */
  get calls(): number {
    return this.#calls.count
  }

  get crashed(): boolean {
    return this.#calls.crashed
  }

  /** A sync reported a success it did not have: what was acknowledged may be gone. */
  get lied(): boolean {
    return this.#calls.lied
  }

  /** The calls that a planned fault has struck, in order. */
  get strikes(): readonly Strike[] {
    return this.#calls.strikes
  }

  plan(...faults: readonly Fault[]): void {
    for (const fault of faults) this.#calls.faults.add(fault)
  }

  clearFaults(): void {
    this.#calls.faults.clear()
  }

  /** A function of the calls so far: some syncs seem fast and some slow, so that both ways of waiting are taken. */
  monotonicMs(): number {
    return Math.floor(this.#calls.count / 7) * 2
  }

  turn(): Promise<void> {
    return Promise.resolve()
  }

  timer(_delayMs: number, callback: () => void): () => void {
    const timer = { callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Runs the callbacks that wait, as if their time had come; returns how many. */
  fireTimers(): number {
    const due = this.#timers
    this.#timers = []
    for (const { callback } of due) callback()
    return due.length
  }

  /** The power fails: what is left. Whatever still runs on this disk meets only errors from now on. */
  crash(variant: CrashVariant): DiskImage {
    this.#calls.crashed = true
    return crashImage(this.volume, variant)
  }

  /** The process dies and the machine runs on: give the volume to the next disk. */
  kill(): Volume {
    this.#calls.crashed = true
    return this.volume
  }

  /** What a process that starts now would read. */
  view(): DiskImage {
    return this.volume.view()
  }
}

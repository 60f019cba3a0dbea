/** The snapshots of a simulated life: those that must be there, and those that may be. What one holds follows from its place. */
import type { Backend, SnapshotPlace } from '../../src/backends/protocol.js'
import { isPerdureError } from '../../src/errors.js'
import type { Host } from './host.js'
import { assertHolds } from './invariants.js'

export interface SnapshotExpectation {
  /** Acknowledged, and not removed. `position key`, as {@link nameOf} writes it. */
  readonly certain: ReadonlySet<string>
  /** Put or removed, and it is not known, or not durable, how that ended. */
  readonly uncertain: ReadonlySet<string>
}

export const NO_SNAPSHOTS: SnapshotExpectation = { certain: new Set(), uncertain: new Set() }

/** What may befall the snapshots of a disk. */
export interface SnapshotTolerance {
  /** One that was acknowledged may be missing. */
  readonly mayMiss: boolean
  readonly mayBeMalformed: boolean
}

const SOUND: SnapshotTolerance = { mayMiss: false, mayBeMalformed: false }

export class SnapshotLife {
  readonly #host: Host
  readonly #certain: Set<string>
  readonly #uncertain: Set<string>

  constructor(host: Host, { certain, uncertain }: SnapshotExpectation) {
    this.#host = host
    this.#certain = new Set(certain)
    this.#uncertain = new Set(uncertain)
  }

  expectation(): SnapshotExpectation {
    return { certain: new Set(this.#certain), uncertain: new Set(this.#uncertain) }
  }

  async take(place: SnapshotPlace): Promise<void> {
    const isDone = await this.#change(place, (backend) => backend.snapshots.put(place, textAt(place)))
    if (isDone) this.#certain.add(nameOf(place))
    this.#host.note()
  }

  /** Not durable: it may come back. */
  async remove(place: SnapshotPlace): Promise<void> {
    this.#certain.delete(nameOf(place))
    await this.#change(place, (backend) => backend.snapshots.remove(place))
  }

  async #change(place: SnapshotPlace, change: (backend: Backend) => Promise<void>): Promise<boolean> {
    const { backend, disk, mark } = this.#host
    if (backend === undefined) return false
    const strikes = disk.strikes.length
    this.#uncertain.add(nameOf(place))
    this.#host.note()
    try {
      await change(backend)
      return !disk.crashed
    } catch (error) {
      if (disk.crashed) return false
      const code = isPerdureError(error) ? `${error.code}, written ${error.written ?? 'unknown'}` : String(error)
      mark(`snapshot: ${code}`)
      assertHolds('I12', disk.strikes.length > strikes, () => `a snapshot failed without a fault: ${String(error)}`)
      return false
    }
  }
}

/** How many turned out to be malformed. Throws what the backend throws. */
export async function auditSnapshots(
  backend: Backend,
  { certain, uncertain }: SnapshotExpectation,
  { mayMiss, mayBeMalformed }: SnapshotTolerance = SOUND,
): Promise<number> {
  const found: string[] = []
  let malformed = 0
  for (const name of new Set([...certain, ...uncertain])) {
    const text = await readOrMalformed(backend, placeOf(name), mayBeMalformed)
    if (text === 'malformed') malformed++
    if (text !== undefined) found.push(name)
    const isAllowed = text === undefined ? mayMiss || !certain.has(name) : true
    assertHolds('I14', isAllowed, () => `the snapshot ${name} is missing`)
    const isRight = text === undefined || text === 'malformed' || text === textAt(placeOf(name))
    assertHolds('I14', isRight, () => `the snapshot ${name} is ${text}`)
  }
  const listed = (await backend.snapshots.list()).map((info) => nameOf(info)).sort()
  const isListed = malformed > 0 || JSON.stringify(listed) === JSON.stringify(found.sort())
  assertHolds('I14', isListed, () => `the snapshots are listed as ${listed.join()}, where ${found.join()} can be read`)
  return malformed
}

async function readOrMalformed(backend: Backend, place: SnapshotPlace, mayBe: boolean): Promise<string | undefined> {
  try {
    return await backend.snapshots.read(place)
  } catch (error) {
    if (mayBe && isPerdureError(error) && error.code === 'snapshot-malformed') return 'malformed'
    throw error
  }
}

function nameOf({ key, position }: SnapshotPlace): string {
  return `${position} ${key}`
}

function placeOf(name: string): SnapshotPlace {
  const [position = '', key = ''] = name.split(' ')
  return { key, position: Number(position) }
}

function textAt({ key, position }: SnapshotPlace): string {
  return JSON.stringify({ state: `${key}@${position}/`.repeat(8) })
}

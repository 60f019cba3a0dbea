/** The snapshots of a log: finding the one to go on from, saving, listing, checking. Never the truth, which is the log. */
import type { Backend, SnapshotInfo, SnapshotPlace } from '../backends/protocol.js'
import { isPerdureError, writeFailure } from '../errors.js'
import type { Selection } from '../events.js'
import {
  encodeSnapshot,
  fingerprint,
  fits,
  nameIn,
  parseSnapshot,
  snapshotMalformed,
  toSelection,
  type SavedState,
  type SnapshotSubject,
} from './snapshot-text.js'

/** So many that do not fit are met before giving up: those before them are of older versions still, most likely. */
const MISFITS_MAX = 10
/** Beyond these, what is known is forgotten, and asked for again when it is needed. */
const KNOWN_MISFITS_MAX = 10_000
const KNOWN_PLACES_MAX = 100_000

export interface Snapshot {
  readonly name: string
  readonly version: number | string
  /** The events that the state is folded from, in one form for all ways to write it. */
  readonly selection: Selection
  readonly position: number
  readonly bytes: number
}

interface CheckOptions {
  readonly isWriter: boolean
  readonly rebuild: boolean
}

export class SavedStates {
  readonly #backend: Backend
  readonly #keep: number
  /** Those of other versions, so that they are not read again and again. */
  readonly #misfits = new Set<string>()
  /** Key → positions. May be behind: then a fold goes on from an older one, which comes to the same. */
  readonly #places = new Map<string, readonly number[]>()
  #placesCount = 0

  constructor(backend: Backend, keep = Infinity) {
    this.#backend = backend
    this.#keep = keep
  }

  /** The newest that fits, at or below a position. @throws PerdureError `snapshot-malformed` */
  async newest(subject: SnapshotSubject, upTo: number): Promise<SavedState | undefined> {
    const known = this.#places.get(subject.key)
    const positions = known ?? (await this.#positionsOf(subject.key))
    let misfits = 0
    for (let i = positions.length - 1; i >= 0 && misfits < MISFITS_MAX; i--) {
      const position = positions[i] as number
      if (position > upTo) continue
      const saved = await this.#readFitting(subject, { key: subject.key, position })
      if (saved === 'gone' && known !== undefined) {
        this.forgetPlaces(subject.key)
        return await this.newest(subject, upTo)
      }
      if (saved !== 'gone' && saved !== 'misfit') return saved
      misfits++
    }
    return undefined
  }

  /** Asks the backend again where snapshots of this key are: another process may have taken some. */
  forgetPlaces(key: string): void {
    this.#places.delete(key)
  }

  /** Durable once it resolves. Does nothing if the same is there already. */
  async save(subject: SnapshotSubject, position: number, stateText: string): Promise<Snapshot> {
    const { snapshots } = this.#backend
    const place = { key: subject.key, position }
    const there = await this.#infoOf(place)
    if (there !== undefined) {
      const saved = await this.#read(there)
      if (saved !== undefined && fits(subject, saved.subject)) return toSnapshot(saved, there.bytes)
      // Of another version: who goes back to that one folds from the snapshot before.
      await snapshots.remove(place)
    }
    try {
      await snapshots.put(place, encodeSnapshot(subject, position, stateText))
    } catch (error) {
      throw writeFailure(error, 'snapshot', 'Take it again; until then states are folded from further back.')
    } finally {
      this.#misfits.delete(misfit(subject, place))
      this.forgetPlaces(place.key)
    }
    const { bytes = 0 } = (await this.#infoOf(place)) ?? {}
    await this.#removeOldest(place.key)
    return toSnapshot({ subject, position }, bytes)
  }

  /** @throws PerdureError `snapshot-malformed` */
  async list(name: string | undefined): Promise<readonly Snapshot[]> {
    const snapshots: Snapshot[] = []
    for (const info of await this.#backend.snapshots.list()) {
      const itsName = nameIn(info.key)
      // What has no name that can be read may be of this one.
      if (name !== undefined && itsName !== undefined && itsName !== name) continue
      const saved = await this.#read(info)
      if (saved !== undefined) snapshots.push(toSnapshot(saved, info.bytes))
    }
    return snapshots.sort((a, b) => a.position - b.position)
  }

  /**
   * Looks at the newest snapshot of each key.
   *
   * @param options.isWriter who writes knows the head for sure, so a snapshot beyond it is refused: it is of a log that
   * was longer, and would be taken for one of this log as soon as this one is as long
   * @param options.rebuild remove what is malformed
   * @returns how many there were, and how many of them were removed
   * @throws PerdureError `snapshot-malformed`
   */
  async check({ isWriter, rebuild }: CheckOptions): Promise<{ readonly found: number; readonly removed: number }> {
    const infos = await this.#backend.snapshots.list()
    // After the list: what another process takes meanwhile is not beyond it.
    const head = isWriter ? (await this.#backend.head()).position : undefined
    let removed = 0
    let sound: string | undefined
    // By key and position: from the end on, the first of a key is its newest.
    for (const info of infos.toReversed()) {
      if (info.key === sound) continue
      const problem = await this.#problemOf(info, head)
      if (problem === undefined) {
        sound = info.key
        continue
      }
      if (!rebuild) throw problem
      await this.#backend.snapshots.remove(info)
      removed++
    }
    return { found: infos.length, removed }
  }

  async #problemOf(place: SnapshotPlace, head = Infinity): Promise<Error | undefined> {
    if (place.position > head) {
      const facts = { expected: head, found: place.position }
      return snapshotMalformed(this.#backend.name, place, `the log ends at ${head}; it is of a longer one`, facts)
    }
    try {
      await this.#read(place)
      return undefined
    } catch (error) {
      if (isPerdureError(error) && error.code === 'snapshot-malformed') return error
      throw error
    }
  }

  async #positionsOf(key: string): Promise<readonly number[]> {
    const positions = (await this.#backend.snapshots.list(key)).map(({ position }) => position)
    this.#placesCount += positions.length + 1
    if (this.#placesCount > KNOWN_PLACES_MAX) {
      this.#places.clear()
      this.#placesCount = positions.length + 1
    }
    this.#places.set(key, positions)
    return positions
  }

  async #infoOf({ key, position }: SnapshotPlace): Promise<SnapshotInfo | undefined> {
    return (await this.#backend.snapshots.list(key)).find((one) => one.position === position)
  }

  /** `gone`: removed, by whoever keeps only so many. */
  async #readFitting(subject: SnapshotSubject, place: SnapshotPlace): Promise<SavedState | 'gone' | 'misfit'> {
    const known = misfit(subject, place)
    if (this.#misfits.has(known)) return 'misfit'
    const saved = await this.#read(place)
    if (saved === undefined) return 'gone'
    if (fits(subject, saved.subject)) return saved
    if (this.#misfits.size >= KNOWN_MISFITS_MAX) this.#misfits.clear()
    this.#misfits.add(known)
    return 'misfit'
  }

  async #read(place: SnapshotPlace): Promise<SavedState | undefined> {
    const text = await this.#backend.snapshots.read(place)
    return text === undefined ? undefined : parseSnapshot(text, place, this.#backend.name)
  }

  async #removeOldest(key: string): Promise<void> {
    if (this.#keep === Infinity) return
    const places = await this.#backend.snapshots.list(key)
    for (const place of places.slice(0, Math.max(0, places.length - this.#keep))) {
      await this.#backend.snapshots.remove(place)
    }
    this.forgetPlaces(key)
  }
}

function misfit(subject: SnapshotSubject, { key, position }: SnapshotPlace): string {
  return `${position} ${fingerprint(subject)} ${key}`
}

function toSnapshot({ subject, position }: Pick<SavedState, 'subject' | 'position'>, bytes: number): Snapshot {
  const { name, version, selection } = subject
  return { name, version, selection: toSelection(selection), position, bytes }
}

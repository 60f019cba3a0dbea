/** The snapshots of a log: finding the one to go on from, saving, listing, checking. Never the truth, which is the log. */
import type { Backend, SnapshotPlace } from '../backends/protocol.js'
import { isPerdureError, writeFailure } from '../errors.js'
import type { Selection } from '../events.js'
import { countUpTo } from '../binary-search.js'
import { toSelection } from '../log/normal-form.js'
import type { StateSeal } from '../log/ports.js'
import { KnownPlaces } from './known-places.js'
import {
  encodeSnapshot,
  nameIn,
  parseSnapshot,
  snapshotMalformed,
  type Mentioned,
  type SavedText,
  type SnapshotSubject,
  type StateToSave,
} from './snapshot-text.js'

/** A state to go on from. */
export interface SavedState {
  readonly position: number
  readonly state: unknown
  readonly mentions: Mentioned
  readonly forgotten: number
}

export interface Snapshot {
  readonly name: string
  readonly version: number | string
  /** The events that the state is folded from, in one form for all ways to write it. */
  readonly selection: Selection
  readonly position: number
  /** Of its text. */
  readonly bytes: number
}

export interface SavedStatesOptions {
  /** Of each key so many; left out: all. */
  readonly keep?: number | undefined
  /**
   * An observer can neither mend nor remove, so it does without what is malformed; and it does not know the head for
   * sure.
   */
  readonly isReadOnly: boolean
  /** Undefined: the log is not sealed, or its keys are not at hand. */
  readonly seal: StateSeal | undefined
}

/** What looking at the snapshots came to. */
export interface SnapshotCheck {
  readonly found: number
  readonly removed: number
  /** Malformed, and left where they are. */
  readonly passedOver: number
}

export class SavedStates {
  readonly #backend: Backend
  readonly #keep: number
  readonly #isReadOnly: boolean
  readonly #seal: StateSeal | undefined
  readonly #places = new KnownPlaces()

  constructor(backend: Backend, { keep = Infinity, isReadOnly, seal }: SavedStatesOptions) {
    this.#backend = backend
    this.#keep = keep
    this.#isReadOnly = isReadOnly
    this.#seal = seal
  }

  /** The newest at or below a position. @throws PerdureError `snapshot-malformed`, unless only for reading */
  async newest({ key }: SnapshotSubject, upTo: number): Promise<SavedState | undefined> {
    let isFresh = this.#places.of(key) === undefined
    for (let limit = upTo; ;) {
      const positions = this.#places.of(key) ?? (await this.#askPlaces(key))
      const position = positions[countUpTo(positions, limit) - 1]
      if (position === undefined) return undefined
      const saved = await this.#readOrPassOver({ key, position })
      if (saved !== undefined && saved !== 'malformed') {
        const opened = await this.#open({ key, position }, saved)
        if (opened !== undefined) return opened
      }
      if (saved === undefined && !isFresh) {
        // Removed, by whoever keeps only so many: there may be newer ones.
        this.forgetPlaces(key)
        isFresh = true
        limit = upTo
      } else limit = position - 1
    }
  }

  /** Asks the backend again where snapshots of this key are: another process may have taken some. */
  forgetPlaces(key: string): void {
    this.#places.forget(key)
  }

  /** Durable once it resolves. Does nothing if the same is there already, or if it must not be kept any more. */
  async save(subject: SnapshotSubject, position: number, state: StateToSave): Promise<Snapshot> {
    const place = { key: subject.key, position }
    const saved = await this.#read(place)
    if (saved !== undefined) return toSnapshot(saved)
    const sealed = await this.#seal?.sealState(place, state.mentions, state.since, state.text)
    const text = encodeSnapshot(subject, position, state, sealed)
    const snapshot = toSnapshot({ subject, position, bytes: Buffer.byteLength(text) })
    if (this.#seal !== undefined && sealed === undefined) return snapshot
    try {
      await this.#backend.snapshots.put(place, text)
    } catch (error) {
      this.forgetPlaces(place.key)
      throw writeFailure(error, 'snapshot', 'Take it again; until then states are folded from further back.')
    }
    this.#places.add(place.key, position)
    await this.#removeOldest(place.key)
    return snapshot
  }

  /** Destroys every state that may say something of a subject, and the keys of those that are only being saved. */
  async forget(subject: string): Promise<number> {
    const kept: SnapshotPlace[] = []
    let count = 0
    for (const place of await this.#backend.snapshots.list()) {
      if (await this.#mayMention(place, subject)) {
        await this.#remove(place)
        count++
      } else kept.push(place)
    }
    await this.#seal?.forgetOtherStates(kept)
    return count
  }

  /** @throws PerdureError `snapshot-malformed`, unless only for reading */
  async list(name: string | undefined): Promise<readonly Snapshot[]> {
    const snapshots: Snapshot[] = []
    for (const place of await this.#backend.snapshots.list()) {
      // What does not say whose it is concerns nobody who asks for one projection.
      if (name !== undefined && nameIn(place.key) !== name) continue
      const saved = await this.#readOrPassOver(place)
      if (saved !== undefined && saved !== 'malformed') snapshots.push(toSnapshot(saved))
    }
    return snapshots.sort((a, b) => a.position - b.position)
  }

  /**
   * Looks at the newest snapshot of each key; to rebuild, at all. Who writes knows the head for sure, so one beyond it is
   * refused: it is of a log that was longer, and would be taken for one of this log as soon as this one is as long.
   *
   * @throws PerdureError `snapshot-malformed`, unless to rebuild or only for reading
   */
  async check(rebuild: boolean): Promise<SnapshotCheck> {
    const places = await this.#backend.snapshots.list()
    // After the list: what another process takes meanwhile is not beyond it.
    const head = this.#isReadOnly ? Infinity : (await this.#backend.head()).position
    let malformed = 0
    let sound: string | undefined
    // By key and position: from the end on, the first of a key is its newest.
    for (const place of places.toReversed()) {
      if (place.key === sound && !rebuild) continue
      const problem = await this.#problemOf(place, head)
      if (problem === undefined) {
        sound = place.key
        continue
      }
      if (!this.#isReadOnly && !rebuild) throw problem
      if (!this.#isReadOnly) await this.#remove(place)
      malformed++
    }
    const found = places.length
    return this.#isReadOnly
      ? { found, removed: 0, passedOver: malformed }
      : { found, removed: malformed, passedOver: 0 }
  }

  async #problemOf(place: SnapshotPlace, head: number): Promise<Error | undefined> {
    if (place.position > head) {
      const facts = { expected: head, found: place.position }
      return snapshotMalformed(this.#backend.name, place, `the log ends at ${head}; it is of a longer one`, facts)
    }
    try {
      await this.#read(place)
      return undefined
    } catch (error) {
      if (isMalformed(error)) return error
      throw error
    }
  }

  async #askPlaces(key: string): Promise<readonly number[]> {
    const positions = (await this.#backend.snapshots.list(key)).map(({ position }) => position)
    this.#places.set(key, positions)
    return positions
  }

  async #readOrPassOver(place: SnapshotPlace): Promise<SavedText | 'malformed' | undefined> {
    try {
      return await this.#read(place)
    } catch (error) {
      if (this.#isReadOnly && isMalformed(error)) return 'malformed'
      throw error
    }
  }

  /** Undefined: there is none. */
  async #read(place: SnapshotPlace): Promise<SavedText | undefined> {
    const text = await this.#backend.snapshots.read(place)
    return text === undefined ? undefined : parseSnapshot(text, place, this.#backend.name)
  }

  async #removeOldest(key: string): Promise<void> {
    if (this.#keep === Infinity) return
    const positions = this.#places.of(key) ?? (await this.#askPlaces(key))
    for (const position of positions.slice(0, Math.max(0, positions.length - this.#keep))) {
      await this.#remove({ key, position })
    }
  }

  /** Its key first: a file without a key is no state. */
  async #remove(place: SnapshotPlace): Promise<void> {
    await this.#seal?.forgetState(place)
    await this.#backend.snapshots.remove(place)
    this.#places.remove(place.key, place.position)
  }

  /** Undefined: its key is gone, or not at hand. */
  async #open(place: SnapshotPlace, { state, sealed, ...saved }: SavedText): Promise<SavedState | undefined> {
    if (sealed === undefined) return { ...saved, state }
    const text = await this.#seal?.openState(place, saved.mentions, sealed)
    return text === undefined ? undefined : { ...saved, state: JSON.parse(text) as unknown }
  }

  /** What cannot be read may say anything. */
  async #mayMention(place: SnapshotPlace, subject: string): Promise<boolean> {
    try {
      const saved = await this.#read(place)
      return saved !== undefined && (saved.mentions === 'all' || saved.mentions.includes(subject))
    } catch (error) {
      if (isMalformed(error)) return true
      throw error
    }
  }
}

function isMalformed(error: unknown): error is Error {
  return isPerdureError(error) && error.code === 'snapshot-malformed'
}

function toSnapshot({ subject, position, bytes }: Pick<SavedText, 'subject' | 'position' | 'bytes'>): Snapshot {
  const { name, version, selection } = subject
  return { name, version, selection: toSelection(selection), position, bytes }
}

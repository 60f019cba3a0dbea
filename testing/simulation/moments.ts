/** The moments of a recorded run at which the power may fail, and the disk as each of them leaves it. */
import { type Expectation, NOTHING_EXPECTED } from './audit.js'
import { type CrashVariant, crashImage } from './crash.js'
import type { DiskImage } from './image.js'
import { Tears } from './tears.js'
import { applyOp, type Recording } from './trace.js'
import { Volume } from './volume.js'

/** After the entry with this index of this recording. */
interface Moment {
  readonly recording: number
  readonly entry: number
  readonly newest: boolean
  readonly expectation: Expectation
  /** How many variants all earlier moments have. */
  readonly offset: number
  readonly count: number
}

export interface CrashState {
  readonly image: DiskImage
  readonly expectation: Expectation
  readonly place: string
}

/** All crash states of a run, numbered; asking for them in order is fast. */
export class Moments {
  readonly list: readonly Moment[]
  /** How many states there are. */
  readonly count: number
  readonly #recordings: readonly Recording<Expectation>[]
  readonly #tearEveryByte: number
  #volume: Volume | undefined
  #at = { recording: -1, entry: -1 }

  /** `tearEveryByte`: 1 tears writes of the log at every byte, n at every n-th. */
  constructor(recordings: readonly Recording<Expectation>[], tearEveryByte = 1) {
    this.#recordings = recordings
    this.#tearEveryByte = tearEveryByte
    const list: Moment[] = []
    let offset = 0
    recordings.forEach(({ base, entries }, recording) => {
      const volume = new Volume(base)
      let expectation = NOTHING_EXPECTED
      entries.forEach((item, entry) => {
        const newest = 'op' in item
        if (newest) applyOp(volume, item)
        else expectation = item.note
        // Between two notes without an operation the disk is the same: only the last of them counts.
        if (!newest && !('op' in (entries[entry + 1] ?? { op: 'end' }))) return
        const { count } = new Tears(volume.pending, newest, entry, tearEveryByte)
        list.push({ recording, entry, newest, expectation, offset, count })
        offset += count
      })
    })
    this.list = list
    this.count = offset
  }

  /** The `k`-th state of all. */
  state(k: number): CrashState {
    const index = this.list.findLastIndex(({ offset }) => offset <= k)
    const moment = this.list[index]
    if (moment === undefined) throw new RangeError(`there are ${this.count} crash states, not ${k}`)
    const volume = this.#volumeAt(moment)
    const tears = new Tears(volume.pending, moment.newest, moment.entry, this.#tearEveryByte)
    return this.#stateOf(moment, volume, tears.variant(k - moment.offset))
  }

  /** What a given variant leaves at the moment with this index of `list`. */
  stateAt(index: number, variantOf: (volume: Volume) => CrashVariant): CrashState {
    const moment = this.list[index]
    if (moment === undefined) throw new RangeError(`there are ${this.list.length} moments, not ${index}`)
    const volume = this.#volumeAt(moment)
    return this.#stateOf(moment, volume, variantOf(volume))
  }

  #stateOf(moment: Moment, volume: Volume, variant: CrashVariant): CrashState {
    const { recording, entry, expectation } = moment
    const except = [...(variant.except ?? [])].map(([index, fate]) => `${index}: ${JSON.stringify(fate)}`).join(', ')
    const place = `recording ${recording}, entry ${entry}, ${variant.rest} all${except === '' ? '' : ` but {${except}}`}`
    return { image: crashImage(volume, variant), expectation, place }
  }

  #volumeAt({ recording, entry }: Moment): Volume {
    const { base, entries } = this.#recordings[recording] ?? { base: undefined, entries: [] }
    let volume = this.#volume
    if (volume === undefined || recording !== this.#at.recording || entry < this.#at.entry) {
      this.#volume = volume = new Volume(base ?? { folders: new Set(), files: new Map() })
      this.#at = { recording, entry: -1 }
    }
    for (let at = this.#at.entry + 1; at <= entry; at++) {
      const item = entries[at]
      if (item !== undefined && 'op' in item) applyOp(volume, item)
    }
    this.#at.entry = entry
    return volume
  }
}

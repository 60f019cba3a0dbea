/** Where snapshots are, as far as this process knows. May be behind: then a fold goes on from an older one. */
import { countUpTo } from '../binary-search.js'

/** Beyond these, what is known is forgotten, and asked for again when it is needed. */
const KNOWN_MAX = 100_000

export class KnownPlaces {
  /** Key → positions, ascending. */
  readonly #positions = new Map<string, number[]>()
  #count = 0

  /** Ascending; undefined: not known. */
  of(key: string): readonly number[] | undefined {
    return this.#positions.get(key)
  }

  /** `positions` ascending. */
  set(key: string, positions: readonly number[]): void {
    this.forget(key)
    this.#count += positions.length + 1
    if (this.#count > KNOWN_MAX) {
      this.#positions.clear()
      this.#count = positions.length + 1
    }
    this.#positions.set(key, [...positions])
  }

  /** Of a key that is known: costs the same however many there are, where it is the newest. */
  add(key: string, position: number): void {
    const positions = this.#positions.get(key)
    if (positions === undefined) return
    const index = countUpTo(positions, position)
    if (positions[index - 1] === position) return
    positions.splice(index, 0, position)
    this.#count++
  }

  remove(key: string, position: number): void {
    const positions = this.#positions.get(key)
    if (positions === undefined) return
    const index = countUpTo(positions, position) - 1
    if (positions[index] !== position) return
    positions.splice(index, 1)
    this.#count--
  }

  forget(key: string): void {
    const positions = this.#positions.get(key)
    if (positions === undefined) return
    this.#positions.delete(key)
    this.#count -= positions.length + 1
  }
}

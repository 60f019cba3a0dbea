/** The keys of a map in UTF-8 byte order, kept in order while some come and go between two looks. */
import { firstIndex } from '../binary-search.js'
import { compareUtf8 } from '../log/utf8-order.js'

/** When more have changed since the last look, sorting anew is as good as moving each to its place. */
const CHANGED_MAX = 1000

export class SortedKeys {
  #sorted: string[] | undefined
  /** What may have come or gone since the last look. */
  readonly #changed = new Set<string>()

  /** This key may have come or gone. */
  note(key: string): void {
    if (this.#sorted === undefined) return
    this.#changed.add(key)
    if (this.#changed.size <= CHANGED_MAX) return
    this.#sorted = undefined
    this.#changed.clear()
  }

  /** Those of the map, which has the same keys each time but for those noted, as they are now. */
  of(map: ReadonlyMap<string, unknown>): readonly string[] {
    this.#sorted ??= [...map.keys()].sort(compareUtf8)
    for (const key of this.#changed) move(this.#sorted, key, map.has(key))
    this.#changed.clear()
    return this.#sorted
  }
}

/** Puts a key into its place, or takes it out. */
function move(sorted: string[], key: string, isThere: boolean): void {
  const index = firstIndex(sorted.length, (at) => compareUtf8(sorted[at] as string, key) >= 0)
  const wasThere = sorted[index] === key
  if (isThere && !wasThere) sorted.splice(index, 0, key)
  if (!isThere && wasThere) sorted.splice(index, 1)
}

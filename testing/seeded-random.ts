/** Random numbers that one seed repeats exactly: what failed once can be run again. Never for secrets. */

export interface SeededRandom {
  /** What to print when something fails. */
  readonly seed: number
  /** A whole number: 0 ≤ n < `bound`, which is at most 2^32. */
  integer(bound: number): number
  /** True about this often: 0 never, 1 always. */
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** The items in a new order. The list given stays as it is. */
  shuffle<Item>(items: readonly Item[]): Item[]
  /** Fits the `random` option of `open` and of the memory backend. */
  bytes(length: number): Uint8Array
  /** Independent numbers for another purpose: how many are drawn here does not move the numbers drawn there. */
  fork(): SeededRandom
}

export function seededRandom(seed: number): SeededRandom {
  const next = sfc32(seed)
  const random: SeededRandom = {
    seed,
    integer: (bound) => Math.floor((next() / 2 ** 32) * bound),
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: <Item>(items: readonly Item[]) => items[random.integer(items.length)] as Item,
    shuffle: <Item>(items: readonly Item[]) => shuffled(items, random),
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
    fork: () => seededRandom(next()),
  }
  return random
}

/** Doty-Humphrey's small fast counting generator, 32 bits at a time. https://pracrand.sourceforge.net/RNG_engines.txt */
function sfc32(seed: number): () => number {
  // The seed may be any number a person types: both halves of it count.
  let a = seed | 0
  let b = (seed / 2 ** 32) | 0
  let c = 0x9e3779b9
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  // Similar seeds begin similarly; a dozen steps part them.
  for (let i = 0; i < 12; i++) next()
  return next
}

function shuffled<Item>(items: readonly Item[], random: SeededRandom): Item[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1)
    const item = order[i] as Item
    order[i] = order[j] as Item
    order[j] = item
  }
  return order
}

/** A seed for this run: from the environment (`PERDURE_SEED`) when a failure is being replayed, else a new one. */
export function seedOfThisRun(): number {
  const given = Number(process.env['PERDURE_SEED'])
  return Number.isSafeInteger(given) && given > 0 ? given : (Date.now() % 2 ** 31) + 1
}

/** Measuring: two ways of doing the same, in turn, in the same run; what counts is the ratio within each pair. */

/** One run of one side: what was done in how long. Setting up and checking are outside. */
export interface Timing {
  readonly count: number
  readonly seconds: number
}

export async function time(count: number, work: () => Promise<void> | void): Promise<Timing> {
  // Garbage of the other side is the other side's. Present when the benches start themselves (see main.ts).
  globalThis.gc?.()
  const start = process.hrtime.bigint()
  await work()
  return { count, seconds: Number(process.hrtime.bigint() - start) / 1e9 }
}

export type Side = () => Promise<Timing>

export interface Pairs {
  /** Medians, per second. */
  readonly ours: number
  readonly bare: number
  /** Median of the ratios ours / bare of the single pairs, and the quartiles: half of the pairs lie between them. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly pairs: number
}

/** Runs both sides `pairs` times, each going first every second time, after one unmeasured round of each. */
export async function comparePairs(pairs: number, ours: Side, bare: Side): Promise<Pairs> {
  await ours()
  await bare()
  const rates: { ours: number; bare: number }[] = []
  for (let pair = 0; pair < pairs; pair++) {
    const first = rate(await (pair % 2 === 0 ? ours : bare)())
    const second = rate(await (pair % 2 === 0 ? bare : ours)())
    rates.push(pair % 2 === 0 ? { ours: first, bare: second } : { ours: second, bare: first })
  }
  const ratios = rates.map((pair) => pair.ours / pair.bare)
  return {
    ours: median(rates.map((pair) => pair.ours)),
    bare: median(rates.map((pair) => pair.bare)),
    ratio: median(ratios),
    low: quantile(ratios, 0.25),
    high: quantile(ratios, 0.75),
    pairs,
  }
}

function rate({ count, seconds }: Timing): number {
  return count / seconds
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Between two values in proportion, as most programs do it. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = part * (sorted.length - 1)
  const below = sorted[Math.floor(at)] as number
  const above = sorted[Math.ceil(at)] as number
  return below + (above - below) * (at - Math.floor(at))
}

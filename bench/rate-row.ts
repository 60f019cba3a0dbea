/** What all rows that compare two sides have in common. */
import { comparePairs, type Side } from './measure.js'
import { formatRate, type Context, type Figures } from './row.js'

/** The side of Perdure and the bare one, measured in turn. */
export async function compareRates({ pairs }: Context, ours: Side, bare: Side): Promise<Figures> {
  const found = await comparePairs(pairs, ours, bare)
  return {
    ours: formatRate(found.ours),
    bare: formatRate(found.bare),
    value: found.ratio,
    low: found.low,
    high: found.high,
  }
}

/** How many times as long ours takes: for what is long enough to be told in milliseconds. */
export async function compareTimes(pairs: number, ours: Side, bare: Side): Promise<Figures> {
  const found = await comparePairs(pairs, ours, bare)
  return {
    ours: formatMilliseconds(found.ours),
    bare: formatMilliseconds(found.bare),
    // A rate half as high is twice the time; the least ratio of rates is the greatest of times.
    value: 1 / found.ratio,
    low: 1 / found.high,
    high: 1 / found.low,
  }
}

function formatMilliseconds(perSecond: number): string {
  return `${(1000 / perSecond).toFixed(1)} ms`
}

/** Names that were never used before in this process: a run of a side never meets the files of another. */
export function freshNames(folder: string): () => string {
  let count = 0
  return () => `${folder}/${++count}`
}

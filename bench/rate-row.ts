/** What all rows that compare two rates have in common. */
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

/** Names that were never used before in this process: a run of a side never meets the files of another. */
export function freshNames(folder: string): () => string {
  let count = 0
  return () => `${folder}/${++count}`
}

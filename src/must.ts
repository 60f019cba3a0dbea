/** For those who want a refusal to throw. */
import { PerdureError } from './errors.js'
import type { Appended, Refused } from './events.js'

/** What was appended. @throws PerdureError `conflict`, nothing written, with the conflicts as its facts */
export function must(result: Appended | Refused): Appended {
  if (result.ok) return result
  const { conflicts } = result
  const what = conflicts.map((conflict) =>
    conflict.kind === 'revision'
      ? `stream ${JSON.stringify(conflict.stream)} is at revision ${conflict.actual}, not ${conflict.expected}`
      : `position ${conflict.actual} matches the query`,
  )
  throw new PerdureError(
    'conflict',
    `the append was refused: ${what.join('; ')}`,
    { conflicts },
    {
      written: 'no',
      hint: 'Look at the events that came between, decide again, and append again.',
    },
  )
}

/** What a subscription selects, as its checkpoint keeps it: so that another query under the same name is noticed. */
import { hash } from 'node:crypto'
import { isPerdureError, PerdureError } from '../errors.js'
import { sameJson, type Json } from '../json.js'
import { parseFollowQuery, type FollowQuery } from '../log/following.js'
import { normalForm, toSelection } from '../log/normal-form.js'
import type { ParsedQuery } from '../log/selection.js'
import { messageOf } from './handling.js'

/** Of a longer one only the digest is kept: it is written with every checkpoint. */
const LENGTH_MAX = 10_000
const SHOWN_LENGTH_MAX = 200

/** Equal for queries that differ only in how they are written, where they begin, and whether events come raw. */
export function toRecordedQuery({ matcher, enrichments }: ParsedQuery): Json {
  const text = JSON.stringify({ ...toSelection(normalForm(matcher)), ...(enrichments && { enrichments }) })
  return text.length <= LENGTH_MAX ? (JSON.parse(text) as Json) : `sha256:${hash('sha256', text)}`
}

/** `recorded` may be of an earlier version: absent or null where none was kept, or as its caller had written it. */
export function isSameQuery(recorded: Json | undefined, query: Json): boolean {
  if (recorded === undefined || recorded === null || sameJson(recorded, query)) return true
  try {
    return sameJson(toRecordedQuery(parseFollowQuery(recorded as FollowQuery)), query)
  } catch (error) {
    if (!isPerdureError(error)) throw error
    return false
  }
}

export function subscriptionChanged(
  name: string,
  position: number,
  recorded: Json,
  query: Json,
): PerdureError<'subscription-changed'> {
  const [former, latter] = [recorded, query].map((one) => messageOf(JSON.stringify(one), SHOWN_LENGTH_MAX))
  return new PerdureError(
    'subscription-changed',
    `the query of the subscription ${JSON.stringify(name)} has changed: up to position ${position} it was ${former}, now it is ${latter}`,
    { name, position, recorded, query },
    {
      hint: `Earlier events that only the new query selects would never be handled. Take a new name for it, which begins with the first event; or pass { changeQuery: true } to go on after position ${position} with the new query.`,
    },
  )
}

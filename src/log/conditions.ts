/** The conditions of an append, checked at the border. */
import type { Matcher } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import type { Expect, Unless } from '../events.js'
import { parseSelection } from './selection.js'

/** Conditions of an append. */
export interface Conditions {
  readonly expect?: Expect
  readonly unless?: Unless
}

/** A caller without types may hand in anything. @throws PerdureError `condition-invalid` */
export function toConditions<Given extends object>(conditions: Given): Given {
  if (typeof conditions === 'object' && (conditions as unknown) !== null && !Array.isArray(conditions))
    return conditions
  throw conditionInvalid('', 'the conditions are not an object')
}

/** @throws PerdureError `condition-invalid` */
export function checkExpect(expect: unknown): Expect {
  if (expect === 'any' || expect === 'new' || expect === 'exists') return expect
  if (typeof expect === 'number' && Number.isSafeInteger(expect) && expect >= 0) return expect
  throw conditionInvalid('/expect', "is not 'any', 'new', 'exists' or a revision")
}

/** A condition as it was when it was given: the caller may use its object again while the append waits. */
export interface CheckedUnless {
  readonly matcher: Matcher
  readonly after: number
  /** What a refusal shows. */
  readonly given: Unless
}

/** @throws PerdureError `condition-invalid` */
export function checkUnless(unless: Unless | undefined): CheckedUnless | undefined {
  if (unless === undefined) return undefined
  if (typeof unless !== 'object' || (unless as unknown) === null) throw conditionInvalid('/unless', 'is not an object')
  const { query, after, ...others } = unless
  checkNoOthers(others, '/unless', 'query and after')
  if (!Number.isSafeInteger(after) || after < 0) throw conditionInvalid('/unless/after', 'is not a position, or 0')
  try {
    return { matcher: parseSelection(query), after, given: structuredClone({ query, after }) }
  } catch (cause) {
    throw conditionInvalid('/unless/query', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** A misspelt condition would not be checked: whatever is not known is refused. */
export function checkNoOthers(others: object, pointer: string, members: string): void {
  const [other] = Object.keys(others)
  if (other !== undefined) throw conditionInvalid(`${pointer}/${other}`, `is not a condition; there are ${members}`)
}

export function conditionInvalid(
  pointer: string,
  problem: string,
  { head, cause }: { readonly head?: number; readonly cause?: unknown } = {},
): PerdureError<'condition-invalid'> {
  return new PerdureError(
    'condition-invalid',
    `${pointer} ${problem}`,
    { pointer, ...(head === undefined ? {} : { head }) },
    { cause, written: 'no', hint: 'Correct the condition; docs/api.md says what it may hold.' },
  )
}

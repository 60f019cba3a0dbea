/** States as JSON text: only those that come back from it exactly as they were. */
import { encodeJson, NotJson, pointerPart } from '../json.js'

/**
 * The JSON text of a state. Stricter than what an event may hold, because here nobody looks at the difference: a fold
 * that goes on from a parsed state must not be able to tell it from the state itself.
 *
 * @throws NotJson with the JSON Pointer of the first part that would be lost or changed
 */
export function encodeState(state: unknown): string {
  const text = encodeJson(state)
  const inexact = findInexact(state)
  if (inexact !== undefined) throw new NotJson(inexact.pointer, inexact.problem)
  return text
}

interface Inexact {
  readonly pointer: string
  readonly problem: string
}

/** Of a value that JSON can express: what it would change nevertheless. */
function findInexact(value: unknown): Inexact | undefined {
  if (Object.is(value, -0)) return { pointer: '', problem: 'is -0, which JSON makes 0' }
  if (typeof value !== 'object' || value === null) return undefined
  const problem = problemOf(value)
  if (problem !== undefined) return { pointer: '', problem }
  for (const [key, part] of Object.entries(value)) {
    const inexact = findInexact(part)
    if (inexact !== undefined) return { ...inexact, pointer: pointerPart(key) + inexact.pointer }
  }
  return undefined
}

function problemOf(value: object): string | undefined {
  const isArray = Array.isArray(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object without a prototype, used as a dictionary, would find `constructor` in itself once it has been parsed.
  if (prototype !== (isArray ? Array.prototype : Object.prototype)) return 'is not a plain object or array'
  const hidden = Object.getOwnPropertyNames(value).length - Object.keys(value).length
  return hidden === (isArray ? 1 : 0) ? undefined : 'has properties that are not enumerable'
}

/** A backend whose calls fail as a plan says: before they did anything, or after, with the truth or without it. */
import type { Backend } from '../src/backends/protocol.js'
import { PerdureError } from '../src/errors.js'
import { aroundBackend, type Operation } from './around-backend.js'
import type { SeededRandom } from './seeded-random.js'

export type Fault =
  /** Nothing was done, and the error says so: a `PerdureError` with `written: 'no'`. */
  | 'refused'
  /** Nothing was done, but the error does not say so: a connection lost on the way there. */
  | 'lost-before'
  /** It was done, but the error does not say so: a connection lost on the way back. */
  | 'lost-after'

/** Which call fails how. `call` counts the calls of this operation, from 1. */
export type FaultPlan = (operation: Operation, call: number) => Fault | undefined

export function faultyBackend(backend: Backend, plan: FaultPlan): Backend {
  const calls = new Map<Operation, number>()
  return aroundBackend(backend, async (operation, call) => {
    const count = (calls.get(operation) ?? 0) + 1
    calls.set(operation, count)
    const fault = plan(operation, count)
    if (fault === 'refused') throw refusal(operation)
    if (fault === 'lost-before') throw connectionLost(operation)
    const answer = await call()
    if (fault === 'lost-after') throw connectionLost(operation)
    return answer
  })
}

/**
 * Appends fail about this often, in each of the ways given, as the seed decides; but the append after a failed one
 * works, so that whoever asks again gets an answer. Nothing else fails.
 */
export function seededFaults(random: SeededRandom, probability: number, faults: readonly Fault[]): FaultPlan {
  let failed = false
  return (operation) => {
    if (operation !== 'append') return undefined
    failed = !failed && random.chance(probability)
    return failed ? random.pick(faults) : undefined
  }
}

/** The call with this number fails in this way; all others work. */
export function faultAt(operation: Operation, call: number, fault: Fault): FaultPlan {
  return (met, count) => (met === operation && count === call ? fault : undefined)
}

function refusal(operation: Operation): PerdureError<'backend-failed'> {
  return new PerdureError(
    'backend-failed',
    `the ${operation} was refused by the test's plan`,
    { operation },
    { written: 'no' },
  )
}

/** Like a driver's error: no brand, a code of its own. */
function connectionLost(operation: Operation): Error {
  return Object.assign(new Error(`the connection was lost during ${operation}, as the test planned`), {
    code: 'ECONNRESET',
  })
}

/** What ends a subscription, or refuses one. */
import { PerdureError } from '../errors.js'
import { messageOf } from './handling.js'
import { PARKED_LENGTH_MAX } from './parking.js'

const CAUSE_LENGTH_MAX = 300

export function subscriptionActive(name: string): PerdureError<'subscription-active'> {
  return new PerdureError(
    'subscription-active',
    `another instance of the subscription ${JSON.stringify(name)} is active`,
    { name },
    { hint: 'Close it; or take over with { takeOver: true }, which ends it.' },
  )
}

/** @param isFull as many events are parked as can be */
export function subscriptionFailed(
  name: string,
  position: number,
  cause: unknown,
  isFull: boolean,
): PerdureError<'subscription-failed'> {
  const what = `the subscription ${JSON.stringify(name)} cannot handle the event at ${position}`
  const full = isFull ? ` and has parked ${PARKED_LENGTH_MAX} events already, which is the limit` : ''
  const hint = isFull
    ? 'Something is wrong with more than single events. Correct the handler, subscribe again, and replay what is parked.'
    : 'It stands before that event. Correct the handler, or subscribe with { onError: "park" }, which puts it aside.'
  return new PerdureError(
    'subscription-failed',
    `${what}${full}: ${messageOf(cause, CAUSE_LENGTH_MAX)}`,
    { name, position },
    { cause, hint },
  )
}

/** Of a handler that waits for what comes only once it has returned. */
export function waitsForItself(name: string, position: number): PerdureError<'options-invalid'> {
  return new PerdureError(
    'options-invalid',
    `the handler of the subscription ${JSON.stringify(name)} would wait for position ${position}, which waits for the handler`,
    { option: 'position' },
    { hint: 'Return from the handler first, and call whenAt outside of it.' },
  )
}

export function subscriptionClosed(name: string): PerdureError<'subscription-closed'> {
  return new PerdureError(
    'subscription-closed',
    `the subscription ${JSON.stringify(name)} was closed`,
    { name },
    { hint: 'Subscribe again: it goes on from where it stood.' },
  )
}

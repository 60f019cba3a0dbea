/** What becomes of events that cannot be read: forgotten ones are passed over, and those whose key is not at hand wait. */
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'

/**
 * Whether nothing of its data can be read any more, because what it was about has been forgotten.
 *
 * @throws PerdureError `key-unavailable` if a part cannot be read now, but later: taking an outage for an erasure would
 * leave the event out for good
 */
export function isForgotten({ unreadable, position }: RecordedEvent): boolean {
  if (unreadable === undefined) return false
  if (unreadable.some(({ why }) => why === 'key-unavailable')) throw keyNotAtHand(position)
  return unreadable.some(({ path }) => path === '')
}

/** Whether nothing of its data is there to be worked on, for whichever reason. */
export function isUnreadable({ unreadable }: RecordedEvent): boolean {
  return unreadable?.some(({ path }) => path === '') === true
}

function keyNotAtHand(position: number): PerdureError<'key-unavailable'> {
  const message = `the event at position ${position} is sealed, and its key is not at hand`
  const hint = 'Try again once the key store and its service answer; open the store with its keys.'
  return new PerdureError('key-unavailable', message, { position }, { hint })
}

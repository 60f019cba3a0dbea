/** Following the log: all history, then whatever is recorded, with no gap and no repeat at the switch. */
import type { Backend } from '../backends/protocol.js'
import type { RecordedEvent, Selection } from '../events.js'
import { InvariantError } from '../errors.js'
import type { Reader } from './reader.js'

export type FollowQuery = Selection & { readonly after?: number }

/** Ends without an error when the signal is aborted. @throws PerdureError as `Store.read` */
export function follow(
  _backend: Backend,
  _reader: Reader,
  _query: FollowQuery,
  _signal: AbortSignal | undefined,
): AsyncIterable<RecordedEvent> {
  throw new InvariantError('not built yet')
}

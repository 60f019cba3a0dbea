/** Following the log: all history, then whatever is recorded, with no gap and no repeat at the switch. */
import type { Backend } from '../backends/protocol.js'
import { isPerdureError, PerdureError } from '../errors.js'
import type { Query, RecordedEvent, Selection } from '../events.js'
import { onAbort } from './abort-listeners.js'
import { attempt, type Reader } from './reader.js'
import { parseQuery, type ParsedQuery } from './selection.js'

/** What to follow, from where (default: from the first event on), and how it is read. */
export type FollowQuery = Selection & Pick<Query, 'after' | 'raw' | 'enrichments'>

/** Members of a query that would end what has no end, or turn it round. */
const BOUNDS = ['afterRevision', 'upTo', 'until', 'backwards', 'limit'] as const

/** @throws PerdureError `query-invalid` */
export function parseFollowQuery(query: FollowQuery): ParsedQuery {
  const parsed = parseQuery(query)
  const bound = BOUNDS.find((member) => (query as Query)[member] !== undefined)
  if (bound === undefined) return parsed
  throw new PerdureError(
    'query-invalid',
    `/${bound} of the query has no place here: what is followed has no end`,
    { pointer: `/${bound}` },
    { hint: 'Leave it out, or use read.' },
  )
}

/**
 * Each iteration follows on its own. It holds a page in memory, ends without an error when one of the signals is
 * aborted or the log is closed, and leaves nothing behind when its consumer goes away.
 *
 * @throws PerdureError as `Store.read`, when iteration begins or where the event is due
 */
export function follow(
  backend: Backend,
  reader: Reader,
  query: FollowQuery,
  ...signals: readonly (AbortSignal | undefined)[]
): AsyncIterable<RecordedEvent> {
  const parsed = attempt(() => parseFollowQuery(query))
  const given = signals.filter((signal) => signal !== undefined)
  return {
    [Symbol.asyncIterator]: () => {
      const stop = new AbortController()
      const events = eventsOf(backend, reader, parsed, given, stop)
      // `return` alone would wait for the `next` under way, which may be waiting for an event that never comes.
      return {
        next: () => events.next(),
        return: () => {
          stop.abort()
          return events.return()
        },
      }
    },
  }
}

async function* eventsOf(
  backend: Backend,
  reader: Reader,
  parsed: () => ParsedQuery,
  signals: readonly AbortSignal[],
  stop: AbortController,
): AsyncGenerator<RecordedEvent, void, void> {
  const query = parsed()
  let { after } = query
  const unlisten = signals.map((signal) => onAbort(signal, () => stop.abort()))
  try {
    for await (const head of backend.changed(stop.signal)) {
      while (after < head && !stop.signal.aborted) {
        const { events, scannedTo, failures } = await reader.scan(query, after, head)
        for (const event of events) {
          if (stop.signal.aborted) return
          const failure = failures.get(event.position)
          if (failure !== undefined) throw failure
          yield event
        }
        after = scannedTo
      }
    }
  } catch (error) {
    // Closed while a page was read: the end, as it would be a moment earlier or later.
    if (!isPerdureError(error) || error.code !== 'store-closed') throw error
  } finally {
    for (const stopListening of unlisten) stopListening()
  }
}

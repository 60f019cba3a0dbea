/** Reading: pages of lines become events, in bounded memory. The one place where events are unsealed and upcast. */
import type { Backend, Line } from '../backends/protocol.js'
import { assertInvariant, isPerdureError, PerdureError } from '../errors.js'
import type { Query, RecordedEvent } from '../events.js'
import type { Events } from './evolution.js'
import { decodeSealedLine, MalformedLine, withoutKeys, type DecodedLine } from './line.js'
import { decodePlainLines } from './plain-line.js'
import type { SealPort } from './ports.js'
import { parseQuery, type ParsedQuery } from './selection.js'

const PAGE_LENGTH_MAX_EVENTS = 500
const PAGE_SIZE_MAX_BYTES = 512 * 1024

/** A part of the log, looked at once. */
export interface Scan {
  readonly events: readonly RecordedEvent[]
  /** Every selected event up to here has been given. */
  readonly scannedTo: number
  /** Why some of the events, by position, could not be upcast; they are as recorded. */
  readonly failures: ReadonlyMap<number, PerdureError>
}

export class Reader {
  readonly #backend: Backend
  readonly #events: Events
  readonly #seal: SealPort | undefined

  constructor(backend: Backend, events: Events, seal: SealPort | undefined) {
    this.#backend = backend
    this.#events = events
    this.#seal = seal
  }

  /** Each iteration is a read of its own. A query that is wrong is reported when reading begins. */
  read(query: Query): AsyncIterable<RecordedEvent> {
    const parsed = attempt(() => parseQuery(query))
    return { [Symbol.asyncIterator]: () => flatten(this.pages(parsed)) }
  }

  /** Stored lines as they stand, of the events that `read` gives. */
  lines(query: Query): AsyncIterable<Line> {
    const parsed = attempt(() => parseQuery(query))
    return { [Symbol.asyncIterator]: () => this.#lines(parsed) }
  }

  async *pages(query: () => ParsedQuery): AsyncGenerator<readonly RecordedEvent[], void, void> {
    const parsed = query()
    let left = parsed.limit
    // What is dropped above the seam must not count towards the limit, so the limit is kept here.
    for await (const lines of this.#linePages(query)) {
      const events = await this.#decodePage(lines, parsed)
      if (events.length === 0) continue
      yield events.length > left ? events.slice(0, left) : events
      left -= events.length
      if (left <= 0) return
    }
  }

  /** One page of what is selected after a position. Of the query only what it selects and how it is read counts. */
  async scan(query: ParsedQuery, after: number, upTo: number): Promise<Scan> {
    const failures = new Map<number, PerdureError>()
    if (query.matcher.length === 0) return { events: [], scannedTo: upTo, failures }
    const { lines, scannedTo } = await this.#backend.read(query.matcher, {
      after,
      upTo,
      backwards: false,
      limit: PAGE_LENGTH_MAX_EVENTS,
      maxBytes: PAGE_SIZE_MAX_BYTES,
    })
    assertInvariant(scannedTo > after && scannedTo <= upTo, 'a page moves on, within its bounds')
    return { events: await this.#decodePage(lines, query, failures), scannedTo, failures }
  }

  /** The event that a line records, as a reader sees it. */
  async decode(line: Line, raw: boolean): Promise<RecordedEvent> {
    await this.#seal?.refresh()
    const event = await this.#unsealed(this.#decode(line))
    return raw ? event : this.#events.upcast(event)
  }

  #unsealed(decoded: DecodedLine): RecordedEvent | Promise<RecordedEvent> {
    return this.#seal === undefined ? withoutKeys(decoded) : this.#seal.unseal(decoded)
  }

  /** What cannot be upcast is given as recorded where `failures` takes the reason, and thrown elsewhere. */
  #upcast(event: RecordedEvent, failures: Map<number, PerdureError> | undefined): RecordedEvent {
    if (failures === undefined) return this.#events.upcast(event)
    try {
      return this.#events.upcast(event)
    } catch (error) {
      if (!isPerdureError(error)) throw error
      failures.set(event.position, error)
      return event
    }
  }

  async #decodePage(
    lines: readonly Line[],
    query: ParsedQuery,
    failures?: Map<number, PerdureError>,
  ): Promise<readonly RecordedEvent[]> {
    // What was forgotten before a page is read is not given out any more, by whichever process it was.
    await this.#seal?.refresh()
    const events: RecordedEvent[] = []
    const plain = decodePlainLines(lines)
    for (const [i, line] of lines.entries()) {
      const event = plain[i]
      const decoded = event === undefined ? this.#decode(line) : { event, sealed: undefined }
      if (!isSelected(decoded.event, query)) continue
      const opened = this.#unsealed(decoded)
      // Mostly the key is at hand, and there is nothing to wait for.
      const readable = opened instanceof Promise ? await opened : opened
      events.push(query.raw ? readable : this.#upcast(readable, failures))
    }
    return events
  }

  async *#lines(query: () => ParsedQuery): AsyncGenerator<Line, void, void> {
    const parsed = query()
    let left = parsed.limit
    for await (const lines of this.#linePages(query)) {
      for (const line of lines) {
        // Most lines need not be decoded to know.
        if (mayBeDropped(line, parsed) && !isSelected(this.#decode(line).event, parsed)) continue
        yield line
        if (--left <= 0) return
      }
    }
  }

  #decode(line: Line): DecodedLine {
    try {
      return decodeSealedLine(line)
    } catch (error) {
      if (!(error instanceof MalformedLine)) throw error
      const position = /^\{"position":(\d+)/.exec(line)?.[1]
      throw new PerdureError(
        'log-corrupt',
        `the line at position ${position ?? 'unknown'} is malformed: ${error.message}`,
        { path: this.#backend.name, ...(position === undefined ? {} : { position: Number(position) }) },
        { cause: error, hint: 'Run perdure verify, then restore the log from a copy.' },
      )
    }
  }

  /** Pages of the selected part of the log, whose end is fixed now. Limited by `limit` a page, not in all. */
  async *#linePages(query: () => ParsedQuery): AsyncGenerator<readonly Line[], void, void> {
    const { matcher, backwards, limit, ...bounds } = query()
    let upTo = Math.min((await this.#backend.head()).position, bounds.upTo)
    if (bounds.until !== undefined) upTo = Math.min(upTo, await this.#backend.positionAt(bounds.until))
    let { after } = bounds
    while (after < upTo && matcher.length > 0) {
      const page = await this.#backend.read(matcher, {
        after,
        upTo,
        backwards,
        limit: Math.min(limit, PAGE_LENGTH_MAX_EVENTS),
        maxBytes: PAGE_SIZE_MAX_BYTES,
      })
      if (page.lines.length > 0) yield page.lines
      assertInvariant(page.scannedTo > after && page.scannedTo <= upTo, 'a page moves on, within its bounds')
      if (backwards) upTo = page.scannedTo - 1
      else after = page.scannedTo
    }
  }
}

/** What no backend filters by. */
function isSelected({ revision, refers }: RecordedEvent, query: ParsedQuery): boolean {
  if (revision <= query.afterRevision || revision > query.upToRevision) return false
  return query.enrichments || refers?.kind !== 'enriches'
}

function mayBeDropped(line: Line, { afterRevision, upToRevision, enrichments }: ParsedQuery): boolean {
  return afterRevision > 0 || upToRevision < Infinity || (!enrichments && line.includes('"refers":'))
}

async function* flatten<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T, void, void> {
  for await (const page of pages) yield* page
}

/** The result now, its failure later. */
export function attempt<T>(make: () => T): () => T {
  try {
    const value = make()
    return () => value
  } catch (error) {
    return () => {
      throw error
    }
  }
}

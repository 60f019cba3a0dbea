/** Reading: pages of lines become events, in bounded memory. The one place where events are unsealed and upcast. */
import type { Backend, Line } from '../backends/protocol.js'
import { assertInvariant, PerdureError } from '../errors.js'
import type { Query, RecordedEvent } from '../events.js'
import type { Events } from './evolution.js'
import { decodeLine, MalformedLine, sealedOf } from './line.js'
import { decodePlainLines } from './plain-line.js'
import type { SealPort } from './ports.js'
import { parseQuery, type ParsedQuery } from './selection.js'

const PAGE_LENGTH_MAX_EVENTS = 500
const PAGE_SIZE_MAX_BYTES = 512 * 1024

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

  /** Stored lines as they stand. */
  lines(query: Query): AsyncIterable<Line> {
    const parsed = attempt(() => parseQuery(query))
    return { [Symbol.asyncIterator]: () => flatten(this.#linePages(parsed)) }
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

  /** The event that a line records, as a reader sees it. */
  async decode(line: Line, raw: boolean): Promise<RecordedEvent> {
    const event = this.#decode(line)
    const unsealed =
      this.#seal !== undefined && event.unreadable !== undefined
        ? await this.#seal.unseal(event, sealedOf(line))
        : event
    return raw ? unsealed : this.#events.upcast(unsealed)
  }

  async #decodePage(lines: readonly Line[], query: ParsedQuery): Promise<readonly RecordedEvent[]> {
    const events: RecordedEvent[] = []
    const plain = decodePlainLines(lines)
    for (const [i, line] of lines.entries()) {
      const event = plain[i] ?? this.#decode(line)
      if (event.revision <= query.afterRevision || event.revision > query.upToRevision) continue
      if (event.refers?.kind === 'enriches' && !query.enrichments) continue
      if (this.#seal !== undefined && event.unreadable !== undefined) events.push(await this.decode(line, query.raw))
      else events.push(query.raw ? event : this.#events.upcast(event))
    }
    return events
  }

  #decode(line: Line): RecordedEvent {
    try {
      return decodeLine(line)
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

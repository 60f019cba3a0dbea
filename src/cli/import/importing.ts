/** Brings events of a file into a log, batch by batch: what the log lacks, in the order of the file. */
import { isPerdureError, type PerdureError } from '../../errors.js'
import type { NewEvent, RecordedEvent } from '../../events.js'
import { must } from '../../index.js'
import { sameJson } from '../../json.js'
import type { Store } from '../../store.js'
import { importInvalid, withRecorded } from './invalid.js'
import type { Incoming } from './mapping.js'

/** Each batch is a commit: whole in the log or not at all. */
const BATCH_LENGTH_MAX_EVENTS = 1000
/** Far enough below the limit of a commit that tags and names do not matter. */
const BATCH_SIZE_MAX_BYTES = 4 * 1024 * 1024

export interface ImportCounts {
  /** Events of the file. */
  readonly events: number
  readonly newEvents: number
  /** Recorded by an earlier import. */
  readonly known: number
}

interface ImportOptions {
  readonly signal: AbortSignal
  readonly onBatch: () => void
}

/**
 * Ids come from the file, so a batch of which the log holds a part, or which is cut in another way than last time, adds
 * the rest. All is durable when it resolves.
 *
 * @throws PerdureError `import-invalid` with the number of events recorded before; and as {@link Store.commit}
 */
export async function importEvents(
  store: Store,
  incoming: AsyncIterable<Incoming>,
  { signal, onBatch }: ImportOptions,
): Promise<ImportCounts> {
  const batch = new Batch()
  let events = 0
  let newEvents = 0
  const flush = async (): Promise<void> => {
    if (batch.items.length === 0) return
    events += batch.items.length
    newEvents += await appendBatch(store, batch.items)
    batch.clear()
    onBatch()
  }
  try {
    for await (const item of incoming) {
      signal.throwIfAborted()
      if (!batch.hasRoomFor(item)) await flush()
      batch.add(item)
    }
    await flush()
  } catch (error) {
    if (isPerdureError(error) && error.code === 'import-invalid') throw withRecorded(error, newEvents)
    throw error
  }
  return { events, newEvents, known: events - newEvents }
}

class Batch {
  readonly #ids = new Set<string>()
  #items: Incoming[] = []
  #bytes = 0

  get items(): readonly Incoming[] {
    return this.#items
  }

  /** An id that stands twice in a file stands in two batches, so that the second is compared with the first. */
  hasRoomFor({ event, sizeBytes }: Incoming): boolean {
    if (this.#items.length >= BATCH_LENGTH_MAX_EVENTS || this.#ids.has(event.id)) return false
    return this.#items.length === 0 || this.#bytes + sizeBytes <= BATCH_SIZE_MAX_BYTES
  }

  add(item: Incoming): void {
    this.#items.push(item)
    this.#ids.add(item.event.id)
    this.#bytes += item.sizeBytes
  }

  clear(): void {
    this.#items = []
    this.#ids.clear()
    this.#bytes = 0
  }
}

/** How many were new. */
async function appendBatch(store: Store, items: readonly Incoming[]): Promise<number> {
  if (items.length === 0) return 0
  try {
    const { count, duplicate } = must(await store.commit(items.map(({ stream, event }) => ({ stream, events: event }))))
    return duplicate ? 0 : count
  } catch (error) {
    if (!isPerdureError(error)) throw error
    if (error.code === 'event-invalid' || error.code === 'blob-missing') throw atItsPlace(error, items)
    if (error.code !== 'id-reused') throw error
    const places = new Map(Object.entries(error.facts.places))
    // Ids that are known lead to fewer items; none known would lead here for ever.
    if (places.size === 0) throw error
    await assertSame(store, items, places)
    return await appendBatch(
      store,
      items.filter(({ event }) => !places.has(event.id)),
    )
  }
}

type AtIndex = PerdureError<'event-invalid'> | PerdureError<'blob-missing'>

/** The store counts the events of a call; the person looks into a file. */
function atItsPlace(error: AtIndex, items: readonly Incoming[]): Error {
  const { index = 0, pointer = '' } = error.facts
  const item = items[index]
  if (item === undefined) return error
  const problem = error.message.replace(/ of event \d+ /, ' ').replace(/^event \d+ /, 'the event ')
  return importInvalid(item.place, problem, { pointer, cause: error, hint: error.hint ?? 'Correct the file.' })
}

/** That what is recorded under the known ids is what the file says today. */
async function assertSame(
  store: Store,
  items: readonly Incoming[],
  places: ReadonlyMap<string, number>,
): Promise<void> {
  const expected = new Map(items.map((item) => [item.event.id, item]))
  const compare = (recorded: RecordedEvent): void => {
    const item = expected.get(recorded.id)
    if (item === undefined || isSame(item, recorded)) return
    const { position } = recorded
    throw importInvalid(item.place, `is recorded already, at position ${position}, with another content`, {
      hint: 'Import with the options of the first time, or give --name to record it as another source.',
    })
  }
  const positions = [...places.values()].sort((a, b) => a - b)
  const [first = 0] = positions
  const last = positions.at(-1) ?? 0
  // Mostly they stand side by side, as they were imported.
  if (last - first < 4 * positions.length + 100) {
    for await (const event of store.read({ after: first - 1, upTo: last, raw: true })) compare(event)
    return
  }
  for (const position of positions) {
    for await (const event of store.read({ after: position - 1, upTo: position, raw: true })) compare(event)
  }
}

/** Content is compared as the store compares it on a repeat: not meta. */
function isSame({ stream, event }: Incoming, recorded: RecordedEvent): boolean {
  if (stream !== recorded.stream || event.type !== recorded.type || event.subject !== recorded.subject) return false
  if (event.version !== undefined && event.version !== recorded.version) return false
  if (recorded.unreadable !== undefined) return true
  if (!sameJson({ ...event.subjects }, { ...recorded.subjects })) return false
  return event.occurred === recorded.occurred && sameTags(event, recorded) && sameJson(event.data, recorded.data)
}

function sameTags({ tags = [] }: NewEvent, recorded: RecordedEvent): boolean {
  const known = new Set(recorded.tags)
  return known.size === new Set(tags).size && tags.every((tag) => known.has(tag))
}

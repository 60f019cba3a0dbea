/** Brings events of a file into a log, batch by batch: what the log lacks, in the order of the file. */
import { isPerdureError, type PerdureError } from '../../errors.js'
import type { NewEvent, RecordedEvent, Write } from '../../events.js'
import { must } from '../../index.js'
import { sameJson } from '../../json.js'
import type { Store } from '../../store.js'
import { importInvalid, withRecorded } from './invalid.js'
import type { Incoming } from './mapping.js'
import { fits, Names } from './pseudonyms.js'
import { Tally, type ImportCounts } from './tally.js'

/** Each batch is a commit: whole in the log or not at all. */
const BATCH_LENGTH_MAX_EVENTS = 1000
/** Far enough below the limit of a commit that tags and names do not matter. */
const BATCH_SIZE_MAX_BYTES = 4 * 1024 * 1024

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
  const tally = new Tally(await store.head())
  const target = { store, tally, names: new Names(store.subjects) }
  const flush = async (): Promise<void> => {
    if (batch.items.length === 0) return
    await appendBatch(target, batch.items)
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
    if (isPerdureError(error) && error.code === 'import-invalid') throw withRecorded(error, tally.counts.newEvents)
    throw error
  }
  return tally.counts
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

interface Target {
  readonly store: Store
  readonly tally: Tally
  readonly names: Names
}

async function appendBatch(target: Target, batch: readonly Incoming[]): Promise<void> {
  const { store, tally, names } = target
  // Whoever was forgotten since gets no new name for what is known.
  const isNaming = batch.some(({ unnamed }) => unnamed !== undefined)
  const items = isNaming ? await withoutKnown(target, batch, await placesOf(store, batch)) : batch
  if (items.length === 0) return
  const writes: Write[] = []
  for (const item of items) writes.push(await names.write(item))
  try {
    const { first, count, duplicate } = must(await store.commit(writes))
    if (duplicate) items.forEach((item, i) => tally.addKnown(item, first + i, false))
    else tally.addNew(count)
  } catch (error) {
    if (!isPerdureError(error)) throw error
    if (error.code === 'event-invalid' || error.code === 'blob-missing') throw atItsPlace(error, items)
    if (error.code !== 'id-reused' && error.code !== 'subject-shredded') throw error
    // Of somebody who was forgotten what is recorded already is no more than that.
    const isRepeated = error.code === 'id-reused'
    const places = isRepeated ? new Map(Object.entries(error.facts.places)) : await placesOf(store, items)
    // Ids that are known lead to fewer items; none known would lead here for ever.
    if (places.size === 0) throw isRepeated ? error : ofSomebodyForgotten(error, items)
    await appendBatch(target, await withoutKnown(target, items, places))
  }
}

/** Where items that are recorded already stand, by id. */
async function placesOf(store: Store, items: readonly Incoming[]): Promise<Map<string, number>> {
  const places = new Map<string, number>()
  for (const { event } of items) {
    const recorded = await store.event(event.id)
    if (recorded !== undefined) places.set(event.id, recorded.position)
  }
  return places
}

/** What is new about somebody who was forgotten. */
function ofSomebodyForgotten(error: PerdureError<'subject-shredded'>, items: readonly Incoming[]): Error {
  const item = items[error.facts.index ?? -1]
  if (item === undefined) return error
  const hint = error.hint ?? 'Leave it out.'
  return importInvalid(item.place, `is new, and ${error.message}`, { pointer: '/subject', cause: error, hint })
}

/** Those that are new; the others are compared and counted. */
async function withoutKnown(
  { store, tally }: Target,
  items: readonly Incoming[],
  places: ReadonlyMap<string, number>,
): Promise<readonly Incoming[]> {
  if (places.size === 0) return items
  await assertSame(store, items, places, tally.head)
  const others: Incoming[] = []
  for (const item of items) {
    const position = places.get(item.event.id)
    if (position === undefined) others.push(item)
    else tally.addKnown(item, position, others.length > 0)
  }
  return others
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
  head: number,
): Promise<void> {
  const expected = new Map(items.map((item) => [item.event.id, item]))
  const compare = (recorded: RecordedEvent): void => {
    const item = expected.get(recorded.id)
    if (item === undefined || isSame(item, recorded)) return
    throw recordedOtherwise(item, recorded.position, head)
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

/** `head`: where the log ended before the import; what stands after it is of the same file. */
function recordedOtherwise({ place }: Incoming, position: number, head: number): Error {
  if (position > head) {
    const hint = 'Let --id name what tells the records of this file apart, or correct the file.'
    return importInvalid(place, 'has the id of an earlier record of this file, and another content', { hint })
  }
  return importInvalid(place, `is recorded already, at position ${position}, with another content`, {
    hint: 'Import with the options of the first time, or give --name to record it as another source. With --id, see that no two records of the file have the same.',
  })
}

/** Content is compared as the store compares it on a repeat: not meta. */
function isSame({ stream, event }: Incoming, recorded: RecordedEvent): boolean {
  if (!fits(stream, recorded.stream) || !fits(event.type, recorded.type)) return false
  if (!fits(event.subject ?? '', recorded.subject ?? '')) return false
  if (event.version !== undefined && event.version !== recorded.version) return false
  if (recorded.unreadable !== undefined) return true
  if (!sameJson({ ...event.subjects }, { ...recorded.subjects })) return false
  return event.occurred === recorded.occurred && sameTags(event, recorded) && sameJson(event.data, recorded.data)
}

function sameTags({ tags = [] }: NewEvent, { tags: recorded }: RecordedEvent): boolean {
  const isAmong = (tag: string): boolean => recorded.some((known) => fits(tag, known))
  return tags.every(isAmong) && recorded.every((known) => tags.some((tag) => fits(tag, known)))
}

/** Queries: checked at the border, reduced to one form, and matched. The pure `matches` decides everywhere. */
import type { Matcher } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import type { Query, QueryItem, Selection } from '../events.js'
import { checkName, checkTag, checkTime } from './names.js'

/** More would make a page's cost unbounded; nobody writes such a query by hand. */
export const QUERY_ITEMS_MAX = 1000

type Fields = 'stream' | 'type' | 'tags'
type Matchable = { readonly [Field in Fields]: Field extends 'tags' ? readonly string[] : string }

/** Whether an event is selected: by any item, and by an item when all its members hold. */
export function matches(matcher: Matcher, event: Matchable): boolean {
  for (const item of matcher) if (matchesItem(item, event)) return true
  return false
}

function matchesItem(item: QueryItem, event: Matchable): boolean {
  if (item.stream !== undefined && item.stream !== event.stream) return false
  if (item.streamPrefix !== undefined && !event.stream.startsWith(item.streamPrefix)) return false
  if (item.types !== undefined && !item.types.includes(event.type)) return false
  if (item.tags !== undefined) for (const tag of item.tags) if (!event.tags.includes(tag)) return false
  return true
}

/**
 * The one form of a selection: a list of alternatives. `{ tags: [a], any: [{ types: [t] }, { tags: [b] }] }` becomes
 * `[{ types: [t], tags: [a] }, { tags: [a, b] }]`; alternatives that nothing can match are left out.
 *
 * @throws PerdureError `query-invalid` with the pointer of what is wrong
 */
function toMatcher(selection: Selection): Matcher {
  checkItem(selection, '')
  const { any } = selection
  if (any === undefined) return [pickItem(selection)]
  if (!Array.isArray(any) || any.length === 0) throw invalid('/any', 'is empty; leave it out to select everything')
  if (any.length > QUERY_ITEMS_MAX) throw invalid('/any', `has more than ${QUERY_ITEMS_MAX} items`)
  const matcher: QueryItem[] = []
  any.forEach((item: QueryItem, i) => {
    checkItem(item, `/any/${i}`)
    checkMembers(item, ITEM_MEMBERS, `/any/${i}`)
    const both = intersect(pickItem(selection), pickItem(item))
    if (both !== undefined) matcher.push(both)
  })
  return matcher
}

/** What of a matcher's events is of these types. */
export function restrictTypes(matcher: Matcher, types: readonly string[]): Matcher {
  return matcher.map((item) => intersect(item, { types })).filter((item) => item !== undefined)
}

function intersect(a: QueryItem, b: QueryItem): QueryItem | undefined {
  const stream = a.stream ?? b.stream
  if (a.stream !== undefined && b.stream !== undefined && a.stream !== b.stream) return undefined
  const prefixes = [a.streamPrefix, b.streamPrefix].filter((prefix) => prefix !== undefined)
  const streamPrefix = prefixes.sort((x, y) => y.length - x.length)[0]
  if (streamPrefix !== undefined && !prefixes.every((prefix) => streamPrefix.startsWith(prefix))) return undefined
  if (stream !== undefined && streamPrefix !== undefined && !stream.startsWith(streamPrefix)) return undefined
  const types = a.types && b.types ? a.types.filter((type) => b.types?.includes(type)) : (a.types ?? b.types)
  if (types?.length === 0) return undefined
  const tags = a.tags && b.tags ? [...new Set([...a.tags, ...b.tags])] : (a.tags ?? b.tags)
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(streamPrefix === undefined ? {} : { streamPrefix }),
    ...(types === undefined ? {} : { types }),
    ...(tags === undefined ? {} : { tags }),
  }
}

/** A copy of what selects, so that the caller may change its own object while a read goes on. */
function pickItem({ stream, streamPrefix, types, tags }: QueryItem): QueryItem {
  return {
    ...(stream === undefined ? {} : { stream }),
    ...(streamPrefix === undefined ? {} : { streamPrefix }),
    ...(types === undefined ? {} : { types: [...types] }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
  }
}

function checkItem(item: QueryItem, pointer: string): void {
  if (typeof item !== 'object' || item === null) throw invalid(pointer, 'is not an object')
  if (item.stream !== undefined) checkPart(item.stream, `${pointer}/stream`, checkName)
  if (item.streamPrefix !== undefined) {
    checkPart(item.streamPrefix, `${pointer}/streamPrefix`, (text) => (text === '' ? undefined : checkName(text)))
  }
  if (item.types !== undefined) checkList(item.types, `${pointer}/types`, checkName)
  if (item.tags !== undefined) checkList(item.tags, `${pointer}/tags`, checkTag)
}

function checkList(values: unknown, pointer: string, check: (text: string) => string | undefined): void {
  if (!Array.isArray(values)) throw invalid(pointer, 'is not a list')
  if (values.length === 0) throw invalid(pointer, 'is empty; leave it out to select everything')
  if (values.length > QUERY_ITEMS_MAX) throw invalid(pointer, `has more than ${QUERY_ITEMS_MAX} members`)
  values.forEach((value, i) => checkPart(value, `${pointer}/${i}`, check))
}

function checkPart(value: unknown, pointer: string, check: (text: string) => string | undefined): void {
  const problem = typeof value === 'string' ? check(value) : 'is not a string'
  if (problem !== undefined) throw invalid(pointer, problem)
}

const ITEM_MEMBERS = ['stream', 'streamPrefix', 'types', 'tags'] as const
const SELECTION_MEMBERS = [...ITEM_MEMBERS, 'any'] as const
const QUERY_MEMBERS = [
  ...SELECTION_MEMBERS,
  'after',
  'afterRevision',
  'upTo',
  'until',
  'backwards',
  'limit',
  'raw',
  'enrichments',
] as const

/** Refuses members that do not exist: a misspelt one would silently select more than was meant. */
function checkMembers(value: object, allowed: readonly string[], pointer: string): void {
  for (const key of Object.keys(value)) {
    if (!allowed.includes(key)) {
      throw invalid(`${pointer}/${key}`, `is not a member of a query; there are ${allowed.join(', ')}`)
    }
  }
}

/** A selection from outside, whole. @throws PerdureError `query-invalid` */
export function parseSelection(selection: Selection): Matcher {
  assertObject(selection)
  checkMembers(selection, SELECTION_MEMBERS, '')
  return toMatcher(selection)
}

/** A query whose bounds are numbers in range and whose matcher is reduced. Times are not yet positions. */
export interface ParsedQuery {
  readonly matcher: Matcher
  readonly after: number
  readonly afterRevision: number
  readonly upToRevision: number
  readonly upTo: number
  /** As in a line. */
  readonly until: string | undefined
  readonly backwards: boolean
  readonly limit: number
  readonly raw: boolean
  readonly enrichments: boolean
}

/** @throws PerdureError `query-invalid` */
export function parseQuery(query: Query): ParsedQuery {
  assertObject(query)
  checkMembers(query, QUERY_MEMBERS, '')
  const matcher = toMatcher(query)
  if (query.afterRevision !== undefined && query.stream === undefined) {
    throw invalid('/afterRevision', 'needs a stream: revisions are of one stream')
  }
  return {
    matcher,
    after: checkInteger(query.after ?? 0, '/after', 0),
    afterRevision: checkInteger(query.afterRevision ?? 0, '/afterRevision', 0),
    upToRevision: Infinity,
    upTo: query.upTo === undefined ? Infinity : checkInteger(query.upTo, '/upTo', 0),
    until: query.until === undefined ? undefined : toRecordedTime(query.until, '/until'),
    backwards: checkFlag(query.backwards, '/backwards'),
    limit: query.limit === undefined ? Infinity : checkInteger(query.limit, '/limit', 1),
    raw: checkFlag(query.raw, '/raw'),
    enrichments: checkFlag(query.enrichments, '/enrichments'),
  }
}

/** The last millisecond that four digits of a year can name. */
export const TIME_MAX_MS = Date.UTC(10_000, 0) - 1

/** A time as a line has it: UTC, milliseconds. A finer time is cut, so that it still names a prefix of the log. */
export function toRecordedTime(time: string | Date, pointer: string): string {
  if (!(time instanceof Date) && (typeof time !== 'string' || checkTime(time) !== undefined)) {
    throw invalid(pointer, 'is not a Date, nor a time with an offset as RFC 3339 has it')
  }
  const milliseconds = time instanceof Date ? time.getTime() : Date.parse(time)
  if (!Number.isFinite(milliseconds)) throw invalid(pointer, 'is not a time')
  // Beyond these no event is recorded, and the texts would no longer be in order.
  return new Date(Math.min(Math.max(milliseconds, 0), TIME_MAX_MS)).toISOString()
}

function assertObject(query: unknown): asserts query is object {
  if (typeof query !== 'object' || query === null || Array.isArray(query)) throw invalid('', 'is not an object')
}

function checkInteger(value: unknown, pointer: string, least: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw invalid(pointer, `is not a whole number of at least ${least}`)
}

function checkFlag(value: unknown, pointer: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false
  throw invalid(pointer, 'is neither true nor false')
}

function invalid(pointer: string, problem: string): PerdureError<'query-invalid'> {
  const where = pointer === '' ? 'the query' : `${pointer} of the query`
  return new PerdureError(
    'query-invalid',
    `${where} ${problem}`,
    { pointer },
    {
      hint: 'Correct the query; docs/api.md lists its members.',
    },
  )
}

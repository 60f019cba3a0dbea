/** Selections in one form for all ways to write them: equal forms select the same. */
import type { Matcher } from '../backends/protocol.js'
import type { QueryItem, Selection } from '../events.js'

/** The same for selections that differ only in the order of what they list, or in listing something twice. */
export function normalForm(matcher: Matcher): Matcher {
  const items = matcher.map(({ stream, streamPrefix, types, tags }): QueryItem => ({
    ...(stream === undefined ? {} : { stream }),
    ...(streamPrefix === undefined || streamPrefix === '' ? {} : { streamPrefix }),
    ...(types === undefined ? {} : { types: [...new Set(types)].sort() }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags)].sort() }),
  }))
  if (items.length === 1) return items
  const texts = new Map(items.map((item) => [JSON.stringify(item), item]))
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** The selection as a caller would write it. */
export function toSelection([item, ...others]: Matcher): Selection {
  return others.length === 0 && item !== undefined ? item : { any: item === undefined ? [] : [item, ...others] }
}

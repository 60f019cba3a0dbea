/** What the imports of JSON share: parsing with a place, and looking things up by name or pointer. */
import { NotJson, parseJsonText, type Json } from '../../json.js'
import { importInvalid, type Place } from './invalid.js'
import { named, type NameOf, type PseudonymColumn } from './pseudonyms.js'
import type { Lookup } from './template.js'

export type JsonObject = { readonly [key: string]: Json }

/** @throws PerdureError `import-invalid` unless the text is a JSON object that can be kept as it stands */
export function parseObject(text: string, place: Place): JsonObject {
  let value: Json
  try {
    value = parseJsonText(text)
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    const hint = 'Correct it; nothing is read that another reader of JSON might read in another way.'
    throw importInvalid(place, error.problem, { hint, ...(error.pointer !== '' && { pointer: error.pointer }) })
  }
  if (isObject(value)) return value
  throw importInvalid(place, 'is not a JSON object', { hint: 'Each event is an object: {…}.' })
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A column is a member's name, or with a slash in front a JSON Pointer. Lists give several values. */
export function lookupIn(object: JsonObject, place: Place): Lookup {
  return (column) => {
    const value = valueAt(object, pathOf(column))
    if (value === undefined || value === null || value === '') return []
    const items = Array.isArray(value) ? (value as readonly Json[]) : [value]
    return items.map((item) => scalar(item, column, place))
  }
}

function scalar(value: Json, column: string, place: Place): string {
  if (typeof value !== 'object') return String(value)
  const hint = 'A column is a text, a number or a boolean, or a list of these; /a/b looks deeper.'
  throw importInvalid(place, 'holds an object', { column, hint })
}

/** The object with names in the place of what those columns hold, by whichever pointer it is looked at. */
export function renamed(
  object: JsonObject,
  columns: readonly PseudonymColumn[],
  { nameOf, place }: { readonly nameOf: NameOf; readonly place: Place },
): JsonObject {
  let copy: Json = object
  for (const { kind, column } of columns) {
    const rename = (value: Json): Json => (value === null ? null : named(kind, scalar(value, column, place), nameOf))
    copy = changedAt(copy, pathOf(column), (value) =>
      Array.isArray(value) ? (value as readonly Json[]).map(rename) : rename(value),
    )
  }
  return copy as JsonObject
}

function changedAt(value: Json, [key, ...rest]: readonly string[], change: (value: Json) => Json): Json {
  if (key === undefined) return change(value)
  const inner = member(value, key)
  if (inner === undefined) return value
  const changed = changedAt(inner, rest, change)
  if (Array.isArray(value)) return (value as readonly Json[]).with(Number(key), changed)
  return { ...(value as JsonObject), [key]: changed }
}

function pathOf(column: string): readonly string[] {
  if (!column.startsWith('/')) return [column]
  const parts = column.slice(1).split('/')
  return parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function valueAt(object: Json, path: readonly string[]): Json | undefined {
  let here: Json | undefined = object
  for (const key of path) here = here === undefined ? undefined : member(here, key)
  return here
}

/** Not the length of a list. */
function member(value: Json, key: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.prototype.propertyIsEnumerable.call(value, key) ? (value as JsonObject)[key] : undefined
}

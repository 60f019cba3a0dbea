/** What the imports of JSON share: parsing with a place, and looking things up by name or pointer. */
import { NotJson, parseJsonText, type Json } from '../../json.js'
import { importInvalid, type Place } from './invalid.js'
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
    const value = column.startsWith('/') ? pointedAt(object, column) : own(object, column)
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

function own(value: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function pointedAt(object: Json, pointer: string): Json | undefined {
  let here: Json | undefined = object
  for (const part of pointer.slice(1).split('/')) {
    if (typeof here !== 'object' || here === null) return undefined
    here = own(here as JsonObject, part.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  return here
}

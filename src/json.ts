/** JSON values: the type, an encoder that refuses what it cannot keep, a strict parser for text that comes from outside. */
import { parse as parseLossless } from 'lossless-json'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Deepest nesting of a value: `[]` is 1 deep. Far below the stack of every JSON reader we know. */
export const JSON_DEPTH_MAX = 500

/** Why a value is not JSON, and where (RFC 6901). Internal: borders turn it into a {@link PerdureError}. */
export class NotJson extends Error {
  constructor(
    readonly pointer: string,
    readonly problem: string,
  ) {
    super(`${pointer === '' ? 'the value' : pointer} ${problem}`)
  }
}

/**
 * The JSON text of a value, byte for byte what `JSON.stringify` gives for it.
 *
 * One walk both checks and encodes, so that a getter or a proxy cannot show one value to the check and another to the
 * log. Everything that `JSON.stringify` would drop or change is refused, except -0, which is recorded as 0.
 *
 * @throws NotJson with the JSON Pointer of the first part that cannot be kept
 */
export function encodeJson(value: unknown): string {
  return encodeValue(value, 1, undefined)
}

/** The way from the root to the value being encoded; turned into a pointer only when something is refused. */
interface Path {
  readonly parent: Path | undefined
  readonly key: string | number
}

function encodeValue(value: unknown, depth: number, path: Path | undefined): string {
  switch (typeof value) {
    case 'string':
      return encodeString(value, path)
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson(pointerOf(path), `is ${String(value)}, which JSON cannot express`)
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth > JSON_DEPTH_MAX) throw new NotJson(pointerOf(path), `is nested more than ${JSON_DEPTH_MAX} deep`)
      return Array.isArray(value) ? encodeArray(value, depth, path) : encodeObject(value, depth, path)
    default:
      throw new NotJson(pointerOf(path), `is ${kindOf(value)}, which JSON cannot express`)
  }
}

function encodeArray(values: readonly unknown[], depth: number, path: Path | undefined): string {
  refuseToJson(values, path)
  if (Object.keys(values).length !== values.length) {
    throw new NotJson(pointerOf(path), 'is an array with holes or with named properties')
  }
  let text = '['
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ','
    text += encodeValue(values[i], depth + 1, { parent: path, key: i })
  }
  return text + ']'
}

function encodeObject(value: object, depth: number, path: Path | undefined): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype && !isForeignRoot(prototype)) {
    throw new NotJson(pointerOf(path), `is ${kindOf(value)}, not a plain object`)
  }
  refuseToJson(value, path)
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new NotJson(pointerOf(path), 'has a symbol as a key')
  }
  let text = '{'
  // Own and enumerable is exactly what JSON.stringify keeps; `__proto__` as an own key included.
  for (const key of Object.keys(value)) {
    if (text.length > 1) text += ','
    const here = { parent: path, key }
    text += encodeString(key, here) + ':' + encodeValue((value as Record<string, unknown>)[key], depth + 1, here)
  }
  return text + '}'
}

// Printable ASCII without the quote and the backslash: stands for itself in JSON. Almost every string is such a one.
const PLAIN = /^[ !#-[\]-~]*$/

function encodeString(text: string, path: Path | undefined): string {
  if (PLAIN.test(text)) return '"' + text + '"'
  if (!text.isWellFormed()) throw new NotJson(pointerOf(path), 'holds a lone surrogate, which UTF-8 cannot express')
  return JSON.stringify(text)
}

function refuseToJson(value: object, path: Path | undefined): void {
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    throw new NotJson(pointerOf(path), 'has a toJSON method, so what would be recorded is not what was given')
  }
}

/** The `Object.prototype` of another realm (a vm context, a frame): plain objects from there are plain here. */
function isForeignRoot(prototype: unknown): boolean {
  return (
    typeof prototype === 'object' &&
    prototype !== null &&
    Object.getPrototypeOf(prototype) === null &&
    Object.hasOwn(prototype, 'hasOwnProperty')
  )
}

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return value === undefined ? 'undefined' : `a ${typeof value}`
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null)?.constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an unusual object'
}

function pointerOf(path: Path | undefined): string {
  const parts: string[] = []
  for (let at = path; at !== undefined; at = at.parent) parts.push(pointerPart(String(at.key)))
  return parts.reverse().join('')
}

/** One step of a JSON Pointer (RFC 6901), with its slash. */
export function pointerPart(key: string): string {
  return '/' + key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** Equal as JSON: members in any order, numbers as doubles. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((value: Json, i) => sameJson(value, b[i] as Json))
  }
  const left = a as Record<string, Json>
  const right = b as Record<string, Json>
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key] as Json, right[key] as Json))
}

/** Freezes a parsed value through and through, in place. Depth is bounded because only recorded values come here. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    // Parsed values have no inherited members for this to meet, and it is three times as fast as listing the keys.
    for (const key in value) {
      const part = (value as Record<string, unknown>)[key]
      if (typeof part === 'object' && part !== null) deepFreeze(part)
    }
    Object.freeze(value)
  }
  return value
}

/**
 * Parses JSON text from outside (a command line, a file, a request), where a person or a program may have written what
 * `JSON.parse` would quietly change: duplicate keys, and numbers that a double cannot hold.
 *
 * @throws NotJson
 */
export function parseJsonText(text: string): Json {
  let value: unknown
  try {
    assertDepth(text)
    value = parseLossless(text, null, {
      parseNumber: (digits) => {
        if (!isHeldByDouble(digits))
          throw new NotJson('', `holds the number ${clip(digits)}, which a double cannot hold`)
        return Number(digits)
      },
      onDuplicateKey: ({ key }) => {
        throw new NotJson('', `has the key ${JSON.stringify(clip(key))} twice in one object`)
      },
    })
  } catch (error) {
    if (error instanceof NotJson) throw error
    throw new NotJson('', `is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  encodeJson(value)
  return value as Json
}

/** Whether the double nearest to a number, written out, is the same number again. */
function isHeldByDouble(text: string): boolean {
  const value = Number(text)
  return Number.isFinite(value) && significant(text) === significant(String(value))
}

/** A decimal number as digits without zeros at either end, and the power of ten of the last one. */
function significant(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  let end = digits.length
  // Not a regular expression: one that looks for zeros at the end tries from each zero anew.
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--
  const trimmed = digits.slice(0, end)
  if (trimmed === '') return '0'
  return `${sign}${trimmed}e${Number(exponent) - fraction.length + digits.length - trimmed.length}`
}

/** Refuses text nested too deep before a recursive parser meets it. Brackets inside strings do not count. */
function assertDepth(text: string): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i)
    if (inString) {
      if (character === 0x5c) i++
      else if (character === 0x22) inString = false
    } else if (character === 0x22) inString = true
    else if (character === 0x5b || character === 0x7b) {
      if (++depth > JSON_DEPTH_MAX) throw new NotJson('', `is nested more than ${JSON_DEPTH_MAX} deep`)
    } else if (character === 0x5d || character === 0x7d) depth--
  }
}

function clip(text: string): string {
  return text.length > 40 ? text.slice(0, 40) + '…' : text
}

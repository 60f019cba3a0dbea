/** Text for bytes that git gives us: names that a stream, a tag and JSON can hold, and that stay the same for ever. */
import { createHash } from 'node:crypto'
import { NAME_SIZE_MAX_BYTES } from '../../events.js'

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name or a message: as it is when it is UTF-8, else with the bytes that are not as `\xNN`. */
export function textOf(bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes)
  } catch {
    return escapeInvalid(bytes)
  }
}

// What a stream name may not hold, and the backslash, so that what is escaped cannot be mistaken for a plain name.
const ESCAPED_IN_PATHS = /[\p{Cc}\\]/gu

/**
 * The text of a file's path. Paths are bytes: those that are not UTF-8, control characters and backslashes become
 * `\xNN`, one for each byte. Different paths have different texts.
 */
export function pathText(bytes: Uint8Array): string {
  const escape = (text: string): string =>
    text.replace(ESCAPED_IN_PATHS, (character) => escapeBytes(Buffer.from(character)))
  try {
    return escape(STRICT.decode(bytes))
  } catch {
    return escapeInvalid(bytes, escape)
  }
}

/** Room for `file-` and `file:`, which are equally long. */
const PATH_NAME_MAX_BYTES = NAME_SIZE_MAX_BYTES - 5
const DIGEST_LENGTH = 32

/**
 * The part of a stream name or tag that stands for a path: its text, or, where that is too long, its beginning, `\~`
 * and half of its SHA-256. No path's own text holds `\~`, so the two forms cannot meet.
 */
export function pathName(text: string): string {
  if (Buffer.byteLength(text) <= PATH_NAME_MAX_BYTES) return text
  const digest = createHash('sha256').update(text).digest('hex').slice(0, DIGEST_LENGTH)
  let bytes = 0
  let kept = ''
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > PATH_NAME_MAX_BYTES - 2 - DIGEST_LENGTH) break
    kept += character
  }
  return `${kept}\\~${digest}`
}

/** Decodes character by character, so that only the bytes that are not UTF-8 are escaped. */
function escapeInvalid(bytes: Uint8Array, escapeValid: (text: string) => string = (text) => text): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = lengthOfCharacter(bytes, at)
    if (length === 0) text += escapeBytes(bytes.subarray(at, at + 1))
    else text += escapeValid(STRICT.decode(bytes.subarray(at, at + length)))
    at += Math.max(1, length)
  }
  return text
}

/** How many bytes make the UTF-8 character that begins here; 0 if none does. */
function lengthOfCharacter(bytes: Uint8Array, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length++) {
    try {
      STRICT.decode(bytes.subarray(at, at + length))
      return length
    } catch {
      // Not yet, or not at all.
    }
  }
  return 0
}

function escapeBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => '\\x' + byte.toString(16).padStart(2, '0')).join('')
}

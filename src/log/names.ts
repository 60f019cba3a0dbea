/** What may stand in a stream, type, id, subject, tag or time. Each check answers with the problem, or nothing. */
import { NAME_SIZE_MAX_BYTES } from '../events.js'

// Printable ASCII: valid as it is, and one byte a character.
const PLAIN = /^[ -~]*$/
// C0 and C1 controls and DEL: invisible in a terminal, and some of them steer it.
const CONTROL = /\p{Cc}/u

/** A stream, type, id or subject. */
export function checkName(text: string): string | undefined {
  if (text.length === 0) return 'is empty'
  if (PLAIN.test(text)) {
    return text.length <= NAME_SIZE_MAX_BYTES ? undefined : tooLong
  }
  if (!text.isWellFormed()) return 'holds a lone surrogate, which UTF-8 cannot express'
  if (CONTROL.test(text)) return 'holds a control character'
  return Buffer.byteLength(text) <= NAME_SIZE_MAX_BYTES ? undefined : tooLong
}

const tooLong = `is longer than ${NAME_SIZE_MAX_BYTES} bytes`

/** A tag: a name with a colon, neither side of the first one empty. */
export function checkTag(text: string): string | undefined {
  const problem = checkName(text)
  if (problem !== undefined) return problem
  const colon = text.indexOf(':')
  if (colon < 0) return 'has no colon; a tag is key:value'
  return colon === 0 ? 'has no key before its colon' : undefined
}

// RFC 3339 section 5.6, with an offset or Z. A leap second (:60) is legal there and refused here: no clock we read
// with can name it.
const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-](\d\d):(\d\d))$/

/** A time with its offset, as RFC 3339 has it. */
export function checkTime(text: string): string | undefined {
  const parts = text.length <= 64 ? TIME.exec(text) : null
  if (parts === null) return 'is not a time with an offset as RFC 3339 has it'
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const offsetHours = Number(parts[9] ?? 0)
  const offsetMinutes = Number(parts[10] ?? 0)
  const inRange =
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= daysOf(year, month) &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    offsetHours <= 23 &&
    offsetMinutes <= 59
  return inRange ? undefined : 'names a day or a time that does not exist'
}

function daysOf(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}

/** Times as files write them, made RFC 3339. */
import { InvalidArgumentError } from 'commander'
import { checkTime } from '../../log/names.js'

export const TIME_FORMATS = ['iso', 'unix', 'unix-ms'] as const
export type TimeFormat = (typeof TIME_FORMATS)[number]

export interface TimeOptions {
  readonly format: TimeFormat
  /** For times that name none: `Z` or `+01:00`. */
  readonly offset: string | undefined
}

// A date; perhaps a time after a T or blanks; perhaps a fraction; perhaps an offset.
const ISO = /^(\d{4}-\d\d-\d\d)(?:(?:[Tt]|\s+)(\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9})\d*)?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?$/

/** The time with what of it had to be changed, or what is wrong with it. */
export function toOccurred(
  text: string,
  options: TimeOptions,
): { readonly time: string } | { readonly problem: string } {
  const trimmed = text.trim()
  return options.format === 'iso' ? fromIso(trimmed, options.offset) : fromUnix(trimmed, options.format)
}

function fromIso(text: string, offset: string | undefined): ReturnType<typeof toOccurred> {
  const parts = text.length > 64 ? null : ISO.exec(text)
  if (parts === null) return { problem: `is no time: ${JSON.stringify(text.slice(0, 64))}` }
  const [, date, minutes = '00:00', seconds = ':00', fraction, ownZone] = parts
  const zone = ownZone ?? offset
  if (zone === undefined) return { problem: `names no offset from UTC: ${JSON.stringify(text)}` }
  const time = `${date}T${minutes}${seconds}${fraction === undefined ? '' : `.${fraction}`}${fullOffset(zone)}`
  const problem = checkTime(time)
  return problem === undefined ? { time } : { problem }
}

/** `+01`, `+0100` → `+01:00`. */
function fullOffset(zone: string): string {
  if (/^z$/i.test(zone)) return 'Z'
  const digits = zone.replace(':', '').padEnd(5, '0')
  return `${digits.slice(0, 3)}:${digits.slice(3)}`
}

function fromUnix(text: string, format: 'unix' | 'unix-ms'): ReturnType<typeof toOccurred> {
  const date = new Date(/^-?\d+(\.\d+)?$/.test(text) ? Number(text) * (format === 'unix' ? 1000 : 1) : NaN)
  if (Number.isNaN(date.getTime())) return { problem: `is no ${format} time: ${JSON.stringify(text.slice(0, 64))}` }
  const time = date.toISOString()
  const problem = checkTime(time)
  return problem === undefined ? { time } : { problem }
}

/** @throws InvalidArgumentError */
export function parseOffset(text: string): string {
  if (/^(?:[Zz]|[+-]\d\d:?\d\d)$/.test(text)) return text
  throw new InvalidArgumentError('It is an offset from UTC: Z, +01:00, -0500.')
}

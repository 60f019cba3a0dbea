/** An event as a line for a person. */
import type { RecordedEvent } from '../events.js'
import { encodeJson } from '../json.js'
import { padded, paddedLeft, printable, shortened } from './text.js'

/** At most so many columns; without: whole. */
export function describeEvent(event: RecordedEvent, columns: number | undefined): string {
  const time = event.time.slice(0, 19).replace('T', ' ')
  const place = padded(printable(`${event.stream}@${event.revision}`), 24)
  const tags = event.tags.length === 0 ? '' : `  [${printable(event.tags.join(' '))}]`
  const what = `${padded(printable(event.type), 16)}  ${printable(describeData(event))}${tags}`
  const line = `${paddedLeft(String(event.position), 6)}  ${time}  ${place}  ${what}`
  return columns === undefined ? line : shortened(line, columns)
}

const REASONS = { shredded: 'shredded', 'key-unavailable': 'its key is not at hand' } as const

function describeData({ data, unreadable = [] }: RecordedEvent): string {
  const [first] = unreadable
  if (first === undefined) return encodeJson(data)
  if (first.path === '') return `(${REASONS[first.why]})`
  const parts = unreadable.map(({ path, why }) => `${path}: ${REASONS[why]}`)
  return `${encodeJson(data)}  (${parts.join(', ')})`
}

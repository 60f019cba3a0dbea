/** An event as a line for a person. */
import type { RecordedEvent } from '../events.js'
import { encodeJson } from '../json.js'
import { padded, paddedLeft, printable, shortened } from './text.js'

/** At most so many columns; without: whole. */
export function describeEvent(event: RecordedEvent, columns: number | undefined): string {
  const time = event.time.slice(0, 19).replace('T', ' ')
  const place = padded(printable(`${event.stream}@${event.revision}`), 24)
  const tags = event.tags.length === 0 ? '' : `  [${printable(event.tags.join(' '))}]`
  const what = `${padded(printable(event.type), 16)}  ${printable(encodeJson(event.data))}${tags}`
  const line = `${paddedLeft(String(event.position), 6)}  ${time}  ${place}  ${what}`
  return columns === undefined ? line : shortened(line, columns)
}

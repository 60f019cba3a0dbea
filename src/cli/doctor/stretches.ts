/** Stretches of positions: what of a log is whole is what is left beside what is damaged. */
import { grouped } from '../text.js'
import type { Stretch } from './blocks.js'

/** What of positions 1 to `last` lies in none of these stretches, in order. */
export function outside(damaged: readonly Stretch[], last: number): Stretch[] {
  const whole: Stretch[] = []
  let next = 1
  for (const [first, end] of damaged.toSorted(([a], [b]) => a - b)) {
    if (first > next) whole.push([next, Math.min(first - 1, last)])
    next = Math.max(next, end + 1)
  }
  if (next <= last) whole.push([next, last])
  return whole
}

const SHOWN_MAX = 5

/** `1 to 17, 19, and 30 to 31`. */
export function stretchesText(stretches: readonly Stretch[]): string {
  const texts = stretches
    .slice(0, SHOWN_MAX)
    .map(([first, last]) => (first === last ? grouped(first) : `${grouped(first)} to ${grouped(last)}`))
  const more = stretches.length - SHOWN_MAX
  if (more > 0) texts.push(`${grouped(more)} more ${more === 1 ? 'stretch' : 'stretches'}`)
  const last = texts.pop() ?? 'none'
  return texts.length === 0 ? last : `${texts.join(', ')}, and ${last}`
}

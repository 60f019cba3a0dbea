/** Text for a terminal: what may be printed, how wide it is, columns, bars, numbers. */

// Controls steer a terminal and bidirectional marks reorder a line; data from a log may hold both.
const UNPRINTABLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** The text with whatever could steer a terminal written as an escape. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0'))
}

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
// Scripts that terminals draw two columns wide, and emoji.
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u

/** How many columns a terminal uses for the text. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of GRAPHEMES.segment(text)) width += WIDE.test(segment) ? 2 : 1
  return width
}

/** At most `width` columns, with an ellipsis where something was left out at the end. */
export function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let used = 0
  for (const { segment } of GRAPHEMES.segment(text)) {
    used += widthOf(segment)
    if (used > width - 1) break
    kept += segment
  }
  return kept + '…'
}

/** The same for a path, whose end says more than its beginning. */
export function shortenedPath(path: string, width: number): string {
  if (widthOf(path) <= width) return path
  const segments = Array.from(GRAPHEMES.segment(path), ({ segment }) => segment)
  while (segments.length > 0 && widthOf(segments.join('')) > width - 1) segments.shift()
  return '…' + segments.join('')
}

export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

export function paddedLeft(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of `share` (0 to 1) of `width` columns, to an eighth of a column; never empty for a share above 0. */
export function bar(share: number, width: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(share * width * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '')
}

/** 12345 → `12,345`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US')
}

/** `1 event`, `12,345 events`. */
export function plural(count: number, one: string, many = one + 's'): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

/** An argument as a person would paste it into a POSIX shell. */
export function shellQuoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

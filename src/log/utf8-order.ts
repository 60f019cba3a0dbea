/** The order of UTF-8 bytes, which is the order of code points; JavaScript compares UTF-16 units instead. */

// Units from 0xD800 on: surrogates stand for code points above all others, but are not the largest units.
const SURROGATE_OR_ABOVE = /[\uD800-\uFFFF]/

/** For `sort`: negative when `a` comes first. */
export function compareUtf8(a: string, b: string): number {
  if (!SURROGATE_OR_ABOVE.test(a) || !SURROGATE_OR_ABOVE.test(b)) return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

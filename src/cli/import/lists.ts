/** Lists that stand in one cell of a table, as JSON or as Python write them: ["a", 1] or ['a', 1]. */

/** Undefined: it is no such list. Elements are texts and numbers, as text. */
export function parseList(cell: string): readonly string[] | undefined {
  const text = cell.trim()
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined
  const items: string[] = []
  let rest = text.slice(1, -1).trimStart()
  while (rest !== '') {
    const item = ITEM.exec(rest)
    if (item === null) return undefined
    const [whole, double, single, plain] = item
    items.push(plain ?? unescape(double ?? single ?? ''))
    rest = rest.slice(whole.length)
    const comma = /^\s*(,\s*|$)/.exec(rest)
    if (comma === null) return undefined
    rest = rest.slice(comma[0].length)
  }
  return items
}

const ITEM = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(-?\d+(?:\.\d+)?))/s

const NAMED: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, character: string | undefined) =>
    code === undefined ? (NAMED[character ?? ''] ?? character ?? '') : String.fromCharCode(parseInt(code, 16)),
  )
}

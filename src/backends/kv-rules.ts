/** What every backend does alike with current values: judging what a put expects, and cutting a page of a sorted list. */
import { firstIndex } from '../binary-search.js'
import { compareUtf8 } from '../log/utf8-order.js'
import type { KvEntry, KvExpect, KvOutcome } from './protocol.js'

/** The answer, if nothing is to be written. `actual` is the entry's revision, 0 where there is none. */
export function judgeKv(actual: number, text: string | undefined, expect: KvExpect): KvOutcome | undefined {
  if (expect !== 'any' && actual !== (expect === 'new' ? 0 : expect)) return { kind: 'conflict', actual }
  return text === undefined && actual === 0 ? { kind: 'written', revision: 0 } : undefined
}

/** `keys` in UTF-8 byte order. The entry that crosses `maxBytes` is included, so that a page always moves on. */
export function pageOf(
  keys: readonly string[],
  prefix: string,
  { after, limit, maxBytes }: { readonly after: string; readonly limit: number; readonly maxBytes: number },
  entryOf: (key: string) => KvEntry | undefined,
): readonly KvEntry[] {
  const entries: KvEntry[] = []
  let bytes = 0
  const isInPage = (key: string): boolean => compareUtf8(key, prefix) >= 0 && compareUtf8(key, after) > 0
  const from = firstIndex(keys.length, (index) => isInPage(keys[index] as string))
  for (let i = from; i < keys.length && entries.length < limit && bytes < maxBytes; i++) {
    const key = keys[i] as string
    if (!key.startsWith(prefix)) break
    const entry = entryOf(key)
    if (entry === undefined) continue
    entries.push(entry)
    bytes += entry.key.length + entry.text.length
  }
  return entries
}

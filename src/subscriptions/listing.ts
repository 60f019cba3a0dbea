/** The subscriptions that a store knows, and how far each has come, without being one of them. */
import type { KvBackend } from '../backends/protocol.js'
import type { Json } from '../json.js'
import { KEY_PREFIX, parseCheckpoint, type Checkpoint } from './checkpoint.js'

/** What was last saved: a running subscription may be a page or a second further. */
export interface SavedSubscription extends Checkpoint {
  readonly name: string
  /** When it was saved. */
  readonly time?: string
  /** What it selects. */
  readonly query?: Json
}

const PAGE = { limit: 100, maxBytes: 1024 * 1024 } as const

/** All of them, in UTF-8 byte order of their names. @throws PerdureError `checkpoint-invalid` */
export async function* listSubscriptions(kv: KvBackend): AsyncGenerator<SavedSubscription, void, void> {
  let after = ''
  for (;;) {
    const page = await kv.list(KEY_PREFIX, { after, ...PAGE })
    for (const { key, text } of page) yield toSaved(key, text)
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

function toSaved(key: string, text: string): SavedSubscription {
  // Whether it stands beyond the head is for those to judge who go on from it: the log grows while one looks on.
  const checkpoint = parseCheckpoint(key, text, Infinity)
  // It is an object: that has just been checked.
  const { time, query } = JSON.parse(text) as { readonly time?: unknown; readonly query?: Json }
  return {
    name: key.slice(KEY_PREFIX.length),
    ...checkpoint,
    ...(typeof time === 'string' && { time }),
    ...(query !== undefined && { query }),
  }
}

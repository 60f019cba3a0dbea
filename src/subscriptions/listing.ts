/** The subscriptions that a store knows, and how far each has come, without being one of them. */
import type { KvBackend } from '../backends/protocol.js'
import { isPerdureError, type AnyPerdureError } from '../errors.js'
import { KEY_PREFIX, parseCheckpoint, type Checkpoint } from './checkpoint.js'

/** What was last saved: a running subscription may be a page or a second further. */
export interface SavedSubscription extends Checkpoint {
  readonly name: string
  /** When it was saved. */
  readonly time?: string
}

/** One whose checkpoint nobody can go on from. */
export interface InvalidSubscription {
  readonly name: string
  /** `checkpoint-invalid` */
  readonly invalid: AnyPerdureError
}

const PAGE = { limit: 100, maxBytes: 1024 * 1024 } as const

/** All of them, in UTF-8 byte order of their names. One that is malformed hides none of the others. */
export async function* listSubscriptions(
  kv: KvBackend,
): AsyncGenerator<SavedSubscription | InvalidSubscription, void, void> {
  let after = ''
  for (;;) {
    const page = await kv.list(KEY_PREFIX, { after, ...PAGE })
    for (const { key, text } of page) yield savedOrInvalid(key, text)
    const last = page.at(-1)
    if (last === undefined) return
    after = last.key
  }
}

function savedOrInvalid(key: string, text: string): SavedSubscription | InvalidSubscription {
  try {
    return toSaved(key, text)
  } catch (error) {
    if (!isPerdureError(error)) throw error
    return { name: key.slice(KEY_PREFIX.length), invalid: error }
  }
}

function toSaved(key: string, text: string): SavedSubscription {
  // Whether the log is the one it speaks of is for those to judge who go on from it: the log grows while one looks on.
  const checkpoint = parseCheckpoint(key, text)
  // It is an object: that has just been checked.
  const { time } = JSON.parse(text) as { readonly time?: unknown }
  return {
    name: key.slice(KEY_PREFIX.length),
    ...checkpoint,
    ...(typeof time === 'string' && { time }),
  }
}

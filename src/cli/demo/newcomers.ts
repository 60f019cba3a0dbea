/** The demo's subscription: notes once for each author, as a current value, since when there is something of theirs. */
import type { RecordedEvent } from '../../events.js'
import type { Store } from '../../store.js'
import { COMMIT_AUTHORED } from '../git/events.js'

const NAME = 'newcomers'
const PREFIX = 'newcomer/'

export interface Newcomers {
  readonly subscription: string
  /** Events that it was given in this run. */
  readonly handled: number
  /** Authors it had not met before. */
  readonly noted: number
  /** All that it has ever noted. */
  readonly known: number
}

/** Lets it catch up with the log, and closes it. */
export async function noteNewcomers(store: Store): Promise<Newcomers> {
  let handled = 0
  let noted = 0
  const head = await store.head()
  const subscription = await store.subscribe(NAME, { types: [COMMIT_AUTHORED] }, async (event) => {
    handled++
    if (await note(store, event)) noted++
  })
  await subscription.whenAt(head)
  await subscription.close()
  let known = 0
  for await (const { key } of store.kv.list(PREFIX)) if (key.length > PREFIX.length) known++
  return { subscription: NAME, handled, noted, known }
}

/** Whether the author is new. An event that is given again, after a crash, finds the value there and changes nothing. */
async function note(store: Store, { subject = '', occurred, time, position }: RecordedEvent): Promise<boolean> {
  const since = { since: occurred ?? time, position }
  // Sealed for the author, and gone when the author is forgotten.
  const { ok } = await store.kv.put(PREFIX + subject, since, { expect: 'new', subject })
  return ok
}

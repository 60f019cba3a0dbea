/** Forgetting a subject, with what shows that nothing else has changed: the root over the lines that were there before. */
import { MerkleTree } from '../integrity/merkle.js'
import type { Receipt, ShredOptions } from '../index.js'
import { decodeLine } from '../log/line.js'
import type { Store } from '../store.js'

export interface Forgotten {
  readonly receipt: Receipt
  /** About the subject, and unreadable now in whole or in part. */
  readonly events: number
  /** How many lines there were when it was asked for. */
  readonly lines: number
  /** Over those lines, read from the disk before; absent: it was asked for by an earlier call. */
  readonly rootBefore?: string
  /** Over the same lines, read from the disk again afterwards. */
  readonly rootAfter: string
}

/** @throws PerdureError as `subjects.shred`, `log-corrupt` */
export async function forget(store: Store, subject: string, options: ShredOptions): Promise<Forgotten> {
  const before = await store.checkpoint()
  const receipt = await store.subjects.shred(subject, options)
  const lines = receipt.request - 1
  const { root: rootAfter, events } = await readAgain(store, subject, lines)
  return { receipt, events, lines, ...(before.size === lines && { rootBefore: before.root }), rootAfter }
}

async function readAgain(store: Store, subject: string, upTo: number): Promise<{ root: string; events: number }> {
  const tree = new MerkleTree()
  let events = 0
  for await (const line of store.lines({ upTo, enrichments: true })) {
    tree.append(line)
    if (isAbout(line, subject) && (await isForgotten(store, line))) events++
  }
  return { root: tree.root(), events }
}

function isAbout(line: string, subject: string): boolean {
  if (!line.includes(',"subject')) return false
  const event = decodeLine(line)
  return event.subject === subject || Object.values(event.subjects ?? {}).includes(subject)
}

async function isForgotten(store: Store, line: string): Promise<boolean> {
  const { unreadable = [] } = (await store.event(decodeLine(line).position)) ?? {}
  return unreadable.some(({ why }) => why === 'shredded')
}

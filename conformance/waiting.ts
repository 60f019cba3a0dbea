/** Waiting for what must come, without hanging when it does not. */
import assert from 'node:assert/strict'

/** Far above what anything here takes, even on a slow disk. */
export const PATIENCE_MS = 10_000

/** The first so many items; the iteration is ended then. @throws when they do not come */
export async function take<Item>(items: AsyncIterable<Item>, count: number): Promise<Item[]> {
  const list: Item[] = []
  const iterator = items[Symbol.asyncIterator]()
  try {
    while (list.length < count) {
      const next = await inTime(iterator.next(), `item ${list.length + 1} of ${count}`)
      if (next.done === true) break
      list.push(next.value)
    }
    return list
  } finally {
    await iterator.return?.()
  }
}

/** What a promise answers. @throws when it has not settled after a long time */
export async function inTime<Answer>(answer: Promise<Answer>, what: string): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: `${what} has not come` })), PATIENCE_MS)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A promise, and the means to settle it. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

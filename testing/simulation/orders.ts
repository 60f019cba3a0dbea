/** The commits that the processes of the real-disk tests append: known to the child that writes and the parent that audits. */
import type { CommitSpec, EventSpec } from './model.js'

/** One to four events, in one of three streams, depending on the commit's number only. */
export function put(commit: number, bytes: number): CommitSpec {
  const events = Array.from({ length: 1 + (commit % 4) }, (_, i): EventSpec => ({ id: `${commit}.${i}`, bytes }))
  return { writes: [{ stream: `s${commit % 3}`, events }] }
}

/** A scripted life of a log, as data: what is asked of it, and what happens to it meanwhile. */
import type { Fault } from './faults.js'
import type { PutSpec } from './kv-model.js'
import type { CommitSpec, EventSpec } from './model.js'

/** What the power failure of a script leaves of the writes in flight. */
export type PowerLoss = 'lose' | 'keep' | 'torn' | 'grown' | 'garbage'

export type Step =
  /** `now` is what the clock says, if it is wrong: otherwise each append comes ten milliseconds after the last. */
  | { readonly do: 'append'; readonly group: readonly CommitSpec[]; readonly now?: string }
  /** Lines that have their places already; `wrong` ones do not continue the log. */
  | { readonly do: 'adopt'; readonly commits: readonly CommitSpec[]; readonly wrong?: boolean }
  /** Current values, all at the same time. */
  | { readonly do: 'put'; readonly puts: readonly PutSpec[] }
  /** Events and current values at the same time. */
  | { readonly do: 'meanwhile'; readonly group: readonly CommitSpec[]; readonly puts: readonly PutSpec[] }
  /** One byte of the current values after the other rots in the cache, and is sound again. */
  | { readonly do: 'rot' }
  | { readonly do: 'snapshot'; readonly key: string; readonly position: number; readonly remove?: boolean }
  | { readonly do: 'read' }
  /** The log is left alone until its timers fire; not `waiting`: something follows at once. */
  | { readonly do: 'idle'; readonly waiting?: boolean }
  | { readonly do: 'reopen' }
  /** The process dies and another one opens the log. */
  | { readonly do: 'kill' }
  /** The power fails, the machine restarts, the log is opened. */
  | { readonly do: 'power'; readonly leaves: PowerLoss; readonly indexes?: 'deleted' | 'emptied' | 'outdated' }
  | { readonly do: 'fault'; readonly fault: Fault }
  | { readonly do: 'healthy' }

export interface Scenario {
  readonly name: string
  readonly segmentBytes?: number
  readonly syncHead?: 'idle' | 'close'
  readonly kvCompactionBytes?: number
  readonly steps: readonly Step[]
}

export const FOLDER = '/store'
export const TINY_SEGMENT_BYTES = 600

/** A commit to one stream; the ids are separated by spaces. */
export function put(
  stream: string,
  ids: string,
  more: Omit<EventSpec, 'id'> & Pick<CommitSpec, 'unless'> = {},
): CommitSpec {
  const { unless, ...rest } = more
  const events = ids.split(' ').map((id) => ({ id, ...rest }))
  return { writes: [{ stream, events }], ...(unless === undefined ? {} : { unless }) }
}

/** The same commit with a condition on its stream. */
export function expecting(expect: 'new' | 'exists' | number, commit: CommitSpec): CommitSpec {
  return { ...commit, writes: commit.writes.map((write) => ({ ...write, expect })) }
}

/** One commit to several streams. */
export function together(...commits: readonly CommitSpec[]): CommitSpec {
  return { writes: commits.flatMap(({ writes }) => writes) }
}

export function append(...group: readonly CommitSpec[]): Step {
  return { do: 'append', group }
}

export function fault(effect: Fault['effect'], where: Omit<Fault, 'effect' | 'nth'> & { nth?: number } = {}): Step {
  return { do: 'fault', fault: { nth: 1, ...where, effect } }
}

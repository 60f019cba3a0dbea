/** What can go wrong at a call to the disk, and when. */

export type CallKind =
  | 'list'
  | 'makeFolder'
  | 'open'
  /** Opening a file that is not there yet. */
  | 'create'
  | 'rename'
  | 'remove'
  | 'syncFolder'
  | 'lock'
  | 'size'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'

export type Effect =
  /** The process dies before the call does anything; what stays is for the crash to decide. */
  | { readonly kind: 'crash-before' }
  | { readonly kind: 'crash-after' }
  /** EIO. A sync that fails loses its writes (see `Volume.loseSync`) but for the first `kept`. */
  | { readonly kind: 'fail'; readonly kept?: number }
  /** ENOSPC for whatever needs space, after `bytes` more bytes. */
  | { readonly kind: 'no-space'; readonly bytes: number }
  /** Only the first `bytes` are written, and no error says so. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The sync succeeds and does nothing. */
  | { readonly kind: 'lie' }

export interface Fault {
  readonly effect: Effect
  /** Strikes the n-th call from now that it can strike; 1 is the next. */
  readonly nth: number
  /** Counts only calls of this kind. */
  readonly on?: CallKind
  /** Counts only calls on paths that contain this. */
  readonly path?: string
  /** Strikes every such call from then on. */
  readonly forever?: boolean
}

const NEEDS_SPACE: ReadonlySet<CallKind> = new Set(['write', 'create', 'makeFolder', 'rename'])

/** Whether an effect makes a difference to a call of this kind. */
export function canStrike(effect: Effect, call: CallKind): boolean {
  if (effect.kind === 'short') return call === 'write'
  if (effect.kind === 'lie') return call === 'sync'
  if (effect.kind === 'no-space') return NEEDS_SPACE.has(call)
  return effect.kind !== 'fail' || call !== 'lock'
}

/** The faults still to come. */
export class FaultPlan {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.nth })
  }

  clear(): void {
    this.#waiting = []
  }

  /** What strikes this call, if anything. Counts the call. */
  next(call: CallKind, path: string): Effect | undefined {
    if (this.#waiting.length === 0) return undefined
    let struck: Effect | undefined
    for (const waiting of this.#waiting) {
      const { fault } = waiting
      if (fault.on !== undefined && fault.on !== call) continue
      if (fault.path !== undefined && !path.includes(fault.path)) continue
      waiting.left--
      if (waiting.left === 0 || (waiting.left < 0 && fault.forever === true)) {
        if (canStrike(fault.effect, call)) struck ??= fault.effect
      }
    }
    this.#waiting = this.#waiting.filter(({ fault, left }) => left > 0 || fault.forever === true)
    return struck
  }
}

/** The process died here. Every later call of the same life fails with it too. */
export class SimulatedCrash extends Error {
  override readonly name = 'SimulatedCrash'
}

/** An error as Node reports it. */
export function systemError(code: string, call: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, ${call} '${path}'`), { code, syscall: call, path })
}

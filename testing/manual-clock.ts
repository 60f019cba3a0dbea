/** A clock that stands still until it is moved, forwards or backwards: fits the `clock` option of `open`. */

export interface ManualClock {
  (): Date
  /** Sets the time; earlier than before is allowed, as with real clocks. */
  set(time: string | Date): void
  /** Moves the time by so many milliseconds; negative ones go back. */
  advance(ms: number): void
}

/** @param start default 2026-01-01T00:00:00.000Z */
export function manualClock(start: string | Date = '2026-01-01T00:00:00.000Z'): ManualClock {
  let nowMs = new Date(start).getTime()
  return Object.assign(() => new Date(nowMs), {
    set: (time: string | Date) => {
      nowMs = new Date(time).getTime()
    },
    advance: (ms: number) => {
      nowMs += ms
    },
  })
}

/** Listening to an abort signal that many share: one listener for all, or Node warns of a leak after the tenth. */

/** Those who listen to one signal, and how to stop listening when there are none. */
interface Listeners {
  readonly all: Set<() => void>
  readonly stop: () => void
}

const listenersOf = new WeakMap<AbortSignal, Listeners>()

/** Calls `listener` when the signal is aborted; at once if it already is. What it returns stops listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener()
    return () => {}
  }
  const { all, stop } = listenersOf.get(signal) ?? listenTo(signal)
  // One of its own for each call: the same listener may be given twice.
  const own = (): void => listener()
  all.add(own)
  return () => {
    if (all.delete(own) && all.size === 0) stop()
  }
}

function listenTo(signal: AbortSignal): Listeners {
  const all = new Set<() => void>()
  const callAll = (): void => {
    for (const listener of [...all]) listener()
  }
  const stop = (): void => {
    signal.removeEventListener('abort', callAll)
    listenersOf.delete(signal)
  }
  signal.addEventListener('abort', callAll)
  const listeners = { all, stop }
  listenersOf.set(signal, listeners)
  return listeners
}

/** A store whose appends are made again when they fail with `written: 'no'`: for runs with injected faults. */
import { isPerdureError, type Store } from '../src/index.js'

const ATTEMPTS_MAX = 50

export function withRetries(store: Store): Store {
  return new Proxy(store, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      const method = value.bind(target) as (...given: unknown[]) => unknown
      if (property !== 'append' && property !== 'commit' && property !== 'decide') return method
      return (...given: unknown[]) => retried(() => method(...given) as Promise<unknown>)
    },
  })
}

async function retried<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  let before: Error | undefined
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      // Closed while it was tried again: what it failed with is what was injected.
      if (before !== undefined && isPerdureError(error) && error.code === 'store-closed') throw before
      before = error as Error
      // Only what the plan injects: a judgement (event-invalid, id-reused, …) stays what it is.
      const injected = isPerdureError(error) && error.code === 'backend-failed' && error.written === 'no'
      if (!injected || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

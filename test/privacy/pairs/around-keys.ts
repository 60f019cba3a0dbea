/** A key store with something done around every call: slow, down, or counted. */
import { openKeyStore, type KeyProvider, type KeyStore } from '../../../src/index.js'

export type KeyOperation = 'read' | 'list' | 'write' | 'current' | 'wrap' | 'unwrap'

export type AroundKeys = <Answer>(operation: KeyOperation, call: () => Promise<Answer>) => Promise<Answer>

export function aroundKeys(store: KeyStore, around: AroundKeys): KeyStore {
  return {
    name: store.name,
    provider: aroundProvider(store.provider, around),
    read: (names) => around('read', () => store.read(names)),
    list: (prefix, page) => around('list', () => store.list(prefix, page)),
    write: (changes) => around('write', () => store.write(changes)),
    close: () => store.close(),
  }
}

function aroundProvider(provider: KeyProvider, around: AroundKeys): KeyProvider {
  return {
    name: provider.name,
    current: () => around('current', () => provider.current()),
    wrap: (master, key, context) => around('wrap', () => provider.wrap(master, key, context)),
    unwrap: (master, wrapped, context) => around('unwrap', () => provider.unwrap(master, wrapped, context)),
    renew: async (...given) => provider.renew?.(...given),
    retire: async (...given) => provider.retire?.(...given),
  }
}

/** Keys that can be made unavailable and available again. */
export class UnsteadyKeys {
  readonly keys: KeyStore
  /** What does not answer now. */
  down: readonly KeyOperation[] = []

  constructor(store: KeyStore = openKeyStore('memory:')) {
    this.keys = aroundKeys(store, async (operation, call) => {
      // Not in the same turn: a real service is asked over a wire.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.down.includes(operation)) throw Object.assign(new Error('no answer'), { code: 'ECONNREFUSED' })
      return await call()
    })
  }
}

export const EVERYTHING: readonly KeyOperation[] = ['read', 'list', 'write', 'current', 'wrap', 'unwrap']
/** The key management service alone: the records of the key store answer. */
export const SERVICE: readonly KeyOperation[] = ['current', 'wrap', 'unwrap']

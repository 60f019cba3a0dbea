/** Data keys on their way to and from what wraps them. Nothing that a key service answers is believed unseen. */
import { fromBase64, toBase64 } from '../base64.js'
import { keyMismatch, keysCorrupt } from './failures.js'
import type { KeptKey } from './key-records.js'
import type { KeyStore } from './key-store.js'
import { checkValueOf, KEY_SIZE_BYTES } from './sealing.js'

/** Which key it is: what it is wrapped for, and can be unwrapped as and as nothing else. */
export interface KeyPlace {
  readonly store: KeyStore
  readonly logId: string
  readonly owner: string
  readonly id: string
}

/**
 * Wraps a key and unwraps it again: what could not be opened later would be found out when it is too late.
 *
 * @returns base64
 * @throws PerdureError `key-mismatch`, `key-unavailable`, `key-timeout`, `master-key-missing`
 */
export async function wrapKey(place: KeyPlace, master: string, secret: Uint8Array): Promise<string> {
  const { provider } = place.store
  // A copy: what the provider does with it afterwards must not change the key.
  const wrapped: unknown = await provider.wrap(master, Uint8Array.from(secret), contextOf(place))
  if (!(wrapped instanceof Uint8Array)) throw keyMismatch(provider.name, place.id)
  const text = toBase64(wrapped)
  await unwrapKey(place, { master, wrapped: text, check: checkValueOf(secret) })
  return text
}

/** @throws PerdureError as {@link wrapKey}, `master-key-wrong`, `keys-corrupt` */
export async function unwrapKey(
  place: KeyPlace,
  { master, wrapped, check }: Pick<KeptKey, 'master' | 'wrapped' | 'check'>,
): Promise<Uint8Array> {
  const { store, owner, id } = place
  const bytes = fromBase64(wrapped)
  if (bytes === undefined) throw keysCorrupt(store.name, 'is malformed', owner)
  const secret: unknown = await store.provider.unwrap(master, bytes, contextOf(place))
  const isKey = secret instanceof Uint8Array && secret.length === KEY_SIZE_BYTES && checkValueOf(secret) === check
  if (!isKey) throw keyMismatch(store.provider.name, id)
  return Uint8Array.from(secret)
}

/**
 * Whether records are others than they were read as. What fails meanwhile is tried again then: a rotation that came to its
 * end in between has destroyed the master key by which they said they were wrapped.
 */
export async function haveChanged(
  store: KeyStore,
  names: readonly string[],
  texts: ReadonlyMap<string, string>,
): Promise<boolean> {
  const now = await store.read(names)
  return names.some((name) => now.get(name) !== texts.get(name))
}

function contextOf({ logId, owner, id }: KeyPlace): string {
  return JSON.stringify([logId, owner, id])
}

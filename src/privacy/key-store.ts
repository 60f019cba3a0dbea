/** What keys are kept in, apart from the log, and what wraps them there. Public: anybody may write another of either. */

/** One step of a write: the record is as expected, and becomes `text`; undefined: there is none. */
export interface KeyChange {
  readonly name: string
  readonly expect: string | undefined
  readonly text: string | undefined
}

export interface KeyRecord {
  readonly name: string
  /** JSON. What is secret in it is wrapped. */
  readonly text: string
}

/**
 * Records by name: small, and few at a time. Never inside the log's folder or database, or a copy of the log would copy
 * its keys. `testKeyStore` of `perdure/conformance` holds a store to what is said here.
 */
export interface KeyStore {
  /** Where it is, as reports and errors name it. Holds no secret. */
  readonly name: string
  readonly provider: KeyProvider
  /** Those of the records that exist. Any failure is an outage: nothing is concluded from it. */
  read(names: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** In the order of their names, as UTF-8 bytes; names greater than `after`. */
  list(prefix: string, page: { readonly after: string; readonly limit: number }): Promise<readonly KeyRecord[]>
  /**
   * All changes or none: false if a record is not as expected at the moment of writing. Durable once it resolves; what
   * was replaced or removed can then not be read from the store any more.
   */
  write(changes: readonly KeyChange[]): Promise<boolean>
  /** Idempotent. */
  close(): Promise<void>
}

/**
 * Wraps data keys by a master key: a file, the environment, or a key management service. May be slow, and may fail: a
 * failure is an outage, never an erasure.
 */
export interface KeyProvider {
  readonly name: string
  /** The name of the master key that new keys are wrapped by. Not secret. */
  current(): Promise<string>
  /**
   * `context` says what the key is for; unwrapping it for something else fails. What is wrapped is unwrapped at once, and
   * used only if it comes back.
   */
  wrap(master: string, key: Uint8Array, context: string): Promise<Uint8Array>
  /** @throws PerdureError `master-key-missing`, `master-key-wrong`; whatever else it throws is an outage */
  unwrap(master: string, wrapped: Uint8Array, context: string): Promise<Uint8Array>
  /** Makes another master key than `former` the current one, unless that is done already. Both stay known. */
  renew?(former: string): Promise<void>
  /** Destroys this master key: nothing is wrapped by it any more. Idempotent. */
  retire?(former: string): Promise<void>
}

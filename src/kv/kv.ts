/** Current values without history, beside the log: what of an application needs neither history nor proof. */
import type { KvBackend, KvEntry, KvOutcome } from '../backends/protocol.js'
import { withWritten } from '../errors.js'
import { deepFreeze, type Json } from '../json.js'
import type { ValueSeal } from '../log/ports.js'
import { checkKey, encodeValue, isOwn, toOptions } from './arguments.js'
import { corrupt, noKeys, notSealed, putFailed } from './failures.js'
import { boundToKey, encodeSealedEntry, isSealedEntry, parseSealedEntry } from './sealed-entry.js'

const LIST_PAGE = { limit: 500, maxBytes: 1024 * 1024 } as const

export interface KvValue {
  readonly value: Json
  /** Of the write that set it: from one counter for all keys, so it never restarts. Good for `expect`. */
  readonly revision: number
}

export interface KvDeleteOptions {
  /** Write only if the entry has this revision, or `'new'` (or 0): if there is none. Left out: whatever there is. */
  readonly expect?: number | 'new'
}

export interface KvPutOptions extends KvDeleteOptions {
  /** Whose key seals the value: once the subject is forgotten, the entry is gone. */
  readonly subject?: string
}

export type KvResult =
  | {
      readonly ok: true
      /** Of the entry from now on. After a `delete` of what was not there: 0. */
      readonly revision: number
    }
  | {
      readonly ok: false
      /** The entry's revision; 0: there is no such entry. */
      readonly actual: number
    }

export interface KvParts {
  readonly backend: KvBackend
  readonly assertOpen: (written?: 'no') => void
  /** Undefined: the log is not sealed, or its keys are not at hand. */
  readonly seal: ValueSeal | undefined
}

/** The reading half. */
export class KvReader {
  /** Private also where types are not looked at: an observer's values lead to nothing that writes. */
  readonly #parts: KvParts

  constructor(parts: KvParts) {
    this.#parts = parts
  }

  /** @throws PerdureError `kv-invalid`, `kv-corrupt`, `store-closed`; `key-unavailable`, `seal-broken` where it is sealed */
  async get(key: string): Promise<KvValue | undefined> {
    const { backend, assertOpen } = this.#parts
    assertOpen()
    checkKey(key)
    const entry = await backend.get(key)
    return entry === undefined ? undefined : await this.#toValue(entry)
  }

  /**
   * Entries whose keys begin with `prefix`, in UTF-8 byte order of their keys. Read by pages of at most 500: what changes
   * in a page that is being given is given as it was.
   */
  async *list(prefix = ''): AsyncGenerator<KvValue & { readonly key: string }, void, void> {
    const { backend, assertOpen } = this.#parts
    assertOpen()
    if (prefix !== '') checkKey(prefix)
    let after = ''
    for (;;) {
      assertOpen()
      const page = await backend.list(prefix, { after, ...LIST_PAGE })
      for (const entry of page) {
        if (isOwn(entry.key)) continue
        const value = await this.#toValue(entry)
        if (value !== undefined) yield { key: entry.key, ...value }
      }
      const last = page.at(-1)
      if (last === undefined) return
      after = last.key
    }
  }

  /** Undefined: it was sealed for somebody who has been forgotten. */
  async #toValue(entry: KvEntry): Promise<KvValue | undefined> {
    if (!isSealedEntry(entry.text)) return toValue(entry)
    const { key, text, revision } = entry
    const { seal } = this.#parts
    if (seal === undefined) throw noKeys()
    const plain = await seal.openValue(parseSealedEntry(key, text), boundToKey(key))
    if (plain === undefined) return undefined
    return toValue({ key, text: `{"value":${Buffer.from(plain).toString('utf8')}}`, revision })
  }
}

export class Kv extends KvReader {
  readonly #parts: KvParts

  constructor(parts: KvParts) {
    super(parts)
    this.#parts = parts
  }

  /**
   * Sets a value; durable once it resolves.
   *
   * @throws PerdureError `kv-invalid`, `disk-full`, `sync-failed`, `store-closed`, `backend-failed`; `subject-shredded`,
   * `key-unavailable` with a `subject`; `written` says whether it was set
   */
  async put(key: string, value: Json, options?: KvPutOptions): Promise<KvResult> {
    const { backend, assertOpen } = this.#parts
    assertOpen('no')
    checkKey(key, 'no')
    const [text, { expect, subject }] = [encodeValue(value), toOptions(options, true)]
    const sealed = subject === undefined ? undefined : await this.#seal(subject, key, text)
    try {
      return toResult(await backend.put(key, sealed ?? `{"value":${text}}`, expect))
    } catch (error) {
      throw putFailed(error)
    }
  }

  /** Removes an entry, so that `get` finds none. @throws PerdureError as {@link Kv.put} */
  async delete(key: string, options?: KvDeleteOptions): Promise<KvResult> {
    const { backend, assertOpen } = this.#parts
    assertOpen('no')
    checkKey(key, 'no')
    const { expect } = toOptions(options, false)
    try {
      return toResult(await backend.put(key, undefined, expect))
    } catch (error) {
      throw putFailed(error)
    }
  }

  async #seal(subject: string, key: string, text: string): Promise<string> {
    const { seal } = this.#parts
    if (seal === undefined) throw notSealed()
    try {
      return encodeSealedEntry(await seal.sealValue(subject, boundToKey(key), Buffer.from(text)))
    } catch (error) {
      throw withWritten(error, 'no')
    }
  }
}

/** Deletes what is sealed for a subject. @returns how many entries */
export async function forgetValues(backend: KvBackend, subject: string): Promise<number> {
  let count = 0
  for (let after = ''; ;) {
    const page = await backend.list('', { after, ...LIST_PAGE })
    for (const { key, text, revision } of page) {
      if (isOwn(key) || !isSealedEntry(text) || parseSealedEntry(key, text).subject !== subject) continue
      // Somebody may have put something else there meanwhile.
      if ((await backend.put(key, undefined, revision)).kind === 'written') count++
    }
    const last = page.at(-1)
    if (last === undefined) return count
    after = last.key
  }
}

function toResult(outcome: KvOutcome): KvResult {
  return outcome.kind === 'written' ? { ok: true, revision: outcome.revision } : { ok: false, actual: outcome.actual }
}

function toValue({ key, text, revision }: KvEntry): KvValue {
  try {
    const { value } = JSON.parse(text) as { value: Json }
    return { value: deepFreeze(value), revision }
  } catch (cause) {
    throw corrupt(key, 'is not JSON', cause)
  }
}

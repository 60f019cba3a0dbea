/** Current values without history, beside the log: what of an application needs neither history nor proof. */
import type { KvBackend, KvEntry, KvExpect, KvOutcome } from '../backends/protocol.js'
import { PerdureError, withWritten, writeFailure } from '../errors.js'
import { DATA_SIZE_MAX_BYTES } from '../events.js'
import { deepFreeze, encodeJson, NotJson, type Json } from '../json.js'
import { checkName } from '../log/names.js'
import type { SealedValue, ValueSeal } from '../log/ports.js'
import { boundToKey, encodeSealedEntry, isSealedEntry, parseSealedEntry } from './sealed-entry.js'

const LIST_PAGE = { limit: 500, maxBytes: 1024 * 1024 } as const

/** Begins the keys that are Perdure's own. */
export const OWN_KEY_PREFIX = '$'

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
    const plain = await seal.openValue(parseEntry(key, text), boundToKey(key))
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
      if (isOwn(key) || !isSealedEntry(text) || parseEntry(key, text).subject !== subject) continue
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

function putFailed(error: unknown): unknown {
  return writeFailure(error, 'kv', 'Get the key to see what it holds now; with `expect`, putting again is safe.')
}

function toValue({ key, text, revision }: KvEntry): KvValue {
  try {
    const { value } = JSON.parse(text) as { value: Json }
    return { value: deepFreeze(value), revision }
  } catch (cause) {
    throw corrupt(key, 'is not JSON', cause)
  }
}

function corrupt(key: string, problem: string, cause?: unknown): PerdureError<'kv-corrupt'> {
  const options = { cause, hint: 'Restore the entry, or put it again.' }
  return new PerdureError('kv-corrupt', `the entry ${JSON.stringify(key)} ${problem}`, { path: 'kv', key }, options)
}

function isOwn(key: string): boolean {
  return key.startsWith(OWN_KEY_PREFIX)
}

function checkKey(key: unknown, written?: 'no'): void {
  const problem = typeof key === 'string' ? checkName(key) : 'is not a string'
  if (problem !== undefined) throw invalid('/key', `the key ${problem}`, written)
  if (isOwn(key as string)) throw invalid('/key', 'keys that begin with $ are Perdure’s own', written)
}

interface Options {
  readonly expect: KvExpect
  readonly subject: string | undefined
}

const NO_OPTIONS: Options = { expect: 'any', subject: undefined }

function toOptions(options: unknown, takesSubject: boolean): Options {
  if (options === undefined) return NO_OPTIONS
  if (typeof options !== 'object' || options === null) throw invalid('/options', 'the options are not an object', 'no')
  const { expect, subject, ...others } = options as { expect?: unknown; subject?: unknown }
  const [other] = subject !== undefined && !takesSubject ? ['subject'] : Object.keys(others)
  if (other !== undefined) {
    const known = takesSubject ? 'expect and subject are' : 'expect is'
    throw invalid(`/options/${other}`, `${other} is not an option here; ${known}`, 'no')
  }
  return { expect: toExpect(expect), subject: toSubject(subject) }
}

function toExpect(expect: unknown): KvExpect {
  if (expect === undefined) return 'any'
  if (expect === 'new' || expect === 0) return 'new'
  if (typeof expect === 'number' && Number.isSafeInteger(expect) && expect > 0) return expect
  throw invalid('/options/expect', "expect is neither 'new' nor a revision", 'no')
}

function toSubject(subject: unknown): string | undefined {
  if (subject === undefined) return undefined
  const problem = typeof subject === 'string' ? checkName(subject) : 'is not a string'
  if (problem !== undefined) throw invalid('/options/subject', `the subject ${problem}`, 'no')
  return subject as string
}

/** A sealed value is met where the log is read without its keys. */
function noKeys(): PerdureError<'key-unavailable'> {
  const hint = 'Open the log with its keys.'
  return new PerdureError('key-unavailable', 'the value is sealed, and its keys are not at hand', {}, { hint })
}

/** A value is to be sealed in a log that is not. */
function notSealed(): PerdureError<'unsupported'> {
  const message = 'the log is not sealed, so it cannot seal a value for a subject'
  const hint = 'Leave subject out, or begin a log with keys (perdure init --keys).'
  return new PerdureError('unsupported', message, { feature: 'values by subject' }, { hint, written: 'no' })
}

function parseEntry(key: string, text: string): SealedValue {
  try {
    const sealed = parseSealedEntry(text)
    if (sealed !== undefined) return sealed
  } catch {
    // As below.
  }
  throw corrupt(key, 'is sealed, and does not say by what')
}

function encodeValue(value: unknown): string {
  try {
    const text = encodeJson(value)
    // UTF-8 takes at most three bytes for what UTF-16 counts as one.
    if (text.length * 3 <= DATA_SIZE_MAX_BYTES || Buffer.byteLength(text) <= DATA_SIZE_MAX_BYTES) return text
  } catch (error) {
    if (!(error instanceof NotJson)) throw error
    throw invalid(`/value${error.pointer}`, `/value${error.pointer} ${error.problem}`, 'no')
  }
  throw invalid('/value', `the value is larger than ${DATA_SIZE_MAX_BYTES} bytes; put large objects into blobs`, 'no')
}

function invalid(pointer: string, message: string, written?: 'no'): PerdureError<'kv-invalid'> {
  const options = { hint: 'Correct the argument.', ...(written === undefined ? {} : { written }) }
  return new PerdureError('kv-invalid', message, { pointer }, options)
}

/** Current values without history, beside the log: what of an application needs neither history nor proof. */
import type { KvBackend, KvEntry, KvExpect } from '../backends/protocol.js'
import { PerdureError, writeFailure } from '../errors.js'
import { DATA_SIZE_MAX_BYTES } from '../events.js'
import { deepFreeze, encodeJson, NotJson, type Json } from '../json.js'
import { checkName } from '../log/names.js'

const LIST_PAGE = { limit: 500, maxBytes: 1024 * 1024 } as const

/** Begins the keys that are Perdure's own. */
export const OWN_KEY_PREFIX = '$'

export interface KvValue {
  readonly value: Json
  /** Of the write that set it: from one counter for all keys, so it never restarts. Good for `expect`. */
  readonly revision: number
}

export interface KvPutOptions {
  /** Write only if the entry has this revision, or `'new'` (or 0): if there is none. Left out: whatever there is. */
  readonly expect?: number | 'new'
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

/** The reading half. */
export class KvReader {
  /** Private also where types are not looked at: an observer's values lead to nothing that writes. */
  readonly #backend: KvBackend
  readonly #assertOpen: (written?: 'no') => void

  constructor(backend: KvBackend, assertOpen: (written?: 'no') => void) {
    this.#backend = backend
    this.#assertOpen = assertOpen
  }

  /** @throws PerdureError `kv-invalid`, `kv-corrupt`, `store-closed` */
  async get(key: string): Promise<KvValue | undefined> {
    this.#assertOpen()
    checkKey(key)
    const entry = await this.#backend.get(key)
    return entry === undefined ? undefined : toValue(entry)
  }

  /** Entries whose keys begin with `prefix`, in UTF-8 byte order of their keys, as they are when they are reached. */
  async *list(prefix = ''): AsyncGenerator<KvValue & { readonly key: string }, void, void> {
    this.#assertOpen()
    if (prefix !== '') checkKey(prefix)
    let after = ''
    for (;;) {
      this.#assertOpen()
      const page = await this.#backend.list(prefix, { after, ...LIST_PAGE })
      for (const entry of page) if (!isOwn(entry.key)) yield { key: entry.key, ...toValue(entry) }
      const last = page.at(-1)
      if (last === undefined) return
      after = last.key
    }
  }
}

export class Kv extends KvReader {
  readonly #backend: KvBackend
  readonly #assertOpen: (written?: 'no') => void

  constructor(backend: KvBackend, assertOpen: (written?: 'no') => void) {
    super(backend, assertOpen)
    this.#backend = backend
    this.#assertOpen = assertOpen
  }

  /**
   * Sets a value; durable once it resolves.
   *
   * @throws PerdureError `kv-invalid`, `unsupported` with a `subject`, `disk-full`, `sync-failed`, `store-closed`, `backend-failed`; `written` says
   * whether it was set
   */
  async put(key: string, value: Json, options: KvPutOptions = {}): Promise<KvResult> {
    this.#assertOpen('no')
    checkKey(key, 'no')
    return await this.#write(key, `{"value":${encodeValue(value)}}`, options)
  }

  /** Removes an entry, so that `get` finds none. @throws PerdureError as {@link Kv.put} */
  async delete(key: string, options: KvPutOptions = {}): Promise<KvResult> {
    this.#assertOpen('no')
    checkKey(key, 'no')
    return await this.#write(key, undefined, options)
  }

  async #write(key: string, text: string | undefined, options: KvPutOptions): Promise<KvResult> {
    const expect = toExpect(options)
    try {
      const outcome = await this.#backend.put(key, text, expect)
      const isWritten = outcome.kind === 'written'
      return isWritten ? { ok: true, revision: outcome.revision } : { ok: false, actual: outcome.actual }
    } catch (error) {
      throw writeFailure(error, 'kv', 'Get the key to see what it holds now; with `expect`, putting again is safe.')
    }
  }
}

function toValue({ key, text, revision }: KvEntry): KvValue {
  try {
    const { value } = JSON.parse(text) as { value: Json }
    return { value: deepFreeze(value), revision }
  } catch (cause) {
    const options = { cause, hint: 'Restore the entry, or put it again.' }
    throw new PerdureError('kv-corrupt', `the entry ${JSON.stringify(key)} is not JSON`, { path: 'kv', key }, options)
  }
}

function isOwn(key: string): boolean {
  return key.startsWith(OWN_KEY_PREFIX)
}

function checkKey(key: unknown, written?: 'no'): void {
  const problem = typeof key === 'string' ? checkName(key) : 'is not a string'
  if (problem !== undefined) throw invalid('/key', `the key ${problem}`, written)
  if (isOwn(key as string)) throw invalid('/key', 'keys that begin with $ are Perdure’s own', written)
}

function toExpect(options: unknown): KvExpect {
  if (typeof options !== 'object' || options === null) throw invalid('/options', 'the options are not an object', 'no')
  const { expect, subject, ...others } = options as { expect?: unknown; subject?: unknown }
  if (subject !== undefined) throw noSealing()
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(`/options/${other}`, `${other} is not an option here; expect is`, 'no')
  if (expect === undefined) return 'any'
  if (expect === 'new' || expect === 0) return 'new'
  if (typeof expect === 'number' && Number.isSafeInteger(expect) && expect > 0) return expect
  throw invalid('/options/expect', "expect is neither 'new' nor a revision", 'no')
}

function noSealing(): PerdureError<'unsupported'> {
  return new PerdureError(
    'unsupported',
    'this version of Perdure cannot seal a value for a subject yet',
    { feature: 'values by subject' },
    { hint: 'Leave subject out, or encrypt the value before it is put.', written: 'no' },
  )
}

function encodeValue(value: unknown): string {
  try {
    const text = encodeJson(value)
    if (Buffer.byteLength(text) <= DATA_SIZE_MAX_BYTES) return text
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

/** What callers give, checked at the border: keys, options, values. */
import type { KvExpect } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import { DATA_SIZE_MAX_BYTES } from '../events.js'
import { encodeJson, NotJson } from '../json.js'
import { checkName } from '../log/names.js'

/** Begins the keys that are Perdure's own. */
const OWN_KEY_PREFIX = '$'

export function isOwn(key: string): boolean {
  return key.startsWith(OWN_KEY_PREFIX)
}

export function checkKey(key: unknown, written?: 'no'): void {
  const problem = typeof key === 'string' ? checkName(key) : 'is not a string'
  if (problem !== undefined) throw invalid('/key', `the key ${problem}`, written)
  if (isOwn(key as string)) throw invalid('/key', 'keys that begin with $ are Perdure’s own', written)
}

interface Options {
  readonly expect: KvExpect
  readonly subject: string | undefined
}

const NO_OPTIONS: Options = { expect: 'any', subject: undefined }

export function toOptions(options: unknown, takesSubject: boolean): Options {
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

export function encodeValue(value: unknown): string {
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

/** Asking a key store or a key service, which may be far away: slow, down, or wrong. */
import { isPerdureError } from '../errors.js'
import { keyTimeout, keyUnavailable } from './failures.js'
import type { KeyProvider, KeyStore } from './key-store.js'

/** Longer than a slow answer takes, shorter than a person waits. */
export const ANSWER_TIMEOUT_MS = 10_000

/**
 * The answer, or why there is none.
 *
 * @throws PerdureError `key-timeout`, `key-unavailable`; what it says itself as a `PerdureError` passes through
 */
export async function ask<T>(
  whom: string,
  question: () => Promise<T>,
  facts: { readonly key?: string; readonly subject?: string } = {},
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(keyTimeout(whom, timeoutMs)), timeoutMs)
  })
  try {
    return await Promise.race([question(), late])
  } catch (error) {
    throw isPerdureError(error) ? error : keyUnavailable(whom, facts, error)
  } finally {
    clearTimeout(timer)
  }
}

/** The same store, whose every answer comes in time, is of the right kind, or is an error that says what was the matter. */
export function asked(store: KeyStore, timeoutMs = ANSWER_TIMEOUT_MS): KeyStore {
  const { name } = store
  const put = <T>(question: () => Promise<T>, isAnswer: (answer: unknown) => boolean): Promise<T> =>
    ask(name, () => expected(name, question, isAnswer), {}, timeoutMs)
  return {
    name,
    provider: askedProvider(store.provider, timeoutMs),
    read: (names) => put(() => store.read(names), isMap),
    list: (prefix, page) => put(() => store.list(prefix, page), Array.isArray),
    write: (changes) => put(() => store.write(changes), isBoolean),
    close: () => store.close(),
  }
}

/** What comes in the place of a key is judged where it is known which one it should be: wrapping.ts. */
function askedProvider(provider: KeyProvider, timeoutMs: number): KeyProvider {
  const { name } = provider
  const put = <T>(question: () => Promise<T>): Promise<T> => ask(name, question, {}, timeoutMs)
  return {
    name,
    current: () => put(() => expected(name, () => provider.current(), isName)),
    wrap: (master, key, context) => put(() => provider.wrap(master, key, context)),
    unwrap: (master, wrapped, context) => put(() => provider.unwrap(master, wrapped, context)),
    ...('renew' in provider ? { renew: (former) => put(async () => provider.renew?.(former)) } : {}),
    ...('retire' in provider ? { retire: (former) => put(async () => provider.retire?.(former)) } : {}),
  }
}

async function expected<T>(
  whom: string,
  question: () => Promise<T>,
  isAnswer: (answer: unknown) => boolean,
): Promise<T> {
  const answer = await question()
  if (isAnswer(answer)) return answer
  throw keyUnavailable(whom, {}, new TypeError('what it answered is no answer'))
}

function isMap(answer: unknown): boolean {
  return answer instanceof Map
}

function isBoolean(answer: unknown): boolean {
  return typeof answer === 'boolean'
}

function isName(answer: unknown): boolean {
  return typeof answer === 'string' && answer !== ''
}

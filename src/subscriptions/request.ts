/** The arguments of `subscribe`, checked at the border: a caller without types may hand in anything. */
import { PerdureError } from '../errors.js'
import { NAME_SIZE_MAX_BYTES } from '../events.js'
import type { Json } from '../json.js'
import { parseFollowQuery, type FollowQuery } from '../log/following.js'
import { checkName } from '../log/names.js'
import type { ParsedQuery } from '../log/selection.js'
import { checkpointKey } from './checkpoint.js'
import { toRecordedQuery } from './recorded-query.js'
import type { Handler, SubscribeOptions } from './subscription.js'

const CLOSE_TIMEOUT_MS = 10_000

export interface SubscribeRequest {
  readonly name: string
  readonly query: ParsedQuery
  /** As the checkpoint keeps it. */
  readonly recordedQuery: Json
  readonly handler: Handler
  readonly onError: 'stop' | 'park'
  readonly takeOver: boolean
  readonly changeQuery: boolean
  /** Undefined: a handler may take for ever. */
  readonly timeoutMs: number | undefined
  readonly closeTimeoutMs: number
}

type RequestOptions = Omit<SubscribeRequest, 'name' | 'query' | 'recordedQuery' | 'handler'>

/** @throws PerdureError `options-invalid`, `query-invalid` */
export function parseRequest(name: unknown, query: FollowQuery, handler: unknown, options: unknown): SubscribeRequest {
  const parsed = parseFollowQuery(query)
  return {
    name: checkSubscriptionName(name),
    query: parsed,
    recordedQuery: toRecordedQuery(parsed),
    handler: checkHandler(handler),
    ...checkOptions(options),
  }
}

/** @throws PerdureError `options-invalid` */
export function checkWhenAt(position: unknown, options: unknown): { readonly timeoutMs: number | undefined } {
  if (!isCount(position)) throw invalid('position', 'is not a position')
  const { timeoutMs, ...others } = toObject(options)
  refuseOthers(others, 'timeoutMs')
  if (timeoutMs !== undefined && !isDuration(timeoutMs)) throw invalid('timeoutMs', 'is not a number of milliseconds')
  return { timeoutMs }
}

function checkSubscriptionName(name: unknown): string {
  const problem = typeof name === 'string' ? checkName(name) : 'is not a string'
  if (problem !== undefined) throw invalid('name', problem)
  if (Buffer.byteLength(checkpointKey(name as string)) <= NAME_SIZE_MAX_BYTES) return name as string
  throw invalid('name', `is longer than ${NAME_SIZE_MAX_BYTES - checkpointKey('').length} bytes`)
}

function checkHandler(handler: unknown): Handler {
  if (typeof handler !== 'function') throw invalid('handler', 'is not a function')
  return handler as Handler
}

function checkOptions(options: unknown): RequestOptions {
  const { onError = 'stop', takeOver = false, changeQuery = false, ...more } = toObject(options)
  const { timeoutMs, closeTimeoutMs = CLOSE_TIMEOUT_MS, ...others } = more
  refuseOthers(others, 'onError, takeOver, changeQuery, timeoutMs and closeTimeoutMs')
  if (onError !== 'stop' && onError !== 'park') throw invalid('onError', "is neither 'stop' nor 'park'")
  if (typeof takeOver !== 'boolean') throw invalid('takeOver', 'is neither true nor false')
  if (typeof changeQuery !== 'boolean') throw invalid('changeQuery', 'is neither true nor false')
  if (timeoutMs !== undefined && !isDuration(timeoutMs)) throw invalid('timeoutMs', 'is not a number of milliseconds')
  if (!isDuration(closeTimeoutMs)) throw invalid('closeTimeoutMs', 'is not a number of milliseconds')
  return { onError, takeOver, changeQuery, timeoutMs, closeTimeoutMs }
}

type Options = { readonly [Option in keyof SubscribeOptions]?: unknown }

function toObject(options: unknown): Options {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options
  throw invalid('options', 'is not an object')
}

function refuseOthers(others: object, known: string): void {
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(other, `is not an option here; there is ${known}`)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** What a timer takes. */
function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 2_147_483_647
}
function invalid(option: string, problem: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', `${option} ${problem}`, { option }, { hint: 'Correct the argument.' })
}

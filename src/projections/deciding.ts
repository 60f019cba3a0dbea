/** Load, decide, append: the everyday way to change something, guarded against whoever does so at the same time. */
import { PerdureError, withWritten } from '../errors.js'
import type { Appended, NewEvent, Refused, Selection } from '../events.js'
import type { Conditions } from '../log/conditions.js'
import { checkName } from '../log/names.js'
import { parseSelection } from '../log/selection.js'
import type { Projection } from './projection.js'
import type { Projector } from './projecting.js'

const RETRIES_DEFAULT = 3
/** Who loses this often has a stream that is too busy for decisions of its own; more would only hide that. */
export const RETRIES_MAX = 1000

/** A stream; or a stream to append to and the events that the decision rests on. */
export type DecideTarget = string | { readonly stream: string; readonly query: Selection }

export type Decide<State> = (
  state: State,
  at: {
    /** Of the stream that is appended to. */
    readonly revision: number
    /** The head that the state reflects. */
    readonly position: number
  },
) => readonly NewEvent[] | Promise<readonly NewEvent[]>

export interface DecideOptions {
  /** How often to load and decide again after a conflict: 0 to 1000. Default 3. */
  readonly retries?: number
}

export type Append = (
  stream: string,
  events: readonly NewEvent[],
  conditions: Conditions,
) => Promise<Appended | Refused>

/** What is decided on, as it was when it was given: the caller may use its object again while others go first. */
interface Target {
  readonly stream: string
  /** Undefined: the stream itself. */
  readonly query: Selection | undefined
}

interface Loaded<State> {
  readonly state: State
  readonly revision: number
  readonly position: number
}

/** As `Store.decide`. */
export async function decide<State>(
  projector: Projector,
  append: Append,
  given: DecideTarget,
  projection: Projection<State>,
  toEvents: Decide<State>,
  options: DecideOptions,
): Promise<Appended | Refused> {
  const target = toTarget(given)
  if (typeof toEvents !== 'function') throw invalid('decide', 'what decides is not a function')
  for (let retries = toRetries(options); ; retries--) {
    const loaded = await load(projector, target, projection)
    const { state, revision, position } = loaded
    const events: unknown = await toEvents(state, Object.freeze({ revision, position }))
    if (!Array.isArray(events)) throw notEvents()
    if (events.length === 0) return nothingDecided(revision)
    const answer = await append(target.stream, events as NewEvent[], guardOf(target, loaded))
    if (answer.ok || retries === 0) return answer
  }
}

async function load<State>(
  projector: Projector,
  { stream, query }: Target,
  projection: Projection<State>,
): Promise<Loaded<State>> {
  try {
    const { state, position, revision } = await projector.project(projection, query ?? { stream })
    if (query === undefined && revision !== undefined) return { state, position, revision }
    return { state, position, revision: await projector.revisionAt(stream, position) }
  } catch (error) {
    throw withWritten(error, 'no')
  }
}

/** Holds exactly when nothing has come between that the state would show, or that its query selects. */
function guardOf({ query }: Target, { revision, position }: Loaded<unknown>): Conditions {
  if (query !== undefined) return { unless: { query, after: position } }
  return { expect: revision === 0 ? 'new' : revision }
}

function nothingDecided(revision: number): Appended {
  return { ok: true, first: 0, last: 0, count: 0, ids: [], revision, revisions: {}, duplicate: false }
}

function toTarget(target: unknown): Target {
  if (typeof target === 'string') return { stream: checkStream(target), query: undefined }
  if (typeof target !== 'object' || target === null) throw invalid('target', 'decide on a stream, or { stream, query }')
  const { stream, query, ...others } = target as { stream?: unknown; query?: Selection }
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(`target/${other}`, `${other} is not part of a target; stream and query are`)
  if (query === undefined) throw invalid('target/query', 'there is no query; for a stream alone give its name')
  try {
    parseSelection(query)
  } catch (error) {
    throw withWritten(error, 'no')
  }
  return { stream: checkStream(stream), query: structuredClone(query) }
}

function checkStream(stream: unknown): string {
  const problem = typeof stream === 'string' ? checkName(stream) : 'is not a string'
  if (problem === undefined) return stream as string
  const options = { hint: 'Correct the argument.', written: 'no' } as const
  throw new PerdureError('query-invalid', `the stream ${problem}`, { pointer: '/stream' }, options)
}

function toRetries(options: unknown): number {
  if (typeof options !== 'object' || options === null) throw invalid('options', 'the options are not an object')
  const { retries = RETRIES_DEFAULT, ...others } = options as { retries?: unknown }
  const [other] = Object.keys(others)
  if (other !== undefined) throw invalid(other, `${other} is not an option of decide; retries is`)
  if (typeof retries === 'number' && Number.isSafeInteger(retries) && retries >= 0 && retries <= RETRIES_MAX) {
    return retries
  }
  throw invalid('retries', `retries is not a whole number from 0 to ${RETRIES_MAX}`)
}

function notEvents(): PerdureError<'event-invalid'> {
  return new PerdureError(
    'event-invalid',
    'what was decided is not a list of events',
    { index: 0, pointer: '' },
    { written: 'no', hint: 'Return a list of events, or an empty one when there is nothing to do.' },
  )
}

function invalid(option: string, message: string): PerdureError<'options-invalid'> {
  return new PerdureError(
    'options-invalid',
    message,
    { option },
    { written: 'no', hint: 'Correct the call of decide.' },
  )
}

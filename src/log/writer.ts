/** Appending: check, seal, encode, write in a group; then turn the backend's outcome into an answer that tells all. */
import type { Backend, Commit, FailedCondition, Line } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import type { Appended, Conflict, Expect, NewEvent, RecordedEvent, Refused, Unless, Write } from '../events.js'
import type { Clock } from '../clock.js'
import { sameJson } from '../json.js'
import { checkCommitSize, checkStream, encodeContent, encodeEvent, type EncodedContent } from './encoding.js'
import type { Events } from './evolution.js'
import { GroupBuilder, type Outcome } from './group-builder.js'
import { scanEnvelope } from './line.js'
import type { Guards, Ports } from './ports.js'
import { attempt, type Reader } from './reader.js'
import { parseSelection, type ParsedQuery } from './selection.js'

/** How many of the events that came between a refusal shows. */
const CONFLICT_LENGTH_MAX_EVENTS = 100

/** A guard moves only when a contract is published or a person is forgotten; this many times in a row is a fault. */
const GUARD_ATTEMPTS_MAX = 100

export interface WriterOptions {
  readonly backend: Backend
  readonly reader: Reader
  readonly events: Events
  readonly ports: Ports
  readonly clock: Clock
  readonly newId: () => string
  /** The log's head when the store was opened. */
  readonly head: number
}

/** A commit whose form is right. */
interface Prepared {
  readonly writes: readonly { readonly stream: string; readonly expect: Expect; readonly contents: readonly EncodedContent[] }[]
  readonly contents: readonly EncodedContent[]
  readonly unless: Unless | undefined
}

export class Writer {
  readonly #options: WriterOptions
  readonly #group: GroupBuilder
  /** The highest position known to be recorded. */
  #headSeen: number

  constructor(options: WriterOptions) {
    this.#options = options
    this.#headSeen = options.head
    this.#group = new GroupBuilder(options.backend, () => options.clock().toISOString())
  }

  /** `own`: Perdure's own events, which may use `$` names and refer to other events. */
  async commit(writes: readonly Write[], unless?: Unless, own = false): Promise<Appended | Refused> {
    const prepared = this.#prepare(writes, unless, own)
    if (unless !== undefined && unless.after > this.#headSeen) await this.#checkAfter(unless.after)
    for (let attempts = 0; attempts < GUARD_ATTEMPTS_MAX; attempts++) {
      const commit = await this.#encode(prepared)
      const headBefore = this.#headSeen
      const outcome = await this.#group.submit(commit)
      const answer = await this.#answer(prepared, outcome, headBefore)
      if (answer !== undefined) return answer
    }
    throw new PerdureError('backend-failed', 'the contract kept changing while an append was checked against it', {
      operation: 'append',
    }, { written: 'no', hint: 'Append again.' })
  }

  async idle(): Promise<void> {
    await this.#group.idle()
  }

  #prepare(writes: readonly Write[], unless: Unless | undefined, own: boolean): Prepared {
    const { events: declared, newId } = this.#options
    const contents: EncodedContent[] = []
    if (!Array.isArray(writes)) throw conditionInvalid('', 'what to commit is not a list of writes')
    const prepared = (writes as readonly Write[]).map((write) => {
      const { stream, events, expect = 'any' } = write
      const first = contents.length
      checkStream(stream, first, own)
      const list: readonly NewEvent[] = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent]
      for (const event of list) {
        contents.push(encodeContent(event, { index: contents.length, stream, newId, declared: declared.check, own }))
      }
      if (list.length === 0) throw commitEmpty(`the write to ${JSON.stringify(stream)} holds no event`)
      return { stream, expect: checkExpect(expect), contents: contents.slice(first) }
    })
    if (contents.length === 0) throw commitEmpty('there is no event to append')
    checkCommitSize(contents)
    checkUnless(unless)
    this.#checkIds(contents)
    return { writes: prepared, contents, unless }
  }

  /** An id twice in one call can never be written: an id names one event. */
  #checkIds(contents: readonly EncodedContent[]): void {
    const [only] = contents
    if (contents.length === 1 && only !== undefined) return
    const seen = new Set<string>()
    const twice = new Set<string>()
    for (const { event } of contents) {
      if (seen.has(event.id)) twice.add(event.id)
      seen.add(event.id)
    }
    if (twice.size > 0) throw idReused([...twice], new Map(), 'the same id stands twice in one call')
  }

  async #checkAfter(after: number): Promise<void> {
    const { position } = await this.#options.backend.head()
    this.#headSeen = Math.max(this.#headSeen, position)
    if (after > position) {
      throw conditionInvalid('/unless/after', `is ${after}, beyond the head of the log (${position})`, position)
    }
  }

  async #encode(prepared: Prepared): Promise<Commit> {
    const { check, seal } = this.#options.ports
    const events = prepared.contents.map(({ event }) => event)
    // Guards are read before what they guard: a change in between is then noticed.
    const sealGuards = await seal?.guards()
    const checkGuards = await check?.check(events)
    const guards: Guards = { ...sealGuards, ...checkGuards }
    const writes = []
    for (const { stream, expect, contents } of prepared.writes) {
      const encoded = []
      for (const content of contents) {
        encoded.push(encodeEvent(content, seal === undefined ? undefined : await seal.seal(content.event)))
      }
      writes.push({ stream, expect, events: encoded })
    }
    const { unless } = prepared
    return {
      writes,
      ...(unless === undefined ? {} : { unless: { matcher: parseSelection(unless.query), after: unless.after } }),
      ...(Object.keys(guards).length === 0 ? {} : { guards }),
    }
  }

  /** Undefined: a guard has moved, so the commit has to be checked again. */
  async #answer(prepared: Prepared, outcome: Outcome, headBefore: number): Promise<Appended | Refused | undefined> {
    switch (outcome.kind) {
      case 'written': {
        this.#headSeen = Math.max(this.#headSeen, outcome.last)
        return appended(prepared, outcome.first, outcome.revisions, {})
      }
      case 'known':
        return this.#compare(prepared, outcome.lines, outcome.settled === true ? headBefore : Infinity)
      case 'id-reused':
        throw idReused([...outcome.places.keys()], outcome.places, 'some of these ids are recorded already, but not this commit')
      case 'conflict':
        if (outcome.conflicts.some(({ kind }) => kind === 'guard')) return undefined
        return { ok: false, conflicts: await this.#describe(prepared, outcome.conflicts) }
    }
  }

  /**
   * All ids are recorded. A harmless repeat, if all else is the same too; what stands after `ownAfter` was written by
   * this very call, whose first answer was lost.
   */
  async #compare(prepared: Prepared, lines: readonly Line[], ownAfter: number): Promise<Appended> {
    const envelopes = lines.map(scanEnvelope)
    const places = new Map(envelopes.map(({ id, position }) => [id, position]))
    const first = envelopes[0]?.position ?? 0
    const whole = envelopes.every((envelope, i) => envelope.position === first + i && envelope.count === lines.length)
    const recorded = await Promise.all(lines.map((line) => this.#options.reader.decode(line, true)))
    const same = prepared.contents.map((content, i) => compareContent(content, recorded[i] as RecordedEvent))
    if (!whole || envelopes[0]?.first !== first || same.includes('different')) {
      throw idReused([...places.keys()], places, 'these ids are recorded already, for something else')
    }
    const revisions = new Map(recorded.map(({ stream, revision }) => [stream, revision]))
    this.#headSeen = Math.max(this.#headSeen, first + lines.length - 1)
    return appended(prepared, first, revisions, {
      duplicate: first <= ownAfter,
      ...(same.includes('unverified') ? { unverified: true } : {}),
    })
  }

  async #describe(prepared: Prepared, failed: readonly FailedCondition[]): Promise<Conflict[]> {
    const conflicts: Conflict[] = []
    for (const condition of failed) {
      if (condition.kind === 'revision') {
        const { stream, expect: expected } = prepared.writes[condition.write] as Prepared['writes'][number]
        const { actual } = condition
        const events = await this.#intervening({ stream }, 0, Infinity, revisionAfter(expected, actual))
        conflicts.push({ kind: 'revision', stream, expected, actual, events: events.filter((event) => event.revision <= actual) })
      } else if (condition.kind === 'query') {
        const { actual } = condition
        const expected = prepared.unless as Unless
        conflicts.push({
          kind: 'query',
          expected,
          actual,
          events: await this.#intervening(expected.query, expected.after, actual, 0),
        })
      }
    }
    return conflicts
  }

  /** The newest hundred, oldest first. */
  async #intervening(query: Unless['query'], after: number, upTo: number, afterRevision: number): Promise<RecordedEvent[]> {
    const parsed: ParsedQuery = {
      matcher: parseSelection(query),
      after,
      upTo,
      afterRevision,
      until: undefined,
      backwards: true,
      limit: CONFLICT_LENGTH_MAX_EVENTS,
      raw: false,
      enrichments: true,
    }
    const events: RecordedEvent[] = []
    for await (const page of this.#options.reader.pages(attempt(() => parsed))) events.push(...page)
    return events.reverse()
  }
}

/** After which revision events are in the way: none of them are when the stream is shorter than expected. */
function revisionAfter(expected: Expect, actual: number): number {
  return typeof expected === 'number' ? expected : expected === 'new' ? 0 : actual
}

type Comparison = 'same' | 'different' | 'unverified'

/** Content is type, version, occurred, tags, subjects and data; not meta, time or place. */
function compareContent({ event }: EncodedContent, recorded: RecordedEvent): Comparison {
  if (event.id !== recorded.id || event.stream !== recorded.stream || event.type !== recorded.type) return 'different'
  if (event.subject !== recorded.subject) return 'different'
  if (recorded.unreadable !== undefined) return 'unverified'
  const same =
    event.version === recorded.version &&
    event.occurred === recorded.occurred &&
    sameSet(event.tags, recorded.tags) &&
    sameJson(event.subjects ?? {}, recorded.subjects ?? {}) &&
    sameJson(event.data, recorded.data)
  return same ? 'same' : 'different'
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.every((tag) => b.includes(tag)) && b.every((tag) => a.includes(tag))
}

function appended(
  { writes, contents }: Prepared,
  first: number,
  revisions: ReadonlyMap<string, number>,
  { duplicate = false, ...unverified }: { duplicate?: boolean; unverified?: true },
): Appended {
  const count = contents.length
  return {
    ok: true,
    first,
    last: first + count - 1,
    count,
    ids: contents.map(({ event }) => event.id),
    revision: revisions.get(writes.at(-1)?.stream ?? '') ?? 0,
    // Not an object literal: a stream may be called `__proto__`.
    revisions: Object.fromEntries(revisions),
    duplicate,
    ...unverified,
  }
}

function checkExpect(expect: unknown): Expect {
  if (expect === 'any' || expect === 'new' || expect === 'exists') return expect
  if (typeof expect === 'number' && Number.isSafeInteger(expect) && expect >= 0) return expect
  throw conditionInvalid('/expect', "is not 'any', 'new', 'exists' or a revision")
}

function checkUnless(unless: unknown): void {
  if (unless === undefined) return
  if (typeof unless !== 'object' || unless === null) throw conditionInvalid('/unless', 'is not an object')
  const { query, after, ...others } = unless as { query?: unknown; after?: unknown }
  const [other] = Object.keys(others)
  if (other !== undefined) throw conditionInvalid(`/unless/${other}`, 'is not a member; there are query and after')
  if (!(typeof after === 'number' && Number.isSafeInteger(after) && after >= 0)) {
    throw conditionInvalid('/unless/after', 'is not a position, or 0')
  }
  try {
    parseSelection(query as Unless['query'])
  } catch (cause) {
    throw conditionInvalid('/unless/query', cause instanceof Error ? cause.message : String(cause), undefined, cause)
  }
}

function conditionInvalid(pointer: string, problem: string, head?: number, cause?: unknown): PerdureError<'condition-invalid'> {
  return new PerdureError(
    'condition-invalid',
    `${pointer} ${problem}`.trim(),
    { pointer, ...(head === undefined ? {} : { head }) },
    { cause, written: 'no', hint: 'Correct the condition; docs/api.md says what it may hold.' },
  )
}

function commitEmpty(message: string): PerdureError<'commit-empty'> {
  return new PerdureError('commit-empty', message, {}, { written: 'no', hint: 'Append at least one event.' })
}

function idReused(ids: readonly string[], places: ReadonlyMap<string, number>, message: string): PerdureError<'id-reused'> {
  return new PerdureError('id-reused', message, { ids, places: Object.fromEntries(places) }, {
    written: 'no',
    hint: 'Give each event an id of its own. A retry repeats a whole append, unchanged.',
  })
}

/** Appending: check, seal, encode, write in a group; then turn the backend's outcome into an answer that tells all. */
import type { Backend, Commit, CommitWrite, FailedCondition, Line } from '../backends/protocol.js'
import type { Clock } from '../clock.js'
import { isPerdureError, PerdureError, withWritten } from '../errors.js'
import type { Appended, Conflict, Expect, NewEvent, RecordedEvent, Refused, Unless, Write } from '../events.js'
import { checkExpect, checkNoOthers, checkUnless, conditionInvalid, type CheckedUnless } from './conditions.js'
import {
  checkCommitSize,
  checkStream,
  encodeContent,
  encodeEvent,
  toPrepared,
  type EncodedContent,
  type EncodingContext,
} from './encoding.js'
import type { Events } from './evolution.js'
import { GroupBuilder, type Outcome } from './group-builder.js'
import type { Ports } from './ports.js'
import { isForgotten } from './readable.js'
import { attempt, type Reader } from './reader.js'
import { compareWithRecorded, idReused } from './repeat.js'
import { parseQuery, TIME_MAX_MS, type ParsedQuery } from './selection.js'

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

interface PreparedWrite {
  readonly stream: string
  readonly expect: Expect
  readonly contents: readonly EncodedContent[]
}

/** A commit whose form is right. */
interface Prepared {
  readonly writes: readonly PreparedWrite[]
  readonly contents: readonly EncodedContent[]
  readonly unless: CheckedUnless | undefined
}

type NotWritten = Exclude<Outcome, { kind: 'written' }>

export class Writer {
  readonly #options: WriterOptions
  readonly #group: GroupBuilder
  #underWay = 0
  #whenIdle: (() => void) | undefined

  constructor(options: WriterOptions) {
    this.#options = options
    this.#group = new GroupBuilder(options.backend, createTimestamps(options.clock), options.head)
  }

  /** `own`: Perdure's own events, which may use `$` names and refer to other events. */
  async commit(writes: readonly Write[], unless?: Unless, own = false): Promise<Appended | Refused> {
    this.#underWay++
    try {
      return await this.#commit(writes, unless, own)
    } finally {
      if (--this.#underWay === 0) this.#whenIdle?.()
    }
  }

  /** Resolves when every commit that is under way has been answered. Called once, when no more will come. */
  async idle(): Promise<void> {
    if (this.#underWay === 0) return
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve
    })
  }

  async #commit(writes: readonly Write[], unless: Unless | undefined, own: boolean): Promise<Appended | Refused> {
    const prepared = this.#prepare(writes, unless, own)
    if (unless !== undefined && unless.after > this.#group.head) await this.#checkAfter(unless.after)
    const { check, seal } = this.#options.ports
    for (let attempts = 0; attempts < GUARD_ATTEMPTS_MAX; attempts++) {
      const commit =
        check === undefined && seal === undefined ? encodeOpen(prepared) : await this.#encode(prepared, own)
      if ('ok' in commit) return commit
      const outcome = await this.#group.submit(commit)
      if (outcome.kind === 'written') return appended(prepared, outcome.first, outcome.revisions)
      const answer = await this.#tryToAnswer(prepared, outcome)
      if (answer !== undefined) return answer
      await seal?.refresh()
    }
    throw new PerdureError(
      'backend-failed',
      'what appends are checked against kept changing while one was checked',
      { operation: 'append' },
      { written: 'no', hint: 'Append again.' },
    )
  }

  #prepare(writes: readonly Write[], unless: Unless | undefined, own: boolean): Prepared {
    const { newId, events, ports } = this.#options
    const subjectOf: EncodingContext['subjectOf'] = (...about) => ports.seal?.subjectOf(...about)
    const context = { newId, declared: events.check, subjectOf, actorOf: ports.actorOf, own }
    const contents: EncodedContent[] = []
    if (!Array.isArray(writes)) throw conditionInvalid('', 'what to commit is not a list of writes')
    const prepared = (writes as readonly Write[]).map((write, i): PreparedWrite => {
      if (typeof write !== 'object' || (write as unknown) === null) throw conditionInvalid(`/${i}`, 'is not a write')
      const { stream, events, expect = 'any', ...others } = write
      checkNoOthers(others, `/${i}`, 'stream, events and expect')
      const first = contents.length
      checkStream(stream, first, own)
      const list: readonly NewEvent[] = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent]
      if (list.length === 0) throw commitEmpty(`the write to ${JSON.stringify(stream)} holds no event`)
      for (const event of list) {
        contents.push(encodeContent(event, stream, contents.length, context))
      }
      return { stream, expect: checkExpect(expect), contents: writes.length === 1 ? contents : contents.slice(first) }
    })
    if (contents.length === 0) throw commitEmpty('there is no event to append')
    checkCommitSize(contents)
    checkIds(contents)
    return { writes: prepared, contents, unless: checkUnless(unless) }
  }

  async #checkAfter(after: number): Promise<void> {
    const { position } = await this.#options.backend.head()
    this.#group.noteHead(position)
    if (after > position) {
      throw conditionInvalid('/unless/after', `is ${after}, beyond the head of the log (${position})`, {
        head: position,
      })
    }
  }

  /** With a contract to check against or keys to seal with. Perdure's own events are never sealed. */
  async #encode(prepared: Prepared, own: boolean): Promise<Commit | Appended> {
    const { check, seal } = this.#options.ports
    try {
      const checkGuards = await check?.check(prepared.contents.map(toPrepared))
      const { parts = [], guards } = (own ? undefined : await seal?.seal(prepared.contents)) ?? {}
      let next = 0
      const writes = prepared.writes.map(({ stream, expect, contents }): CommitWrite => {
        return { stream, expect, events: contents.map((content) => encodeEvent(content, parts[next++])) }
      })
      return { ...toCommit(prepared, writes), guards: { ...guards, ...checkGuards } }
    } catch (error) {
      // Ids are judged before subjects: what was recorded before its subject was forgotten is still a repeat.
      const answer = isPerdureError(error) && error.code === 'subject-shredded' && (await this.#ifRepeated(prepared))
      if (answer) return answer
      throw withWritten(error, 'no')
    }
  }

  /** Undefined: not all of it is recorded. */
  async #ifRepeated(prepared: Prepared): Promise<Appended | undefined> {
    const { backend } = this.#options
    const places = await backend.find(prepared.contents.map(({ id }) => id))
    if (places.size < prepared.contents.length) return undefined
    const lines: Line[] = []
    for (const { id } of prepared.contents) {
      const position = places.get(id) as number
      const page = { after: position - 1, upTo: position, backwards: false, limit: 1, maxBytes: 1 }
      lines.push(...(await backend.read([{}], page)).lines)
    }
    return await this.#compare(prepared, lines, Infinity)
  }

  /** Nothing is written any more: what fails now is reading what was. */
  async #tryToAnswer(prepared: Prepared, outcome: NotWritten): Promise<Appended | Refused | undefined> {
    try {
      return await this.#answer(prepared, outcome)
    } catch (error) {
      throw withWritten(error, outcome.kind === 'conflict' ? 'no' : 'unknown')
    }
  }

  /** Undefined: a guard has moved, so the commit has to be checked again. */
  async #answer(prepared: Prepared, outcome: NotWritten): Promise<Appended | Refused | undefined> {
    switch (outcome.kind) {
      case 'known':
        return await this.#compare(prepared, outcome.lines, outcome.settledAfter ?? Infinity)
      case 'id-reused':
        throw idReused(outcome.places, 'some of these ids are recorded already, but not this commit')
      case 'conflict':
        if (outcome.conflicts.some(({ kind }) => kind === 'guard')) return undefined
        return { ok: false, conflicts: await this.#describe(prepared, outcome.conflicts) }
    }
  }

  /** All ids are recorded: a harmless repeat, or a mistake. What stands after `ownAfter` this very call has written. */
  async #compare(prepared: Prepared, lines: readonly Line[], ownAfter: number): Promise<Appended> {
    const recorded = await Promise.all(lines.map((line) => this.#options.reader.decode(line, true)))
    // An original that can be read later is compared later.
    recorded.forEach(isForgotten)
    const comparison = compareWithRecorded(prepared.contents, recorded)
    if (comparison === 'different') {
      const places = new Map(recorded.map(({ id, position }) => [id, position]))
      throw idReused(places, 'these ids are recorded already, for something else')
    }
    const first = recorded[0]?.position ?? 0
    this.#group.noteHead(first + lines.length - 1)
    const revisions = new Map(recorded.map(({ stream, revision }) => [stream, revision]))
    const answer = { ...appended(prepared, first, revisions), duplicate: first <= ownAfter }
    return comparison === 'unverified' ? { ...answer, unverified: true } : answer
  }

  async #describe(prepared: Prepared, failed: readonly FailedCondition[]): Promise<Conflict[]> {
    const conflicts: Conflict[] = []
    for (const condition of failed) {
      const { actual } = condition
      if (condition.kind === 'revision') {
        const { stream, expect: expected } = prepared.writes[condition.write] as PreparedWrite
        // What this commit itself would have added before that write was never there to be seen.
        const own = prepared.writes.slice(0, condition.write).filter((write) => write.stream === stream)
        const upToRevision = actual - own.reduce((sum, { contents }) => sum + contents.length, 0)
        const afterRevision = revisionAfter(expected, actual)
        const limit = Math.min(CONFLICT_LENGTH_MAX_EVENTS, upToRevision - afterRevision)
        const events =
          limit > 0 ? await this.#newest({ ...parseQuery({ stream, limit }), afterRevision, upToRevision }) : []
        conflicts.push({ kind: 'revision', stream, expected, actual, events })
      } else if (condition.kind === 'query') {
        const { matcher, after, given } = prepared.unless as CheckedUnless
        const events = await this.#newest({
          ...parseQuery({ after, upTo: actual, limit: CONFLICT_LENGTH_MAX_EVENTS }),
          matcher,
        })
        conflicts.push({ kind: 'query', expected: given, actual, events })
      }
    }
    return conflicts
  }

  /** As many as the query's limit says, the newest, oldest first. */
  async #newest(query: ParsedQuery): Promise<RecordedEvent[]> {
    const limited = { ...query, backwards: true, enrichments: true }
    const events: RecordedEvent[] = []
    for await (const page of this.#options.reader.pages(attempt(() => limited))) events.push(...page)
    return events.reverse()
  }
}

/** Without a contract or keys there is nothing to wait for. */
function encodeOpen(prepared: Prepared): Commit {
  const writes = prepared.writes.map(({ stream, expect, contents }) => {
    return { stream, expect, events: contents.map((content) => encodeEvent(content)) }
  })
  return toCommit(prepared, writes)
}

function toCommit({ unless }: Prepared, writes: readonly CommitWrite[]): Commit {
  return unless === undefined ? { writes } : { writes, unless }
}

/** After which revision events are in the way: none of them are when the stream is shorter than expected. */
function revisionAfter(expected: Expect, actual: number): number {
  return typeof expected === 'number' ? expected : expected === 'new' ? 0 : actual
}

/** An id twice in one call can never be written: an id names one event. */
function checkIds(contents: readonly EncodedContent[]): void {
  if (contents.length === 1) return
  const seen = new Set<string>()
  const twice = new Map<string, number>()
  for (const { id } of contents) {
    if (seen.has(id)) twice.set(id, 0)
    seen.add(id)
  }
  if (twice.size === 0) return
  throw new PerdureError(
    'id-reused',
    'the same id stands twice in one call',
    { ids: [...twice.keys()], places: {} },
    {
      written: 'no',
      hint: 'Give each event an id of its own.',
    },
  )
}

function appended({ writes, contents }: Prepared, first: number, revisions: ReadonlyMap<string, number>): Appended {
  const count = contents.length
  return {
    ok: true,
    first,
    last: first + count - 1,
    count,
    ids: contents.map(({ id }) => id),
    revision: revisions.get(writes.at(-1)?.stream ?? '') ?? 0,
    revisions: toRecord(revisions),
    duplicate: false,
  }
}

/** A stream may be called `__proto__`, which an assignment would take for something else. */
function toRecord(revisions: ReadonlyMap<string, number>): Record<string, number> {
  if (revisions.has('__proto__')) return Object.fromEntries(revisions)
  const record: Record<string, number> = {}
  for (const [stream, revision] of revisions) record[stream] = revision
  return record
}

/** The clock's time as a line has it, made into text once a millisecond. */
function createTimestamps(clock: Clock): () => string {
  let lastMs = NaN
  let text = ''
  return () => {
    const nowMs = clock().getTime()
    if (nowMs !== lastMs) {
      text = toLineTime(nowMs)
      lastMs = nowMs
    }
    return text
  }
}

function toLineTime(nowMs: number): string {
  if (nowMs >= 0 && nowMs <= TIME_MAX_MS) return new Date(nowMs).toISOString()
  throw new PerdureError(
    'options-invalid',
    'the clock gives a time that is none, or not of the years 1970 to 9999',
    { option: 'clock' },
    {
      written: 'no',
      hint: 'Correct the clock that the store was opened with.',
    },
  )
}

function commitEmpty(message: string): PerdureError<'commit-empty'> {
  return new PerdureError('commit-empty', message, {}, { written: 'no', hint: 'Append at least one event.' })
}

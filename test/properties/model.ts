/** A log as design and docs describe it, in the plainest way: an array. What a store answers is compared with this. */
import type { Conflict, Expect, NewEvent, Query, QueryItem, RecordedEvent, Selection, Unless } from '../../src/index.js'

export interface ModelWrite {
  readonly stream: string
  readonly events: readonly NewEvent[]
  readonly expect: Expect
}

export interface ModelCommit {
  readonly writes: readonly ModelWrite[]
  readonly unless?: Unless
}

export type Answer =
  | {
      readonly kind: 'appended'
      readonly first: number
      readonly last: number
      readonly revisions: Readonly<Record<string, number>>
      readonly duplicate: boolean
    }
  | {
      readonly kind: 'refused'
      readonly conflicts: readonly { kind: Conflict['kind']; actual: number; events: readonly number[] }[]
    }
  | { readonly kind: 'error'; readonly code: string }

/** An event without the id that a store makes up. */
export type ModelEvent = Omit<RecordedEvent, 'id'> & { readonly id: string | undefined }

export class Model {
  readonly events: ModelEvent[] = []
  nowMs = Date.UTC(2026, 0, 1)

  get head(): number {
    return this.events.length
  }

  revision(stream: string, upTo = Infinity): number {
    return this.events.filter((event) => event.stream === stream && event.position <= upTo).length
  }

  /** In the order of judgement: validity, ids, conditions. */
  commit({ writes, unless }: ModelCommit): Answer {
    const given = writes.flatMap(({ stream, events }) => events.map((event) => ({ stream, event })))
    if (writes.length === 0 || writes.some(({ events }) => events.length === 0)) return error('commit-empty')
    const ids = given.flatMap(({ event }) => event.id ?? [])
    if (new Set(ids).size < ids.length) {
      return unless !== undefined && unless.after > this.head
        ? error('id-reused or condition-invalid')
        : error('id-reused')
    }
    if (unless !== undefined && unless.after > this.head) return error('condition-invalid')
    return this.#judgeIds(given) ?? this.#judgeConditions(writes, unless) ?? this.record(writes)
  }

  #judgeIds(given: readonly { stream: string; event: NewEvent }[]): Answer | undefined {
    const known = given.map(({ event }) => this.events.find(({ id }) => id !== undefined && id === event.id))
    if (known.every((event) => event === undefined)) return undefined
    const first = known[0]?.position ?? 0
    const whole = known.every(
      (recorded, i) =>
        recorded?.position === first + i && recorded.commit[0] === first && recorded.commit[1] === given.length,
    )
    const same = whole && given.every(({ stream, event }, i) => sameContent(stream, event, known[i] as ModelEvent))
    if (!same) return error('id-reused')
    const revisions = Object.fromEntries(known.map((event) => [event?.stream, event?.revision])) as Record<
      string,
      number
    >
    return { kind: 'appended', first, last: first + given.length - 1, revisions, duplicate: true }
  }

  #judgeConditions(writes: readonly ModelWrite[], unless: Unless | undefined): Answer | undefined {
    const conflicts: { kind: Conflict['kind']; actual: number; events: number[] }[] = []
    const added = new Map<string, number>()
    for (const { stream, events, expect } of writes) {
      const actual = this.revision(stream) + (added.get(stream) ?? 0)
      if (!holds(expect, actual)) {
        const seen = typeof expect === 'number' ? expect : expect === 'new' ? 0 : Infinity
        const between = this.events.filter((event) => event.stream === stream && event.revision > seen)
        conflicts.push({ kind: 'revision', actual, events: newest(between) })
      }
      added.set(stream, (added.get(stream) ?? 0) + events.length)
    }
    if (unless !== undefined) {
      const between = this.events.filter((event) => event.position > unless.after && selects(unless.query, event))
      const actual = between.at(-1)?.position ?? 0
      if (actual > 0) conflicts.push({ kind: 'query', actual, events: newest(between) })
    }
    return conflicts.length === 0 ? undefined : { kind: 'refused', conflicts }
  }

  record(writes: readonly ModelWrite[]): Answer {
    const first = this.head + 1
    const count = writes.reduce((sum, { events }) => sum + events.length, 0)
    const lastMs = new Date(this.events.at(-1)?.time ?? 0).getTime()
    const time = new Date(Math.max(this.nowMs, lastMs)).toISOString()
    const revisions: Record<string, number> = {}
    for (const { stream, events } of writes) {
      for (const { id, tags = [], meta = {}, version = 1, ...event } of events) {
        const revision = this.revision(stream) + 1
        const place = { position: this.head + 1, commit: [first, count] as const, stream, revision, time }
        this.events.push({ ...event, ...place, id, tags, meta, version })
        revisions[stream] = revision
      }
    }
    return { kind: 'appended', first, last: this.head, revisions, duplicate: false }
  }

  /** Positions. */
  read(query: Query): number[] {
    const { after = 0, upTo = Infinity, afterRevision = 0, until, limit = Infinity, backwards = false } = query
    const selected = this.events.filter(
      (event) =>
        event.position > after &&
        event.position <= upTo &&
        event.revision > afterRevision &&
        (until === undefined || new Date(event.time) <= new Date(until)) &&
        selects(query, event),
    )
    const ordered = backwards ? selected.reverse() : selected
    return ordered.slice(0, limit).map(({ position }) => position)
  }
}

export function selects({ any, ...item }: Selection, event: Pick<ModelEvent, 'stream' | 'type' | 'tags'>): boolean {
  return selectsItem(item, event) && (any === undefined || any.some((one) => selectsItem(one, event)))
}

function selectsItem(item: QueryItem, { stream, type, tags }: Pick<ModelEvent, 'stream' | 'type' | 'tags'>): boolean {
  return (
    (item.stream === undefined || item.stream === stream) &&
    (item.streamPrefix === undefined || stream.startsWith(item.streamPrefix)) &&
    (item.types === undefined || item.types.includes(type)) &&
    (item.tags === undefined || item.tags.every((tag) => tags.includes(tag)))
  )
}

function holds(expect: Expect, actual: number): boolean {
  if (expect === 'any') return true
  if (expect === 'exists') return actual > 0
  return actual === (expect === 'new' ? 0 : expect)
}

function sameContent(stream: string, event: NewEvent, recorded: ModelEvent): boolean {
  const contentOf = ({ type, version = 1, occurred, tags = [], data }: Partial<ModelEvent> & { data?: unknown }) =>
    JSON.stringify([type, version, occurred ?? null, [...tags].sort(), data])
  return stream === recorded.stream && contentOf(event) === contentOf(recorded)
}

const newest = (events: readonly ModelEvent[]): number[] => events.slice(-100).map(({ position }) => position)

const error = (code: string): Answer => ({ kind: 'error', code })

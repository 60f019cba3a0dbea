/**
 * What a log should hold and answer, written as plainly as possible and without anything of the code under test: the
 * judge of every simulated run.
 */
import type { Expect, QueryItem } from '../../src/events.js'
import type { Commit, CommitOutcome, EncodedEvent } from '../../src/backends/protocol.js'

export interface EventSpec {
  readonly id: string
  readonly type?: string
  readonly tags?: readonly string[]
  /** How long the text in `data` is. */
  readonly bytes?: number
}

export interface CommitSpec {
  readonly writes: readonly {
    readonly stream: string
    readonly expect?: Expect
    readonly events: readonly EventSpec[]
  }[]
  readonly unless?: { readonly matcher: readonly QueryItem[]; readonly after: number }
}

/** An event in its place. */
export interface Entry {
  readonly line: string
  readonly id: string
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly tags: readonly string[]
  readonly time: string
}

export interface Prediction {
  readonly outcomes: readonly CommitOutcome[]
  readonly added: readonly Entry[]
}

/** What a backend is handed for a commit. */
export function encodeCommit({ writes, unless }: CommitSpec): Commit {
  return {
    writes: writes.map(({ stream, expect = 'any', events }) => ({ stream, expect, events: events.map(encodeSpec) })),
    ...(unless === undefined ? {} : { unless }),
  }
}

function encodeSpec({ id, type = 'happened', tags = [], bytes = 8 }: EventSpec): EncodedEvent {
  const text = id.repeat(Math.ceil(bytes / id.length)).slice(0, bytes)
  return {
    id,
    chosen: true,
    type,
    tags,
    front: `,"id":"${id}","type":"${type}"`,
    back: `${tags.length === 0 ? '' : `,"tags":${JSON.stringify(tags)}`},"data":{"text":"${text}"}}`,
  }
}

/** What the backend must answer to a group, and what the log then holds in addition. */
export function predict(log: readonly Entry[], group: readonly CommitSpec[], now: string): Prediction {
  const entries = [...log]
  const outcomes = group.map((spec): CommitOutcome => {
    const commit = encodeCommit(spec)
    const refusal = judgeIds(entries, commit) ?? judgeConditions(entries, commit)
    if (refusal !== undefined) return refusal
    const placed = place(entries, commit, now)
    const first = entries.length + 1
    entries.push(...placed)
    const revisions = new Map(placed.map(({ stream, revision }) => [stream, revision]))
    return { kind: 'written', first, last: entries.length, revisions }
  })
  return { outcomes, added: entries.slice(log.length) }
}

function place(log: readonly Entry[], { writes }: Commit, now: string): Entry[] {
  const last = log.at(-1)?.time ?? ''
  const time = now > last ? now : last
  const first = log.length + 1
  const events = writes.flatMap(({ stream, events: given }) => given.map((event) => ({ stream, event })))
  const placed: Entry[] = []
  for (const { stream, event } of events) {
    const position = first + placed.length
    const revision = revisionOf(log, stream) + revisionOf(placed, stream) + 1
    const commit = events.length === 1 ? '' : `,"commit":[${first},${events.length}]`
    const { id, type, tags, front, back } = event
    const line = `{"position":${position}${commit},"stream":"${stream}","revision":${revision}${front},"time":"${time}"${back}`
    placed.push({ line, id, stream, revision, type, tags, time })
  }
  return placed
}

function judgeIds(log: readonly Entry[], { writes }: Commit): CommitOutcome | undefined {
  const ids = writes.flatMap(({ events }) => events.map(({ id }) => id))
  const known = ids.filter((id) => log.some((entry) => entry.id === id))
  if (known.length === 0) return undefined
  const positions = known.map((id) => log.findIndex((entry) => entry.id === id) + 1)
  if (known.length === ids.length) return { kind: 'known', lines: positions.map((at) => log[at - 1]?.line ?? '') }
  return { kind: 'id-reused', places: new Map(known.map((id, i) => [id, positions[i] ?? 0])) }
}

function judgeConditions(log: readonly Entry[], { writes, unless }: Commit): CommitOutcome | undefined {
  const failed: { kind: 'revision'; write: number; actual: number }[] = []
  const before = new Map<string, number>()
  writes.forEach(({ stream, expect, events }, write) => {
    const actual = before.get(stream) ?? revisionOf(log, stream)
    if (!isExpected(expect, actual)) failed.push({ kind: 'revision', write, actual })
    before.set(stream, actual + events.length)
  })
  const seen = unless?.after ?? 0
  const last = log.findLastIndex((entry, i) => i + 1 > seen && selects(unless?.matcher ?? [], entry)) + 1
  if (last > 0) return { kind: 'conflict', conflicts: [...failed, { kind: 'query', actual: last }] }
  return failed.length === 0 ? undefined : { kind: 'conflict', conflicts: failed }
}

function isExpected(expect: Expect, actual: number): boolean {
  if (expect === 'any') return true
  if (expect === 'new') return actual === 0
  return expect === 'exists' ? actual > 0 : actual === expect
}

export function selects(matcher: readonly QueryItem[], entry: Entry): boolean {
  return matcher.some(
    ({ stream, streamPrefix, types, tags }) =>
      (stream === undefined || entry.stream === stream) &&
      (streamPrefix === undefined || entry.stream.startsWith(streamPrefix)) &&
      (types === undefined || types.includes(entry.type)) &&
      (tags === undefined || tags.every((tag) => entry.tags.includes(tag))),
  )
}

export function revisionOf(log: readonly Entry[], stream: string): number {
  let revision = 0
  for (const entry of log) if (entry.stream === stream) revision++
  return revision
}

/** Equal answers have equal texts. */
export function outcomeText(outcome: CommitOutcome): string {
  return JSON.stringify(outcome, (_, value: unknown) =>
    value instanceof Map ? [...(value as Map<string, number>)] : value,
  )
}

/** Commits as a store hands them down, made by hand: the seam is tested without the store above it. */
import assert from 'node:assert/strict'
import type { Backend, Commit, CommitOutcome, EncodedEvent, Expect } from '../../src/index.js'

type CommitWrite = Commit['writes'][number]

/** The time of every seam-level append, unless it says otherwise. */
export const NOW = '2026-01-01T00:00:00.000Z'

export interface EventSettings {
  readonly type?: string
  readonly tags?: readonly string[]
  readonly data?: string
  /** Default true. */
  readonly chosen?: boolean
}

export interface WriteSettings extends EventSettings {
  /** Default `any`. */
  readonly expect?: Expect
}

export function encoded(
  id: string,
  { type = 't', tags = [], data = 'x', chosen = true }: EventSettings = {},
): EncodedEvent {
  return {
    ...{ id, chosen, type, tags },
    front: `,"id":${JSON.stringify(id)},"type":${JSON.stringify(type)}`,
    back: `${tags.length === 0 ? '' : `,"tags":${JSON.stringify(tags)}`},"data":${JSON.stringify(data)}}`,
  }
}

/** One write of the events with these ids. */
export function write(stream: string, ids: readonly string[], settings: WriteSettings = {}): CommitWrite {
  return { stream, expect: settings.expect ?? 'any', events: ids.map((id) => encoded(id, settings)) }
}

export function commit(stream: string, ids: readonly string[], settings: WriteSettings = {}): Commit {
  return { writes: [write(stream, ids, settings)] }
}

/** Appends one commit and gives its outcome. */
export async function appendOne(backend: Backend, one: Commit, now = NOW): Promise<CommitOutcome> {
  const outcomes = await backend.append([one], now)
  assert.equal(outcomes.length, 1)
  return outcomes[0] as CommitOutcome
}

export async function fill(backend: Backend, commits: readonly Commit[], now = NOW): Promise<void> {
  for (const one of commits) assert.equal((await appendOne(backend, one, now)).kind, 'written')
}

/** Every line of the log, in one page. */
export async function allLines(backend: Backend): Promise<readonly string[]> {
  const { position: upTo } = await backend.head()
  const page = { after: 0, upTo, backwards: false, limit: Infinity, maxBytes: Infinity }
  return upTo === 0 ? [] : (await backend.read([{}], page)).lines
}

export const positionIn = (line: string): number => Number(/^\{"position":(\d+)[,}]/.exec(line)?.[1])

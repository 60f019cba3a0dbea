/** The log in memory: the reference for every other backend. Not durable. */
import { countUpTo, firstIndex } from '../../binary-search.js'
import { assertInvariant, storeClosed } from '../../errors.js'
import type { QueryItem } from '../../events.js'
import { createUuid, systemRandom } from '../../ids.js'
import { composeCommit } from '../../log/line.js'
import { matches } from '../../log/selection.js'
import { compareUtf8 } from '../../log/utf8-order.js'
import { Claims } from '../claims.js'
import { checkContinuation } from '../continuation.js'
import { HeadNotices } from '../head-notices.js'
import { judge, type LogState } from '../judgement.js'
import { MemoryKv } from './kv-backend.js'
import { MemorySnapshots } from './snapshot-backend.js'
import type {
  Backend,
  BackendVerification,
  BootStep,
  Claim,
  Commit,
  CommitOutcome,
  Line,
  Matcher,
  Page,
  PageRequest,
} from '../protocol.js'

export interface MemoryBackendOptions {
  readonly logId?: string
  readonly random?: (bytes: number) => Uint8Array
}

/** What conditions and queries need to know of an event, beside its line. */
interface Entry {
  readonly line: Line
  readonly stream: string
  readonly type: string
  readonly tags: readonly string[]
  readonly time: string
}

export function openMemoryBackend(options: MemoryBackendOptions = {}): Backend {
  return new MemoryBackend(options.logId ?? createUuid(options.random ?? systemRandom))
}

const NOWHERE: readonly number[] = []

class MemoryBackend implements Backend, LogState {
  readonly name = 'memory'
  readonly durable = false
  readonly boot: readonly BootStep[] = [{ step: 'memory', found: 'a new log, gone when the process ends' }]
  /** The entry at index p - 1 stands at position p. */
  readonly #entries: Entry[] = []
  readonly #ids = new Map<string, number>()
  /** Positions in order, by stream and by tag. The length of a stream's list is its revision. */
  readonly #streams = new Map<string, number[]>()
  readonly #tags = new Map<string, number[]>()
  readonly #notices = new HeadNotices(0)
  readonly #claims = new Claims()
  readonly kv = new MemoryKv((written) => this.#assertOpen(written))
  readonly snapshots = new MemorySnapshots((written) => this.#assertOpen(written))
  #closed = false

  constructor(readonly logId: string) {}

  async append(group: readonly Commit[], now: string): Promise<readonly CommitOutcome[]> {
    this.#assertOpen('no')
    const outcomes = group.map((commit) => judge(commit, this) ?? this.#write(commit, now))
    this.#notices.moveTo(this.#entries.length)
    return outcomes
  }

  async adopt(lines: readonly Line[]): Promise<void> {
    this.#assertOpen('no')
    const envelopes = checkContinuation(lines, {
      position: this.#entries.length,
      time: this.#entries.at(-1)?.time,
      revisionOf: (stream) => this.revisionOf(stream),
      isRecorded: (id) => this.#ids.has(id),
    })
    envelopes.forEach(({ id, stream, type, tags, time }, i) => {
      this.#record(id, { line: lines[i] as Line, stream, type, tags, time })
    })
    this.#notices.moveTo(this.#entries.length)
  }

  async read(matcher: Matcher, page: PageRequest): Promise<Page> {
    this.#assertOpen()
    const { after, upTo, backwards, limit, maxBytes } = page
    const places = this.#candidates(matcher)
    const lines: Line[] = []
    let bytes = 0
    const end = Math.min(upTo, this.#entries.length)
    for (const position of inOrder(places, after, end, backwards)) {
      const entry = this.#at(position)
      if (!matches(matcher, entry)) continue
      lines.push(entry.line)
      bytes += entry.line.length
      if (lines.length >= limit || bytes >= maxBytes) return { lines, scannedTo: position }
    }
    return { lines, scannedTo: backwards ? after + 1 : upTo }
  }

  async find(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    this.#assertOpen()
    const known = ids.filter((id) => this.#ids.has(id))
    return new Map(known.map((id) => [id, this.#ids.get(id) as number]))
  }

  async head(): Promise<{ position: number; time?: string }> {
    this.#assertOpen()
    const last = this.#entries.at(-1)
    return last === undefined ? { position: 0 } : { position: this.#entries.length, time: last.time }
  }

  async revision(stream: string): Promise<number> {
    this.#assertOpen()
    return this.revisionOf(stream)
  }

  async streams(
    prefix: string,
    { after, limit }: { after: string; limit: number },
  ): Promise<readonly { stream: string; revision: number }[]> {
    this.#assertOpen()
    return [...this.#streams.keys()]
      .filter((stream) => stream.startsWith(prefix) && compareUtf8(stream, after) > 0)
      .sort(compareUtf8)
      .slice(0, limit)
      .map((stream) => ({ stream, revision: this.revisionOf(stream) }))
  }

  async positionAt(time: string): Promise<number> {
    this.#assertOpen()
    return firstIndex(this.#entries.length, (index) => this.#at(index + 1).time > time)
  }

  changed(signal: AbortSignal): AsyncIterable<number> {
    this.#assertOpen()
    return this.#notices.watch(signal)
  }

  async claim(name: string, takeOver: boolean): Promise<Claim | undefined> {
    this.#assertOpen()
    return this.#claims.claim(name, takeOver)
  }

  async verify(): Promise<BackendVerification> {
    this.#assertOpen()
    return {
      examined: { events: this.#entries.length, ids: this.#ids.size, streams: this.#streams.size },
      findings: [],
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#notices.close()
  }

  positionOf(id: string): number | undefined {
    return this.#ids.get(id)
  }

  lineAt(position: number): Line {
    return this.#at(position).line
  }

  revisionOf(stream: string): number {
    return this.#streams.get(stream)?.length ?? 0
  }

  lastMatch(matcher: Matcher, after: number): number {
    for (const position of inOrder(this.#candidates(matcher), after, this.#entries.length, true)) {
      if (matches(matcher, this.#at(position))) return position
    }
    return 0
  }

  #write(commit: Commit, now: string): CommitOutcome {
    const head = this.#entries.length
    const last = this.#entries.at(-1)?.time ?? now
    const time = last > now ? last : now
    const revisions = new Map<string, number>()
    const lines = composeCommit(commit.writes, head, (stream) => this.revisionOf(stream), revisions, time)
    let at = 0
    for (const { stream, events } of commit.writes) {
      for (const { id, type, tags } of events) {
        this.#record(id, { line: lines[at++] as Line, stream, type, tags, time })
      }
    }
    return { kind: 'written', first: head + 1, last: head + lines.length, revisions }
  }

  #record(id: string, entry: Entry): void {
    // A line was put together from pieces; looking into it makes it one string, which takes a third of the memory.
    entry.line.charCodeAt(0)
    const position = this.#entries.push(entry)
    this.#ids.set(id, position)
    pushTo(this.#streams, entry.stream, position)
    for (const tag of entry.tags) pushTo(this.#tags, tag, position)
  }

  /** A superset of the matching positions, in order; undefined: all of them. */
  #candidates(matcher: Matcher): readonly number[] | undefined {
    const [item] = matcher
    if (item === undefined) return NOWHERE
    return matcher.length === 1 ? this.#candidatesOf(item) : undefined
  }

  #candidatesOf({ stream, tags }: QueryItem): readonly number[] | undefined {
    const lists = (tags ?? []).map((tag) => this.#tags.get(tag) ?? NOWHERE)
    if (stream !== undefined) lists.push(this.#streams.get(stream) ?? NOWHERE)
    return lists.sort((a, b) => a.length - b.length)[0]
  }

  #at(position: number): Entry {
    const entry = this.#entries[position - 1]
    assertInvariant(entry !== undefined, `position ${position} is recorded`)
    return entry
  }

  #assertOpen(written?: 'no'): void {
    if (!this.#closed) return
    throw storeClosed(written)
  }
}

function pushTo(lists: Map<string, number[]>, key: string, position: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [position])
  else if (list.at(-1) !== position) list.push(position)
}

/** Those of the places (undefined: every position) with `after < position <= upTo`, in either direction. */
function* inOrder(
  places: readonly number[] | undefined,
  after: number,
  upTo: number,
  backwards: boolean,
): Generator<number, void, void> {
  const from = places === undefined ? after : countUpTo(places, after)
  const to = places === undefined ? upTo : countUpTo(places, upTo)
  for (let i = 0; i < to - from; i++) {
    const at = backwards ? to - 1 - i : from + i
    yield places === undefined ? at + 1 : (places[at] as number)
  }
}

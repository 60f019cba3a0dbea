/** The index of a segment that is being written, in memory. */
import { firstIndex } from '../../binary-search.js'
import { compareUtf8 } from '../../log/utf8-order.js'
import { BlockTable } from './block-table.js'
import { hashKey } from './key-hash.js'
import { PostingTable } from './posting-table.js'
import type { SegmentIndex, StreamRevision } from './segment-index.js'

/** What of an event is indexed. */
export interface IndexedEvent {
  readonly id: string
  readonly type: string
  readonly tags: readonly string[]
}

/** What an index holds; everything empty for a new one. */
export interface IndexContents {
  readonly events: number
  readonly firstTime: string
  readonly lastTime: string
  readonly blocks: BlockTable
  readonly postings: PostingTable
  /** Of each stream in the segment. */
  readonly revisions: Map<string, number>
}

export class OpenIndex implements SegmentIndex {
  readonly blocks: BlockTable
  readonly #postings: PostingTable
  readonly #revisions: Map<string, number>
  #sortedStreams: readonly string[] | undefined
  #events: number
  #type = ''
  #typeKey = 0
  firstTime: string
  lastTime: string

  constructor(contents?: IndexContents) {
    this.#events = contents?.events ?? 0
    this.firstTime = contents?.firstTime ?? ''
    this.lastTime = contents?.lastTime ?? ''
    this.blocks = contents?.blocks ?? new BlockTable()
    this.#postings = contents?.postings ?? new PostingTable()
    this.#revisions = contents?.revisions ?? new Map<string, number>()
  }

  get events(): number {
    return this.#events
  }

  /** Takes in the next event line; its bytes come with {@link BlockTable.append}. */
  add(event: IndexedEvent, stream: string, revision: number, time: string): void {
    const line = this.#events++
    if (line === 0) this.firstTime = time
    this.lastTime = time
    // Most neighbours are of one type.
    if (event.type !== this.#type) {
      this.#type = event.type
      this.#typeKey = hashKey('type', event.type)
    }
    this.#postings.add(hashKey('id', event.id), line)
    this.#postings.add(hashKey('stream', stream), line)
    this.#postings.add(this.#typeKey, line)
    for (const tag of event.tags) this.#postings.add(hashKey('tag', tag), line)
    if (!this.#revisions.has(stream)) this.#sortedStreams = undefined
    this.#revisions.set(stream, revision)
  }

  mayHave(key: number): boolean {
    return this.#postings.has(key)
  }

  lines(key: number, limit: number): readonly number[] | undefined {
    const lines: number[] = []
    for (const line of this.#postings.newestFirst(key)) {
      if (lines.length >= limit) return undefined
      lines.push(line)
    }
    return lines.reverse()
  }

  *streams(prefix: string, after: string): Generator<StreamRevision, void, void> {
    this.#sortedStreams ??= [...this.#revisions.keys()].sort(compareUtf8)
    const from = compareUtf8(prefix, after) > 0 ? prefix : after
    const sorted = this.#sortedStreams
    for (
      let i = firstIndex(sorted.length, (at) => compareUtf8(sorted[at] as string, from) >= 0);
      i < sorted.length;
      i++
    ) {
      const stream = sorted[i] as string
      if (stream !== after) yield { stream, revision: this.#revisions.get(stream) as number }
    }
  }

  sortedPostings(): BigUint64Array {
    return this.#postings.sorted()
  }
}

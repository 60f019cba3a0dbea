/** Answers questions about the log of a folder, up to its head: for the process that writes it, and for observers. */
import { firstIndex } from '../../binary-search.js'
import { scanEnvelope } from '../../log/line.js'
import type { LogState } from '../judgement.js'
import type { Line, Matcher, Page, PageRequest } from '../protocol.js'
import type { HeadState } from './format.js'
import { hashKey } from './key-hash.js'
import { RevisionCache } from './revision-cache.js'
import type { Segment } from './segment.js'
import { mergeStreams } from './stream-list.js'

export interface ReadableLog {
  /** Up to where there is anything to read. */
  readonly head: HeadState
  /** In order. */
  readonly segments: readonly Segment[]
}

export class FolderReader implements LogState {
  readonly #log: ReadableLog
  readonly #revisions: RevisionCache

  constructor(log: ReadableLog) {
    this.#log = log
    this.#revisions = new RevisionCache(log)
  }

  read(matcher: Matcher, page: PageRequest): Page {
    const { after, backwards, limit, maxBytes } = page
    const upTo = Math.min(page.upTo, this.#log.head.last)
    const { segments } = this.#log
    const touches = (segment: Segment): boolean => segment.last > after && segment.from <= upTo
    const segment = backwards ? segments.findLast(touches) : segments.find(touches)
    if (segment === undefined) return { lines: [], scannedTo: backwards ? after + 1 : page.upTo }
    // A page ends with its segment: a query that matches nothing must not hold up everything else for the whole log.
    let scannedTo = backwards ? Math.max(segment.from, after + 1) : Math.min(segment.last, upTo)
    if (!backwards && segment === segments.at(-1)) scannedTo = page.upTo
    const lines: Line[] = []
    let bytes = 0
    segment.visit(matcher, { after, upTo, backwards, expected: limit }, (position, line) => {
      lines.push(line)
      bytes += line.length
      if (lines.length < limit && bytes < maxBytes) return true
      scannedTo = position
      return false
    })
    return { lines, scannedTo }
  }

  find(ids: readonly string[]): ReadonlyMap<string, number> {
    const found = new Map<string, number>()
    for (const id of ids) {
      const position = this.positionOf(id, true)
      if (position !== undefined) found.set(id, position)
    }
    return found
  }

  head(): { position: number; time?: string } {
    const { last, time } = this.#log.head
    return time === undefined ? { position: last } : { position: last, time }
  }

  streams(
    prefix: string,
    { after, limit }: { after: string; limit: number },
  ): readonly { stream: string; revision: number }[] {
    return mergeStreams(this.#log.segments, prefix, after, limit)
  }

  positionAt(time: string): number {
    const segment = this.#log.segments.findLast((one) => one.last >= one.from && one.firstTime <= time)
    if (segment === undefined) return 0
    const isLater = (offset: number): boolean => scanEnvelope(segment.line(segment.from + offset)).time > time
    return segment.from + firstIndex(segment.last + 1 - segment.from, isLater) - 1
  }

  positionOf(id: string, chosen: boolean): number | undefined {
    const { segments } = this.#log
    // An id made up a moment ago can only meet itself where the randomness repeats: looked for where that would be.
    const oldest = chosen ? 0 : segments.length - 1
    const key = hashKey('id', id)
    for (let i = segments.length - 1; i >= Math.max(0, oldest); i--) {
      const segment = segments[i]
      for (const position of segment?.positions(key) ?? []) {
        if (scanEnvelope(this.lineAt(position)).id === id) return position
      }
    }
    return undefined
  }

  lineAt(position: number): Line {
    const segment = this.#log.segments.findLast(({ from }) => from <= position)
    if (segment === undefined) throw new RangeError(`no segment holds position ${position}`)
    return segment.line(position)
  }

  revisionOf(stream: string): number {
    return this.#revisions.of(stream)
  }

  /** What has just been written need not be found again. */
  noteRevision(stream: string, revision: number): void {
    this.#revisions.set(stream, revision)
  }

  lastMatch(matcher: Matcher, after: number): number {
    let found = 0
    for (const segment of this.#log.segments.toReversed()) {
      if (segment.last <= after) break
      const goOn = segment.visit(
        matcher,
        { after, upTo: this.#log.head.last, backwards: true, expected: 1 },
        (position) => {
          found = position
          return false
        },
      )
      if (!goOn) break
    }
    return found
  }
}

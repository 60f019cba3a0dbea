/** All streams in order, merged from what each segment knows of its own. */
import { compareUtf8 } from '../../log/utf8-order.js'
import type { StreamRevision } from './segment-index.js'
import type { Segment } from './segment.js'

/** A page of streams after `after` whose names begin with `prefix`. */
export function mergeStreams(
  segments: readonly Segment[],
  prefix: string,
  after: string,
  limit: number,
): StreamRevision[] {
  const cursors = segments.map((segment) => new Cursor(segment, prefix, after))
  const page: StreamRevision[] = []
  while (page.length < limit) {
    const next = smallest(cursors)
    if (next === undefined || !next.startsWith(prefix)) break
    let revision = 0
    for (const cursor of cursors) {
      if (cursor.current?.stream !== next) continue
      // Newer segments come later: the last one that has the stream has its revision.
      ;({ revision } = cursor.current)
      cursor.advance()
    }
    page.push({ stream: next, revision })
  }
  return page
}

function smallest(cursors: readonly Cursor[]): string | undefined {
  let name: string | undefined
  for (const { current } of cursors) {
    if (current !== undefined && (name === undefined || compareUtf8(current.stream, name) < 0)) name = current.stream
  }
  return name
}

/** A segment's streams, one at a time. Goes on at the right place when the index has to be built again on the way. */
class Cursor {
  readonly #segment: Segment
  readonly #prefix: string
  #streams: Iterator<StreamRevision>
  current: StreamRevision | undefined

  constructor(segment: Segment, prefix: string, after: string) {
    this.#segment = segment
    this.#prefix = prefix
    this.#streams = this.#from(after)
    this.#read(after)
  }

  advance(): void {
    this.#read(this.current?.stream ?? '')
  }

  #read(after: string): void {
    let index = this.#segment.index
    const result = this.#segment.lookUp((current) => {
      if (current !== index) {
        index = current
        this.#streams = this.#from(after)
      }
      return this.#streams.next()
    })
    this.current = result.done === true ? undefined : result.value
  }

  #from(after: string): Iterator<StreamRevision> {
    return this.#segment.index.streams(this.#prefix, after)[Symbol.iterator]()
  }
}

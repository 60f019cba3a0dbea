/** Idempotence: whether an append whose ids are all recorded is a repeat of what was recorded, or something else. */
import { PerdureError } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import { sameJson } from '../json.js'
import { toPrepared, type EncodedContent } from './encoding.js'

/**
 * - `repeat`: one whole commit, in the same streams and order, with the same content
 * - `unverified`: the same, but some content can no longer be read, so ids, types and subjects had to do
 * - `different`: anything else
 */
export type Comparison = 'repeat' | 'unverified' | 'different'

/** `recorded` holds the events with the ids of `contents`, in that order, as recorded. */
export function compareWithRecorded(
  contents: readonly EncodedContent[],
  recorded: readonly RecordedEvent[],
): Comparison {
  const first = recorded[0]?.position ?? 0
  const isWhole = recorded.every(
    ({ position, commit }, i) => position === first + i && commit[0] === first && commit[1] === contents.length,
  )
  if (!isWhole) return 'different'
  const results = contents.map((content, i) => compareContent(content, recorded[i] as RecordedEvent))
  if (results.includes('different')) return 'different'
  return results.includes('unverified') ? 'unverified' : 'repeat'
}

/** Content is type, version, occurred, tags, subjects and data, with members in any order; not meta, time or place. */
function compareContent(content: EncodedContent, recorded: RecordedEvent): Comparison {
  const { id, stream, type, subject, version, occurred, tags } = content
  const isSame =
    id === recorded.id && stream === recorded.stream && type === recorded.type && subject === recorded.subject
  if (!isSame) return 'different'
  if (recorded.unreadable !== undefined) return 'unverified'
  const { subjects = {}, data } = toPrepared(content)
  const hasSameContent =
    version === recorded.version &&
    occurred === recorded.occurred &&
    sameSet(tags, recorded.tags) &&
    sameJson(subjects, recorded.subjects ?? {}) &&
    sameJson(data, recorded.data)
  return hasSameContent ? 'repeat' : 'different'
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.every((tag) => b.includes(tag)) && b.every((tag) => a.includes(tag))
}

/** @returns the error `id-reused`: nothing was written */
export function idReused(places: ReadonlyMap<string, number>, message: string): PerdureError<'id-reused'> {
  return new PerdureError(
    'id-reused',
    message,
    { ids: [...places.keys()], places: Object.fromEntries(places) },
    {
      written: 'no',
      hint: 'Give each event an id of its own. A retry repeats a whole append, unchanged.',
    },
  )
}

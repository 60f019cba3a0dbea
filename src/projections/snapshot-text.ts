/** What stands in a snapshot: of what it is, as of where, and the state. One JSON object. */
import type { Matcher, SnapshotPlace } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import type { QueryItem, Selection } from '../events.js'
import type { Events } from '../log/evolution.js'
import type { Projection } from './projection.js'

/** Of what a state is: two states of the same subject at one position are the same. */
export interface SnapshotSubject {
  /** Of all that follows: a state of another version has another key, and its snapshots stand beside those of this one. */
  readonly key: string
  readonly name: string
  readonly version: number | string
  /** The handled types, each with the version in which the fold is given its events. */
  readonly types: Readonly<Record<string, number>>
  readonly selection: Matcher
  readonly enrichments: boolean
}

export interface SavedState {
  readonly subject: SnapshotSubject
  readonly position: number
  /** Of its text. */
  readonly bytes: number
  /** Parsed anew each time, so whoever folds on may change it. */
  readonly state: unknown
}

export function snapshotSubject<State>(
  { name, version, on, enrichments }: Projection<State>,
  matcher: Matcher,
  { declarations }: Events,
): SnapshotSubject {
  const versionOf = (type: string): number =>
    Object.hasOwn(declarations, type) ? (declarations[type]?.version ?? 1) : 1
  const handled = Object.keys(on).sort()
  const types = Object.fromEntries(handled.map((type) => [type, versionOf(type)]))
  const selection = normalForm(matcher)
  const subject = { name, version, types, selection, enrichments }
  return { key: keyOf(subject), ...subject }
}

/** `stateText` is the state as JSON. */
export function encodeSnapshot(subject: SnapshotSubject, position: number, stateText: string): string {
  const { name, version, types, selection, enrichments } = subject
  const front = JSON.stringify({ name, version, types, selection, enrichments, position })
  return `${front.slice(0, -1)},"state":${stateText}}`
}

/** @throws PerdureError `snapshot-malformed`; `path` is what to call it where there is no file */
export function parseSnapshot(text: string, place: SnapshotPlace, path: string): SavedState {
  let parsed: Record<string, unknown> | null
  try {
    parsed = JSON.parse(text) as Record<string, unknown> | null
  } catch (cause) {
    throw snapshotMalformed(path, place, 'it is not JSON', {}, cause)
  }
  if (!isSnapshot(parsed)) throw snapshotMalformed(path, place, 'something of it is missing')
  const { position, state, ...subject } = parsed
  const key = place.key === formerKeyOf(subject) ? place.key : keyOf(subject)
  if (key !== place.key)
    throw snapshotMalformed(path, place, 'it is of something else', { expected: place.key, found: key })
  if (position !== place.position) {
    throw snapshotMalformed(path, place, 'it is of another position', { expected: place.position, found: position })
  }
  return { subject: { ...subject, key }, position, bytes: Buffer.byteLength(text), state }
}

type Parsed = Parts & { readonly position: number; readonly state: unknown }

function isSnapshot(value: object | null): value is Parsed {
  const { name, version, types, selection, enrichments, position } = (value ?? {}) as Partial<Record<string, unknown>>
  return (
    typeof name === 'string' &&
    (typeof version === 'string' || typeof version === 'number') &&
    typeof types === 'object' &&
    types !== null &&
    Array.isArray(selection) &&
    typeof enrichments === 'boolean' &&
    Number.isSafeInteger(position) &&
    value !== null &&
    Object.hasOwn(value, 'state')
  )
}

/** The projection that a snapshot of this key is of; undefined if the key is none of ours. */
export function nameIn(key: string): string | undefined {
  try {
    const parsed = JSON.parse(key) as { readonly name?: unknown } | null
    return typeof parsed?.name === 'string' ? parsed.name : undefined
  } catch {
    return undefined
  }
}

/** The selection as a caller would write it. */
export function toSelection([item, ...others]: Matcher): Selection {
  return others.length === 0 && item !== undefined ? item : { any: item === undefined ? [] : [item, ...others] }
}

export function snapshotMalformed(
  path: string,
  { key, position }: SnapshotPlace,
  problem: string,
  facts: { readonly expected?: string | number; readonly found?: string | number } = {},
  cause?: unknown,
): PerdureError<'snapshot-malformed'> {
  return new PerdureError(
    'snapshot-malformed',
    `the snapshot of ${nameIn(key) ?? key} at position ${position} is malformed: ${problem}`,
    { path, key, position, ...facts },
    {
      cause,
      hint: 'Restore it, delete it, or open with { snapshots: { rebuild: true } }: a state can be folded again.',
    },
  )
}

type Parts = Omit<SnapshotSubject, 'key'>

/** Equal exactly where a state folded by one is what the other would fold. */
function keyOf({ name, version, types, selection, enrichments }: Parts): string {
  return JSON.stringify({ name, version, types, selection, ...(enrichments ? { enrichments } : {}) })
}

/** As it was before versions were in it: such a snapshot is sound, and is no longer gone on from. */
function formerKeyOf({ name, selection, enrichments }: Parts): string {
  return JSON.stringify({ name, selection, ...(enrichments ? { enrichments } : {}) })
}

/** The same for selections that differ only in the order of what they list, or in listing something twice. */
function normalForm(matcher: Matcher): Matcher {
  const items = matcher.map(({ stream, streamPrefix, types, tags }): QueryItem => ({
    ...(stream === undefined ? {} : { stream }),
    ...(streamPrefix === undefined || streamPrefix === '' ? {} : { streamPrefix }),
    ...(types === undefined ? {} : { types: [...new Set(types)].sort() }),
    ...(tags === undefined ? {} : { tags: [...new Set(tags)].sort() }),
  }))
  if (items.length === 1) return items
  const texts = new Map(items.map((item) => [JSON.stringify(item), item]))
  return [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

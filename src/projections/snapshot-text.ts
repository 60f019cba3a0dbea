/** What stands in a snapshot: of what it is, as of where, and the state. One JSON object. */
import type { Matcher, SnapshotPlace } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import type { Events } from '../log/evolution.js'
import { normalForm } from '../log/normal-form.js'
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

/** Of whom a state may say something; too many to name: `all`. */
export type Mentioned = readonly string[] | 'all'

/** A state, and what must be known of it to keep it. */
export interface StateToSave {
  /** As JSON. */
  readonly text: string
  readonly mentions: Mentioned
  /** How many events it was folded without: what they were about is forgotten. */
  readonly forgotten: number
  /** What was known of who is forgotten when the fold began. */
  readonly since: number
}

/** What stands in a snapshot. */
export interface SavedText {
  readonly subject: SnapshotSubject
  readonly position: number
  /** Of its text. */
  readonly bytes: number
  readonly mentions: Mentioned
  readonly forgotten: number
  /** Parsed anew each time, so whoever folds on may change it. Where it is sealed, this opens it. */
  readonly state?: unknown
  readonly sealed?: unknown
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

/** `sealed` is JSON of what stands in the place of the state; undefined: the log is not sealed. */
export function encodeSnapshot(
  subject: SnapshotSubject,
  position: number,
  { text, mentions, forgotten }: StateToSave,
  sealed: string | undefined,
): string {
  const { name, version, types, selection, enrichments } = subject
  const what = { name, version, types, selection, enrichments, position }
  const front = JSON.stringify(sealed === undefined ? what : { ...what, forgotten, mentions })
  return `${front.slice(0, -1)},${sealed === undefined ? `"state":${text}` : `"sealed":${sealed}`}}`
}

/** @throws PerdureError `snapshot-malformed`; `path` is what to call it where there is no file */
export function parseSnapshot(text: string, place: SnapshotPlace, path: string): SavedText {
  let parsed: Record<string, unknown> | null
  try {
    parsed = JSON.parse(text) as Record<string, unknown> | null
  } catch (cause) {
    throw snapshotMalformed(path, place, 'it is not JSON', {}, cause)
  }
  if (!isSnapshot(parsed)) throw snapshotMalformed(path, place, 'something of it is missing')
  const { position, state, sealed, forgotten = 0, mentions = [], ...subject } = parsed
  const key = place.key === formerKeyOf(subject) ? place.key : keyOf(subject)
  if (key !== place.key)
    throw snapshotMalformed(path, place, 'it is of something else', { expected: place.key, found: key })
  if (position !== place.position) {
    throw snapshotMalformed(path, place, 'it is of another position', { expected: place.position, found: position })
  }
  const content = sealed === undefined ? { state } : { sealed }
  return { subject: { ...subject, key }, position, bytes: Buffer.byteLength(text), mentions, forgotten, ...content }
}

type Parsed = Parts & {
  readonly position: number
  readonly state?: unknown
  readonly sealed?: object
  readonly forgotten?: number
  readonly mentions?: Mentioned
}

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
    (Object.hasOwn(value, 'state') || isSealed(value))
  )
}

function isSealed(value: object): boolean {
  const { sealed, forgotten, mentions } = value as Partial<Record<string, unknown>>
  const areMentions =
    mentions === 'all' || (Array.isArray(mentions) && mentions.every((one) => typeof one === 'string'))
  return typeof sealed === 'object' && sealed !== null && Number.isSafeInteger(forgotten) && areMentions
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

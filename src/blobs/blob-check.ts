/** Refuses events whose blobs do not exist. */
import { PerdureError, withWritten } from '../errors.js'
import type { RecordedEvent } from '../events.js'
import type { Json } from '../json.js'
import type { Events } from '../log/evolution.js'
import { invalidEvent } from '../log/encoding.js'
import type { CheckPort, Guards, PreparedEvent } from '../log/ports.js'
import type { BlobStore } from './blob-store.js'
import { askHas, requireBlobStore } from './asking.js'
import { checkReference, type BlobReference } from './reference.js'

/** Keys that lead from `data` to where a reference may stand, and the same as a pointer into the event. */
interface Place {
  readonly keys: readonly string[]
  readonly pointer: string
}

/** A reference that an event holds. */
interface Found {
  readonly index: number
  readonly pointer: string
  readonly cid: string
}

const NO_GUARDS: Guards = Object.freeze({})
/** Questions to a blob store that may be far away, at the same time. */
const QUESTIONS_MAX = 16

/**
 * Undefined: no declared type says that it refers to blobs.
 *
 * @throws PerdureError `options-invalid` if `blobs` of a declaration is not a list of JSON Pointers
 */
export function createBlobCheck(events: Events, blobs: BlobStore | undefined): CheckPort | undefined {
  const places = new Map<string, readonly Place[]>()
  for (const [type, declaration] of Object.entries(events.declarations)) {
    const { blobs: pointers = [] } = declaration
    if (!Array.isArray(pointers)) throw invalidPointer(type, String(pointers))
    if (pointers.length > 0)
      places.set(
        type,
        pointers.map((pointer: unknown) => toPlace(type, pointer)),
      )
  }
  if (places.size === 0) return undefined
  return {
    check: async (prepared) => {
      const found = prepared.flatMap((event, index) => referencesOf(event, index, places.get(event.type), events))
      if (found.length > 0) await assertThere(found, requireBlobStore(blobs, 'no'))
      return NO_GUARDS
    },
  }
}

function toPlace(type: string, pointer: unknown): Place {
  if (typeof pointer !== 'string' || !/^(?:\/(?:[^~]|~[01])*)?$/s.test(pointer)) {
    throw invalidPointer(type, String(pointer))
  }
  const parts = pointer === '' ? [] : pointer.slice(1).split('/')
  return { keys: parts.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')), pointer: '/data' + pointer }
}

function invalidPointer(type: string, pointer: string): PerdureError<'options-invalid'> {
  return new PerdureError(
    'options-invalid',
    `${JSON.stringify(pointer)} in blobs of ${type} is not a JSON Pointer`,
    { option: 'events' },
    { hint: "Say where in data a reference stands, for example blobs: ['/photo']." },
  )
}

function referencesOf(
  event: PreparedEvent,
  index: number,
  places: readonly Place[] | undefined,
  events: Events,
): readonly Found[] {
  if (places === undefined) return []
  const data = currentData(event, events)
  return places.flatMap(({ keys, pointer }) => {
    const value = valueAt(data, keys)
    if (value === undefined) return []
    const wrong = checkReference(value)
    if (wrong !== undefined) throw invalidEvent(index, pointer + wrong.pointer, wrong.problem, HINT)
    return [{ index, pointer, cid: (value as unknown as BlobReference).cid }]
  })
}

const HINT = 'Put what blobs.put returned there, or leave the member out.'

/** The pointers are those of the declared version; data of an older one is brought up to it first. */
function currentData(event: PreparedEvent, { declarations, upcast }: Events): Json {
  if (declarations[event.type]?.version === event.version) return event.data
  const unplaced: RecordedEvent = { position: 0, commit: [0, 0], revision: 0, time: '', meta: {}, ...event }
  return upcast(unplaced).data
}

/** Undefined: nothing stands there. */
function valueAt(data: Json, keys: readonly string[]): Json | undefined {
  let here: Json | undefined = data
  for (const key of keys) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined
    here = (here as Readonly<Record<string, Json>>)[key]
  }
  return here
}

async function assertThere(found: readonly Found[], store: BlobStore): Promise<void> {
  const cids = [...new Set(found.map(({ cid }) => cid))]
  for (let from = 0; from < cids.length; from += QUESTIONS_MAX) {
    const some = cids.slice(from, from + QUESTIONS_MAX)
    const answers = await Promise.all(some.map((cid) => asks(store, cid)))
    const absent = new Set(some.filter((_, i) => answers[i] !== true))
    const missing = found.find(({ cid }) => absent.has(cid))
    if (missing !== undefined) throw missingBlob(missing)
  }
}

async function asks(store: BlobStore, cid: string): Promise<boolean> {
  try {
    return await askHas(store, cid)
  } catch (error) {
    throw withWritten(error, 'no')
  }
}

function missingBlob({ cid, index, pointer }: Found): PerdureError<'blob-missing'> {
  return new PerdureError(
    'blob-missing',
    `${pointer} of event ${index} refers to the blob ${cid}, which does not exist`,
    { cid, index, pointer },
    { written: 'no', hint: 'Put the blob first (store.blobs.put), then append the event.' },
  )
}

/** Which key store belongs to a log, and whether it is the one, whole and not older than the log. */
import type { Backend } from '../backends/protocol.js'
import { PerdureError } from '../errors.js'
import { createUuid } from '../ids.js'
import { decodeLine } from '../log/line.js'
import { keysCorrupt, keysForeign, keysOutdated } from './failures.js'
import { encodeRecord, parseStoreRecord, STORE_RECORD, type StoreRecord } from './key-records.js'
import type { KeyStore } from './key-store.js'

/** Where the log's side remembers its key store: a current value, copied with the log. */
const MARKER_KEY = '$keys'
const ATTEMPTS_MAX = 10

/** What a log knows of its key store: enough to tell another one, and an older copy of the right one. */
export interface Marker {
  readonly store: string
  readonly made: number
}

/** `empty`: nothing was recorded yet, so it may still become either. */
export type LogKind = 'sealed' | 'open' | 'empty'

/** Perdure's own events are never sealed: any other decides, and the newest is what opening has looked at anyway. */
export async function kindOf(backend: Backend, marker: Marker | undefined): Promise<LogKind> {
  if (marker !== undefined) return 'sealed'
  for (let { position: upTo } = await backend.head(); upTo > 0;) {
    const { lines, scannedTo } = await backend.read([{}], { after: 0, upTo, backwards: true, limit: 1, maxBytes: 1 })
    const newest = lines.map((line) => decodeLine(line)).find(({ stream }) => !stream.startsWith('$'))
    if (newest !== undefined) return newest.unreadable === undefined ? 'open' : 'sealed'
    upTo = scannedTo - 1
  }
  return 'empty'
}

export async function isSealed(backend: Backend): Promise<boolean> {
  return (await kindOf(backend, await readMarker(backend))) === 'sealed'
}

export async function readMarker(backend: Backend): Promise<Marker | undefined> {
  const entry = await backend.kv.get(MARKER_KEY)
  if (entry === undefined) return undefined
  const { store, made } = JSON.parse(entry.text) as Marker
  return { store, made }
}

/**
 * Remembers that keys have been made; never fewer than before.
 *
 * @throws PerdureError `keys-foreign` if another key store was given to the log meanwhile
 */
export async function noteMade(backend: Backend, where: string, { store, made }: Marker): Promise<void> {
  for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
    const entry = await backend.kv.get(MARKER_KEY)
    const known = entry === undefined ? undefined : (JSON.parse(entry.text) as Marker)
    if (known !== undefined && known.store !== store) throw anotherStore(where, known.store, store)
    if (known !== undefined && known.made >= made) return
    const outcome = await backend.kv.put(MARKER_KEY, JSON.stringify({ store, made }), entry?.revision ?? 'new')
    if (outcome.kind === 'written') return
  }
  const message = 'others kept changing what the log knows of its keys'
  throw new PerdureError('key-unavailable', message, { store: where }, { hint: 'Try again.', written: 'no' })
}

export interface Binding {
  readonly store: KeyStore
  readonly logId: string
  readonly kind: LogKind
  readonly marker: Marker | undefined
  readonly random: (bytes: number) => Uint8Array
}

/**
 * The record of the key store, if it belongs to this log and is not older; a new store is given to the log.
 *
 * @throws PerdureError `keys-foreign`, `keys-outdated`, `keys-corrupt`, `key-unavailable`
 */
export async function bind(binding: Binding): Promise<StoreRecord> {
  const { store, logId, marker } = binding
  const text = (await store.read([STORE_RECORD])).get(STORE_RECORD)
  const record = text === undefined ? await giveTo(binding) : parseStoreRecord(store.name, text)
  assertBelongs(store.name, record, logId, marker)
  return record
}

/** @throws PerdureError `keys-foreign`, `keys-outdated` */
export function assertBelongs(where: string, record: StoreRecord, logId: string, marker: Marker | undefined): void {
  if (record.log !== logId) throw keysForeign(where, `the log ${logId}`, `the log ${record.log}`)
  if (marker === undefined) return
  if (record.id !== marker.store) throw anotherStore(where, marker.store, record.id)
  if (record.made < marker.made) throw keysOutdated(where, marker.made, record.made)
}

function anotherStore(where: string, expected: string, found: string): PerdureError<'keys-foreign'> {
  return keysForeign(where, `key store ${expected}`, `key store ${found}`)
}

async function giveTo({ store, logId: log, kind, random }: Binding): Promise<StoreRecord> {
  if (kind !== 'empty') throw keysCorrupt(store.name, 'holds no keys, and the log is sealed')
  const master = await store.provider.current()
  const record: StoreRecord = { perdureKeys: 1, log, id: createUuid(random), master, made: 0, applied: 0 }
  const change = { name: STORE_RECORD, expect: undefined, text: encodeRecord(record) }
  if (await store.write([change])) return record
  // Another process was first.
  return parseStoreRecord(store.name, (await store.read([STORE_RECORD])).get(STORE_RECORD))
}

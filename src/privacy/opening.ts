/** Opening a log with its keys. */
import { isInside } from '../address.js'
import { toBase64 } from '../base64.js'
import type { Backend, BootStep } from '../backends/protocol.js'
import { isPerdureError, PerdureError } from '../errors.js'
import { systemRandom } from '../ids.js'
import type { Events } from '../log/evolution.js'
import { asked } from './asking.js'
import { bind, kindOf, noteMade, readMarker, type LogKind } from './binding.js'
import { keysMissing, keysUnexpected } from './failures.js'
import { openFolderKeys } from './folder-keys.js'
import { LOG_OWNER, parseOwnerRecord, PSEUDONYMS_OWNER, SUBJECT_RECORDS, type StoreRecord } from './key-records.js'
import { KeyRing } from './key-ring.js'
import type { KeyStore } from './key-store.js'
import { MemoryKeys } from './memory-keys.js'
import { LocalProvider, MASTER_VARIABLE } from './masters.js'
import { PrivacyLog } from './privacy-log.js'
import { Sealer } from './sealer.js'
import { KEY_SIZE_BYTES } from './sealing.js'
import { SealedValues } from './values.js'

const SCHEME = 'file:'

/** How many subjects are looked at for a key to try: of most there is one. */
const TRIED_LENGTH_MAX = 10

/** Which keys: an address (`file:<folder>`, `memory:`), a key store of the caller's own, or `'none'`: to read what needs no key. */
export type KeysOption = string | KeyStore

export interface PrivacyRequest {
  readonly backend: Backend
  readonly keys: KeysOption | undefined
  /** Where the keys of this log are, unless somebody says otherwise. */
  readonly defaultKeys: string | undefined
  readonly create: boolean
  readonly readOnly: boolean
  readonly events: Events
  readonly random: (bytes: number) => Uint8Array
  /** For tests: how often a key may be used, and how long a key store may take to answer. */
  readonly usesMax?: number
  readonly timeoutMs?: number
}

/** Everything about the keys of an open log. */
export interface Privacy {
  readonly store: KeyStore
  readonly ring: KeyRing
  readonly log: PrivacyLog
  readonly sealer: Sealer
  /** Seals what stands beside the log. */
  readonly values: SealedValues
  /** What opening found; what it then put right is added. */
  readonly boot: BootStep[]
  close(): Promise<void>
}

/**
 * Undefined: the log is not sealed, or is to be read without keys.
 *
 * @throws PerdureError `keys-missing`, `keys-unexpected`, `keys-foreign`, `keys-outdated`, `keys-corrupt`,
 * `keys-exposed`, `key-unavailable`, `master-key-missing`, `master-key-wrong`, `options-invalid`; nothing was changed
 */
export async function openPrivacy(request: PrivacyRequest): Promise<Privacy | undefined> {
  const { backend, keys } = request
  if (keys === 'none') return undefined
  const marker = await readMarker(backend)
  const kind = await kindOf(backend, marker)
  if (keys === undefined && kind !== 'sealed') return undefined
  // An observer makes no log a sealed one.
  if (request.readOnly && kind === 'empty') return undefined
  if (kind === 'open') throw keysUnexpected(backend.logId)
  const { store: given, release } = openStore(request, kind)
  const store = asked(given, request.timeoutMs)
  try {
    const record = await bind({ store, logId: backend.logId, kind, marker, random: request.random })
    if (!request.readOnly) await noteMade(backend, store.name, { store: record.id, made: record.made })
    return await privacyOf(request, store, record, release)
  } catch (error) {
    await release()
    throw error
  }
}

async function privacyOf(
  { backend, events, random, usesMax }: PrivacyRequest,
  store: KeyStore,
  record: StoreRecord,
  release: () => Promise<void>,
): Promise<Privacy> {
  const log = new PrivacyLog(backend)
  await log.refresh()
  const { logId } = backend
  const onMade = (made: number): Promise<void> => noteMade(backend, store.name, { store: record.id, made })
  const ring = new KeyRing({
    store,
    logId,
    random,
    bound: record,
    onMade,
    ...(usesMax === undefined ? {} : { usesMax }),
  })
  const sealer = new Sealer({ logId, ring, privacy: log, events, random })
  const boot = [{ step: 'keys', found: `${store.name}, ${record.made} made so far${await tryOne(store, ring)}` }]
  const values = new SealedValues({ logId, store, ring, privacy: log, sealer, random })
  const close = async (): Promise<void> => {
    ring.forgetAll()
    await release()
  }
  return { store, ring, log, sealer, values, boot, close }
}

/**
 * Unwraps one of the keys, so that a master key that is lost is found out now and not in the middle of something. A
 * service that is down is no reason not to open: it may be back when it is needed.
 */
async function tryOne(store: KeyStore, ring: KeyRing): Promise<string> {
  const subjects = await store.list(SUBJECT_RECORDS, { after: '', limit: TRIED_LENGTH_MAX })
  const owners = [
    ...(await store.read([LOG_OWNER, PSEUDONYMS_OWNER])),
    ...subjects.map(({ name, text }) => [name, text]),
  ]
  for (const [owner = '', text] of owners) {
    const [kept] = parseOwnerRecord(store.name, owner, text).keys
    if (kept === undefined) continue
    try {
      await ring.load(owner, kept.id)
      return ''
    } catch (error) {
      const isOutage = isPerdureError(error) && ['key-unavailable', 'key-timeout'].includes(error.code)
      if (!isOutage) throw error
      return `; ${error.message}`
    }
  }
  return ''
}

interface Opened {
  readonly store: KeyStore
  readonly release: () => Promise<void>
}

/** Whoever opened it closes it. */
function openStore(request: PrivacyRequest, kind: LogKind): Opened {
  const { keys = request.defaultKeys, random, readOnly } = request
  if (typeof keys === 'object') return { store: keys, release: async () => {} }
  if (keys === undefined) throw keysMissing('the log is sealed, and no key store is named')
  if (isInLog(keys, request.defaultKeys)) {
    const hint = 'Whoever copies the folder would copy its keys. Put them beside it.'
    throw invalidKeys('the key store would stand inside the folder of the log', hint)
  }
  const store = openKeyStore(keys, { create: request.create && kind === 'empty', readOnly, random })
  return { store, release: () => store.close() }
}

/** `<folder>.keys` are the keys that belong to a folder. */
function isInLog(keys: string, defaultKeys: string | undefined): boolean {
  if (!keys.startsWith(SCHEME) || defaultKeys === undefined) return false
  return isInside(keys.slice(SCHEME.length), defaultKeys.slice(SCHEME.length, -'.keys'.length))
}

export interface KeyStoreOptions {
  readonly create?: boolean
  readonly readOnly?: boolean
  readonly random?: (bytes: number) => Uint8Array
  /** In the place of a master key in a file or the environment. */
  readonly provider?: KeyStore['provider']
}

/** @throws PerdureError `options-invalid`, `keys-missing`, `keys-exposed`, `keys-corrupt` */
export function openKeyStore(at: string, options: KeyStoreOptions = {}): KeyStore {
  const { create = false, readOnly = false, random = systemRandom, provider } = options
  if (at === 'memory:') return new MemoryKeys(provider ?? memoryProvider(random))
  if (at.startsWith(SCHEME) && at.length > SCHEME.length) {
    const folder = at.slice(SCHEME.length)
    return openFolderKeys({ folder, create, readOnly, random, ...(provider === undefined ? {} : { provider }) })
  }
  throw invalidKeys('keys is not the address of a key store', "Say 'file:<folder>', for example file:./data.keys.")
}

function memoryProvider(random: (bytes: number) => Uint8Array): LocalProvider {
  const environment = { [MASTER_VARIABLE]: toBase64(random(KEY_SIZE_BYTES)) }
  return new LocalProvider('', environment, random)
}

function invalidKeys(message: string, hint: string): PerdureError<'options-invalid'> {
  return new PerdureError('options-invalid', message, { option: 'keys' }, { hint })
}

/** What stands in the records of a key store. */
import { keysCorrupt } from './failures.js'

/** The record about the store itself. */
export const STORE_RECORD = 'store'
/** Whose keys seal what has no subject, and what pseudonyms are found by. */
export const LOG_OWNER = 'log'
export const PSEUDONYMS_OWNER = 'pseudonyms'

const SUBJECT_PREFIX = 'subject/'
const SNAPSHOT_PREFIX = 'snapshot/'
const PSEUDONYM_PREFIX = 'pseudonym/'

export const SUBJECT_RECORDS = SUBJECT_PREFIX
export const SNAPSHOT_RECORDS = SNAPSHOT_PREFIX

export function subjectOwner(subject: string): string {
  return SUBJECT_PREFIX + subject
}

export function subjectOf(owner: string): string | undefined {
  return owner.startsWith(SUBJECT_PREFIX) ? owner.slice(SUBJECT_PREFIX.length) : undefined
}

export function snapshotOwner(id: string): string {
  return SNAPSHOT_PREFIX + id
}

export function pseudonymRecord(digest: string): string {
  return PSEUDONYM_PREFIX + digest
}

const FORMAT = 1

export interface StoreRecord {
  readonly perdureKeys: typeof FORMAT
  /** Whose keys these are. */
  readonly log: string
  /** Of this key store, and of every copy of it. */
  readonly id: string
  /** The master key that wraps what is new. */
  readonly master: string
  /** Wraps some of them still: a rotation is under way, or was interrupted. */
  readonly former?: string
  /** How many keys were ever made. */
  readonly made: number
  /** The revision of `$privacy` up to which what was forgotten is gone from here. */
  readonly applied: number
}

/** A data key as it is kept. */
export interface KeptKey {
  readonly id: string
  /** The entity class; '' for none. */
  readonly class: string
  readonly master: string
  readonly wrapped: string
  /** By which the right key is known. */
  readonly check: string
  /** How often it has been used, as far as was noted. */
  readonly uses: number
}

/** Whatever belongs to one subject, to the log, or to a snapshot. */
export interface OwnerRecord {
  /** Of each class the last one seals; the others only open. */
  readonly keys: readonly KeptKey[]
  /** `true`, or of these classes: no key is made any more. */
  readonly shredded?: true | readonly string[]
  /** Ids of the keys that were: never given again. */
  readonly destroyed?: readonly string[]
  /** Digests under which the subject is found. */
  readonly pseudonyms?: readonly string[]
}

export interface PseudonymRecord {
  readonly subject: string
}

export const NO_KEYS: OwnerRecord = Object.freeze({ keys: Object.freeze([]) })

/** @throws PerdureError `keys-corrupt` */
export function parseStoreRecord(store: string, text: string | undefined): StoreRecord {
  const record = parse(store, STORE_RECORD, text ?? 'null') as Partial<StoreRecord> | null
  const { perdureKeys, log, id, master, former = '', made, applied } = record ?? {}
  if (perdureKeys !== FORMAT) throw keysCorrupt(store, 'is not in a format that is known', STORE_RECORD)
  if (isTexts([log, id, master, former]) && isCount(made) && isCount(applied)) return record as StoreRecord
  throw keysCorrupt(store, 'is malformed', STORE_RECORD)
}

/** @throws PerdureError `keys-corrupt` */
export function parseOwnerRecord(store: string, name: string, text: string | undefined): OwnerRecord {
  if (text === undefined) return NO_KEYS
  const record = parse(store, name, text) as Partial<OwnerRecord> | null
  const { keys, shredded = true, destroyed = [], pseudonyms = [] } = record ?? {}
  const areTexts = [shredded === true ? [] : shredded, destroyed, pseudonyms].every(isTexts)
  if (Array.isArray(keys) && keys.every(isKeptKey) && areTexts) return record as OwnerRecord
  throw keysCorrupt(store, 'is malformed', name)
}

/** @throws PerdureError `keys-corrupt` */
export function parsePseudonymRecord(store: string, name: string, text: string): PseudonymRecord {
  const record = parse(store, name, text) as Partial<PseudonymRecord> | null
  if (typeof record?.subject === 'string') return record as PseudonymRecord
  throw keysCorrupt(store, 'is malformed', name)
}

/** Whether a record of this name holds keys. */
export function isOwner(name: string): boolean {
  const prefixes = [SUBJECT_PREFIX, SNAPSHOT_PREFIX]
  return name === LOG_OWNER || name === PSEUDONYMS_OWNER || prefixes.some((prefix) => name.startsWith(prefix))
}

/** Whether no key of this class is made any more. */
export function isShredded({ shredded }: OwnerRecord, ofClass: string): boolean {
  return shredded === true || (Array.isArray(shredded) && shredded.includes(ofClass))
}

export function encodeRecord(record: StoreRecord | OwnerRecord | PseudonymRecord): string {
  return JSON.stringify(record)
}

function parse(store: string, name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw keysCorrupt(store, 'is not JSON', name)
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isKeptKey(value: unknown): value is KeptKey {
  if (typeof value !== 'object' || value === null) return false
  const { id, class: ofClass, master, wrapped, check, uses } = value as Record<string, unknown>
  return isCount(uses) && isTexts([id, ofClass, master, wrapped, check])
}

function isTexts(values: unknown): boolean {
  return Array.isArray(values) && values.every((value) => typeof value === 'string')
}

/** Seals what is appended and opens what is read: the port between the log and the keys. */
import type { RecordedEvent } from '../events.js'
import { deepFreeze, encodeJson, type Json } from '../json.js'
import type { Events } from '../log/evolution.js'
import { invalidEvent } from '../log/encoding.js'
import type { DecodedLine } from '../log/line.js'
import type { Guards, Sealable, SealPort } from '../log/ports.js'
import { placesOf } from '../log/sealed-parts.js'
import { sealBroken, subjectAmbiguous, subjectMissing, subjectShredded } from './failures.js'
import type { DataKey, KeyRing, Wanted } from './key-ring.js'
import { LOG_OWNER, subjectOwner } from './key-records.js'
import { overlap, replaceAt } from './pointers.js'
import { PRIVACY_STREAM, type PrivacyLog } from './privacy-log.js'
import { createNonces, openText, sealText, type Nonces, type Sealed } from './sealing.js'

/** A sealed part as the line has it. */
interface SealedPart extends Sealed {
  readonly at: string
  readonly key: string
}

/** A part that is to be sealed. */
interface Part extends Wanted {
  readonly at: string
  readonly text: string
}

/** What of an event a seal is bound to. */
interface Bindable extends Pick<Sealable, 'stream' | 'id' | 'type' | 'version'> {
  readonly subject?: string | undefined
  readonly subjects?: Readonly<Record<string, string>> | undefined
}

/** Where all of the data is sealed by one key. */
const WHOLE: readonly string[] = ['']

type Why = 'shredded' | 'key-unavailable'

/** What is said of an event of which nothing can be read. */
const UNREADABLE: Readonly<Record<Why, NonNullable<RecordedEvent['unreadable']>>> = {
  shredded: deepFreeze([{ path: '', why: 'shredded' }]),
  'key-unavailable': deepFreeze([{ path: '', why: 'key-unavailable' }]),
}

export interface SealerOptions {
  readonly logId: string
  readonly ring: KeyRing
  readonly privacy: PrivacyLog
  readonly events: Events
  readonly random: (bytes: number) => Uint8Array
}

export class Sealer implements SealPort {
  readonly #options: SealerOptions
  readonly #nonces: Nonces
  /** How what seals are bound to begins. */
  readonly #front: string
  /** Why keys could not be had since the last refresh: one that does not answer is asked once a page, not once an event. */
  #outage = false

  constructor(options: SealerOptions) {
    this.#options = options
    this.#nonces = createNonces(options.random)
    this.#front = `["perdure event 1",${encodeJson(options.logId)},`
  }

  subjectOf(type: string, tags: readonly string[], index: number): string | undefined {
    const ofClass = this.#classOf(type)
    if (ofClass === '') return undefined
    const subjects = [...new Set(tags.filter((tag) => tag.startsWith(`${ofClass}:`)))]
    if (subjects.length === 1) return subjects[0]
    if (subjects.length === 0) throw subjectMissing(index, type, ofClass)
    throw subjectAmbiguous(index, type, ofClass, subjects)
  }

  async seal(events: readonly Sealable[]): Promise<{ readonly parts: readonly string[]; readonly guards: Guards }> {
    const { privacy, ring } = this.#options
    // Before what it guards: a change in between is then noticed.
    const guards = { [PRIVACY_STREAM]: privacy.revision }
    const parts = events.map((event, index) => this.#partsOf(event, index))
    const all = parts.flat()
    // Mostly all are at hand, and there is nothing to wait for.
    const cached = all.map((part) => ring.sealingKey(part))
    const keys = cached.includes(undefined) ? await ring.prepare(all) : (cached as readonly DataKey[])
    let next = 0
    return {
      parts: parts.map((own, i) => this.#seal(events[i] as Sealable, own, () => keys[next++] as DataKey)),
      guards,
    }
  }

  async refresh(): Promise<void> {
    this.#outage = false
    const { privacy, ring } = this.#options
    for (const subject of await privacy.refresh()) ring.forget(subjectOwner(subject))
  }

  unseal(decoded: DecodedLine): RecordedEvent | Promise<RecordedEvent> {
    const { event, sealed } = decoded
    if (sealed === undefined && event.stream.startsWith('$')) return event
    const parts = this.#checked(event, sealed)
    const [first] = parts as readonly [SealedPart]
    if (parts.length > 1) return this.#openParts(event, parts)
    // Nearly all are sealed as a whole, by a key that is at hand.
    const key = this.#find(event, first)
    if (key instanceof Promise) return key.then((found) => this.#openWhole(event, first, found))
    return this.#openWhole(event, first, key)
  }

  #openParts(event: DecodedLine['event'], parts: readonly SealedPart[]): RecordedEvent | Promise<RecordedEvent> {
    const keys = parts.map((part) => this.#find(event, part))
    if (keys.some((key) => key instanceof Promise)) return this.#openLater(event, parts, keys)
    return this.#open(event, parts, keys as readonly (DataKey | Why)[])
  }

  async #openLater(
    event: DecodedLine['event'],
    parts: readonly SealedPart[],
    keys: readonly (DataKey | Why | Promise<DataKey | Why>)[],
  ): Promise<RecordedEvent> {
    return this.#open(event, parts, await Promise.all(keys.map(async (key) => await key)))
  }

  #classOf(type: string): string {
    const { declarations } = this.#options.events
    return (Object.hasOwn(declarations, type) ? declarations[type]?.class : undefined) ?? ''
  }

  #partsOf(event: Sealable, index: number): readonly Part[] {
    const { subject, subjects = {}, dataJson: text } = event
    const ofClass = this.#classOf(event.type)
    const partOf = (at: string, whose: string | undefined, part: string): Part => {
      if (whose === undefined) return { at, owner: LOG_OWNER, class: '', text: part }
      if (this.#options.privacy.isShredded(whose, ofClass)) throw subjectShredded(whose, index)
      return { at, owner: subjectOwner(whose), class: ofClass, text: part }
    }
    const pointers = Object.keys(subjects)
    if (pointers.length === 0) return [partOf('', subject, text)]
    if (overlap(pointers)) throw invalidEvent(index, '/subjects', 'names parts of data that overlap')
    if (subjects[''] !== undefined) return [partOf('', subjects[''], text)]
    const data = JSON.parse(text) as Json
    const parts = pointers.map((at) => partOf(at, subjects[at], encodeJson(replaceAt(data, at, null))))
    return [partOf('', undefined, encodeJson(data)), ...parts]
  }

  #seal(event: Sealable, parts: readonly Part[], nextKey: () => DataKey): string {
    const texts = parts.map(({ at, text }) => {
      const key = nextKey()
      key.used++
      const { nonce, box } = sealText(key.secret, this.#boundTo(event, key.id, at), text, this.#nonces())
      return `{"at":${encodeJson(at)},"key":"${key.id}","nonce":"${nonce}","box":"${box}"}`
    })
    return `[${texts.join(',')}]`
  }

  /** What a box belongs to: it opens nowhere else. Not its position, which is given under the lock. JSON of a list. */
  #boundTo({ stream, id, type, version, subject, subjects }: Bindable, key: string, at: string): string {
    const event = `${encodeJson(stream)},${encodeJson(id)},${encodeJson(type)},${version}`
    return `${this.#front}${event},${encodeJson(subject ?? subjects ?? null)},${encodeJson(key)},${encodeJson(at)}]`
  }

  /** Each part that must be there, once; a part that was taken out would otherwise be read as null. */
  #checked({ position, subject, subjects }: RecordedEvent, sealed: Json | undefined): readonly SealedPart[] {
    const places = subject === undefined && subjects !== undefined ? placesOf(subjects) : WHOLE
    const isRight = Array.isArray(sealed) && sealed.length === places.length && sealed.every(isSealedPart)
    if (isRight && sealed.every(({ at }, i) => at === places[i])) return sealed
    throw sealBroken(`what is sealed at position ${position}`, { position })
  }

  #find(event: RecordedEvent, { at, key }: SealedPart): DataKey | Why | Promise<DataKey | Why> {
    const { ring, privacy } = this.#options
    const subject = subjectAt(event, at)
    if (subject !== undefined && privacy.isDestroyed(subject, key)) return 'shredded'
    const owner = subject === undefined ? LOG_OWNER : subjectOwner(subject)
    const cached = ring.cached(owner, key)
    if (cached !== undefined) return this.#unlessShredded(subject, cached)
    // Asked to be forgotten, of all classes: no key is needed to say so.
    if (subject !== undefined && privacy.isShreddedWhole(subject)) return 'shredded'
    return this.#outage ? 'key-unavailable' : this.#load(event, owner, subject, key)
  }

  async #load(
    { position }: RecordedEvent,
    owner: string,
    subject: string | undefined,
    id: string,
  ): Promise<DataKey | Why> {
    try {
      const key = await this.#options.ring.load(owner, id)
      if (key === 'destroyed') return 'shredded'
      if (key !== undefined) return this.#unlessShredded(subject, key)
    } catch (error) {
      if (!isOutage(error)) throw error
      this.#outage = true
      return 'key-unavailable'
    }
    // A key that was never made for it: the line says something else than what was sealed.
    throw sealBroken(`what is sealed at position ${position}`, { position, key: id })
  }

  #unlessShredded(subject: string | undefined, key: DataKey): DataKey | Why {
    return subject !== undefined && this.#options.privacy.isShredded(subject, key.class) ? 'shredded' : key
  }

  #openWhole(event: DecodedLine['event'], part: SealedPart, key: DataKey | Why): RecordedEvent {
    if (typeof key === 'string') event.unreadable = UNREADABLE[key]
    else event.data = deepFreeze(JSON.parse(this.#openPart(event, part, key)) as Json)
    return Object.freeze(event)
  }

  #open(event: DecodedLine['event'], parts: readonly SealedPart[], keys: readonly (DataKey | Why)[]): RecordedEvent {
    const unreadable: { path: string; why: Why }[] = []
    let data: Json = null
    for (const [i, part] of parts.entries()) {
      const key = keys[i] as DataKey | Why
      const { at: path } = part
      if (typeof key === 'string') {
        unreadable.push({ path, why: key })
        // What holds the other parts comes first.
        if (path === '') break
        continue
      }
      const opened = JSON.parse(this.#openPart(event, part, key)) as Json
      if (path === '') data = opened
      else replaceAt(data, path, opened)
    }
    event.data = deepFreeze(data)
    if (unreadable.length > 0) event.unreadable = deepFreeze(unreadable)
    return Object.freeze(event)
  }

  #openPart(event: RecordedEvent, part: SealedPart, key: DataKey): string {
    const { position } = event
    const text = openText(key.secret, this.#boundTo(event, key.id, part.at), part)
    if (text !== undefined) return text
    throw sealBroken(`what is sealed at position ${position}`, { position, at: part.at, key: part.key })
  }
}

/** Whose key seals this part; undefined: the log's own. */
function subjectAt({ subject, subjects }: RecordedEvent, at: string): string | undefined {
  if (subject !== undefined) return subject
  return subjects !== undefined && Object.hasOwn(subjects, at) ? subjects[at] : undefined
}

function isSealedPart(value: unknown): value is SealedPart {
  if (typeof value !== 'object' || value === null) return false
  const { at, key, nonce, box } = value as Record<string, unknown>
  return [at, key, nonce, box].every((text) => typeof text === 'string')
}

const OUTAGES: readonly string[] = ['key-unavailable', 'key-timeout', 'master-key-missing']

/** Keys that cannot be had now; whatever else fails is a fault that must be told. */
function isOutage(error: unknown): boolean {
  return error instanceof Error && 'code' in error && OUTAGES.includes(String(error.code))
}

/** The form of what is sealed in a line, as docs/format.md has it. What opens it lives where the keys are. */
import { fromBase64 } from '../base64.js'
import { checkName } from './names.js'

const NONCE_SIZE_BYTES = 12
const TAG_SIZE_BYTES = 16

/** Each part, in this order: who is named in `subjects` has a part of his own, and the first one holds all the rest. */
export function placesOf(subjects: Readonly<Record<string, string>> = {}): readonly string[] {
  return [...new Set(['', ...Object.keys(subjects)])]
}

/** Why this is not the list of sealed parts of an event with these subjects. */
export function checkSealed(sealed: unknown, subjects?: Readonly<Record<string, string>>): string | undefined {
  const places = placesOf(subjects)
  if (!Array.isArray(sealed) || sealed.length !== places.length) return 'are not one for each subject and the rest'
  return sealed.map((part, i) => checkPart(part, places[i] as string)).find((problem) => problem !== undefined)
}

function checkPart(part: unknown, place: string): string | undefined {
  if (typeof part !== 'object' || part === null) return 'are not all objects'
  if (Object.keys(part).join(' ') !== 'at key nonce box') return 'have other members than at, key, nonce and box'
  const { at, key, nonce, box } = part as Record<string, unknown>
  if (at !== place) return 'are not in the order of the subjects'
  if (typeof key !== 'string' || checkName(key) !== undefined) return 'name no key'
  if (fromBase64(nonce)?.length !== NONCE_SIZE_BYTES) return `have a nonce that is not ${NONCE_SIZE_BYTES} bytes`
  const size = fromBase64(box)?.length ?? 0
  return size < TAG_SIZE_BYTES ? `have a box that is not base64 of at least ${TAG_SIZE_BYTES} bytes` : undefined
}

/** Why these are not the subjects of an event. */
export function checkSubjects(subject: unknown, subjects: unknown): string | undefined {
  if (subject !== undefined && subjects !== undefined) return 'stand beside each other'
  if (subject !== undefined) return checkSubject(subject)
  if (subjects === undefined) return undefined
  if (typeof subjects !== 'object' || subjects === null || Array.isArray(subjects)) return 'are no object'
  const entries = Object.entries(subjects)
  if (entries.length === 0) return 'are none'
  const isPlaced = entries.every(([at]) => at === '' || /^(?:\/(?:[^~/]|~[01])*)+$/.test(at))
  if (!isPlaced) return 'stand at what is no JSON Pointer'
  return entries.map(([, name]) => checkSubject(name)).find((problem) => problem !== undefined)
}

function checkSubject(name: unknown): string | undefined {
  return typeof name === 'string' && checkName(name) === undefined ? undefined : 'are no names'
}

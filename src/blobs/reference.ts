/** References to blobs: what stands in an event instead of the bytes. */
import type { Json } from '../json.js'
import { checkCid } from './cid.js'

/** What stands in an event. More members may stand beside these. */
export interface BlobReference {
  readonly cid: string
  /** In bytes. */
  readonly size: number
  readonly mediaType?: string
}

const MEDIA_TYPE_SIZE_MAX_BYTES = 255
// RFC 6838 section 4.2: each name begins with a letter or digit and has at most 127 characters.
const NAME = '[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}'
// RFC 9110 section 8.3.1: parameters such as charset=utf-8.
const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"
const MEDIA_TYPE = new RegExp(`^${NAME}/${NAME}(?:[ \\t]*;[ \\t]*${TOKEN}=(?:${TOKEN}|"[ !#-\\[\\]-~]*"))*$`)

/** What is wrong with a media type (`type/subtype`, with parameters if need be), or nothing. */
export function checkMediaType(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'is not a string'
  if (text.length > MEDIA_TYPE_SIZE_MAX_BYTES) return `is longer than ${MEDIA_TYPE_SIZE_MAX_BYTES} bytes`
  return MEDIA_TYPE.test(text) ? undefined : 'is not a media type (type/subtype, as RFC 6838 has it)'
}

/** The first thing wrong with a reference, and where in it; or nothing. */
export function checkReference(value: Json): { readonly pointer: string; readonly problem: string } | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { pointer: '', problem: 'is not a reference to a blob: { cid, size, mediaType? }' }
  }
  const { cid, size, mediaType } = value as { readonly [key: string]: Json }
  const problem = checkCid(cid)
  if (problem !== undefined) return { pointer: '/cid', problem }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    return { pointer: '/size', problem: 'is not a number of bytes' }
  }
  const typeProblem = mediaType === undefined ? undefined : checkMediaType(mediaType)
  return typeProblem === undefined ? undefined : { pointer: '/mediaType', problem: typeProblem }
}

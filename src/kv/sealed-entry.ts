/** A current value that only a subject's key opens: how its text says so. */
import type { SealedValue } from '../log/ports.js'
import { corrupt } from './failures.js'

/** How the text of such an entry begins; that of any other begins with its value. */
const BEGINNING = '{"sealed":{'

/** What the value of a key is bound to: it opens under no other key. */
export function boundToKey(key: string): string {
  return JSON.stringify(['kv', key])
}

export function isSealedEntry(text: string): boolean {
  return text.startsWith(BEGINNING)
}

export function encodeSealedEntry({ subject, key, nonce, box }: SealedValue): string {
  return JSON.stringify({ sealed: { subject, key, nonce, box: Buffer.from(box).toString('base64') } })
}

/** @throws PerdureError `kv-corrupt` */
export function parseSealedEntry(key: string, text: string): SealedValue {
  const { subject, key: id, nonce, box } = parseParts(text)
  if (![subject, id, nonce, box].every((one) => typeof one === 'string')) {
    throw corrupt(key, 'is sealed, and does not say by what')
  }
  return { subject, key: id, nonce, box: Buffer.from(box as string, 'base64') } as SealedValue
}

function parseParts(text: string): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(text) as { readonly sealed?: Record<string, unknown> }).sealed ?? {}
  } catch {
    return {}
  }
}

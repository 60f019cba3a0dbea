/** A current value that only a subject's key opens: how its text says so. */
import type { SealedValue } from '../log/ports.js'

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

/** Undefined: it is none. */
export function parseSealedEntry(text: string): SealedValue | undefined {
  const { sealed } = JSON.parse(text) as { readonly sealed?: Record<string, unknown> }
  const { subject, key, nonce, box } = sealed ?? {}
  const areTexts = [subject, key, nonce, box].every((one) => typeof one === 'string')
  if (!areTexts) return undefined
  return { subject, key, nonce, box: Buffer.from(box as string, 'base64') } as SealedValue
}

/** Bytes as text: base64 as RFC 4648 has it, with padding, and in no other way. */

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Undefined: it is not written as base64 is. Node's own reading passes over what it does not know. */
export function fromBase64(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined
  const bytes = Buffer.from(text, 'base64')
  return text.length === 4 * Math.ceil(bytes.length / 3) && bytes.toString('base64') === text ? bytes : undefined
}

/**
 * Opens what is sealed in a line, given the data keys: written from docs/format.md alone, with nothing of Perdure's own
 * code and nothing but Node's cryptography. Keys are wrapped where Perdure keeps them; here they are bare.
 */
import { createDecipheriv, createHash } from 'node:crypto'

/** What a part belongs to, as the text that it is bound to. */
export function boundTo({ stream, id, type, version = 1, subject, subjects }, log, { key, at }) {
  return JSON.stringify(['perdure event 1', log, stream, id, type, version, subject ?? subjects ?? null, key, at])
}

/** The key that this one text is encrypted under. */
export function deriveKey(secret, bound) {
  return createHash('sha256').update(Buffer.of(0, 0, 0, 1)).update(secret).update(bound).digest()
}

/** The text of one part. @throws Error if it was sealed otherwise, or has been changed */
export function openPart(event, log, part, secret) {
  const bound = boundTo(event, log, part)
  const [nonce, box] = [part.nonce, part.box].map((text) => Buffer.from(text, 'base64'))
  if (nonce.length !== 12 || box.length < 16) throw new Error('not a nonce of 12 bytes and a box of at least 16')
  const opening = createDecipheriv('aes-256-gcm', deriveKey(secret, bound), nonce, { authTagLength: 16 })
  opening.setAAD(Buffer.from(bound)).setAuthTag(box.subarray(-16))
  const plain = opening.update(box.subarray(0, -16))
  opening.final()
  return plain.toString('utf8')
}

/** The data of the event that a line records. `secretOf` gives the data key of an id, as 32 bytes. */
export function openLine(line, log, secretOf) {
  const event = JSON.parse(line)
  const places = ['', ...Object.keys(event.subjects ?? {}).filter((at) => at !== '')]
  if (event.sealed.map(({ at }) => at).join('\n') !== places.join('\n')) throw new Error('not the parts that must be there')
  let root = null
  for (const part of event.sealed) {
    const value = JSON.parse(openPart(event, log, part, secretOf(part.key)))
    const steps = part.at.split('/').slice(1)
    const last = steps.pop()?.replaceAll('~1', '/').replaceAll('~0', '~')
    const parent = steps.reduce((at, step) => at[step.replaceAll('~1', '/').replaceAll('~0', '~')], root)
    if (last === undefined) root = value
    else Object.defineProperty(parent, last, { value })
  }
  return root
}

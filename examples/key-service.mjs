// A key service: it wraps and unwraps the keys of logs by master keys that never leave it. Here they are in memory: a real
// one keeps them in a safe place, speaks TLS, and says in its books who asked for what.
import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const { KEY_SERVICE_TOKEN: token = '', KEY_SERVICE_MASTER: first, KEY_SERVICE_PORT: port = '0' } = process.env
if (token === '') throw new Error('KEY_SERVICE_TOKEN says who may ask')

const masters = new Map([['master-1', first === undefined ? randomBytes(32) : Buffer.from(first, 'base64')]])
let current = 'master-1'

const calls = {
  current: () => current,
  // Bound to what the key is for: it is unwrapped for that and for nothing else.
  wrap({ master, bytes, context }) {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', masters.get(master), nonce).setAAD(Buffer.from(context))
    return Buffer.concat([nonce, cipher.update(bytes, 'base64'), cipher.final(), cipher.getAuthTag()]).toString(
      'base64',
    )
  },
  unwrap({ master, bytes, context }) {
    const all = Buffer.from(bytes, 'base64')
    const [nonce, sealed, tag] = [all.subarray(0, 12), all.subarray(12, -16), all.subarray(-16)]
    const decipher = createDecipheriv('aes-256-gcm', masters.get(master), nonce, { authTagLength: 16 })
    decipher.setAAD(Buffer.from(context)).setAuthTag(tag)
    return Buffer.concat([decipher.update(sealed), decipher.final()]).toString('base64')
  },
  renew({ former }) {
    if (current !== former) return
    current = `master-${masters.size + 1}`
    masters.set(current, randomBytes(32))
  },
  retire: ({ former }) => void masters.set(former, undefined),
}

/** Whoever asks is told no more than that it was refused: what was asked holds keys. */
async function answer(request) {
  const given = Buffer.from(request.headers.authorization ?? '')
  const expected = Buffer.from(`Bearer ${token}`)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return [401, {}]
  const parts = []
  for await (const part of request) parts.push(part)
  const asked = JSON.parse(Buffer.concat(parts).toString())
  const call = request.url.slice(1)
  if (!Object.hasOwn(calls, call)) return [404, {}]
  if ('master' in asked && masters.get(asked.master) === undefined) return [410, {}]
  return [200, { answer: calls[call](asked) }]
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request).catch(() => [422, {}])
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

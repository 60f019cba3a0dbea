// The keys of a log, wrapped by a key service: example key-service.mjs. As a program it appends and reads one sealed event.
import { pathToFileURL } from 'node:url'
import { open, openKeyStore, PerdureError } from 'perdure'

/** A KeyProvider that asks the service at `url`. Whatever it throws, but for the two codes, is taken for an outage. */
export function remoteKeys(url, token) {
  async function ask(call, asked = {}) {
    const { master = '', bytes } = asked
    const body = JSON.stringify({ ...asked, ...(bytes && { bytes: Buffer.from(bytes).toString('base64') }) })
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(`${url}/${call}`, { method: 'POST', body, headers })
    if (response.status === 410) throw new PerdureError('master-key-missing', `${url} has no ${master}`, { master })
    if (response.status === 422) throw new PerdureError('master-key-wrong', `${master} does not open it`, { master })
    if (!response.ok) throw Object.assign(new Error('refused'), { code: `HTTP_${response.status}` })
    return (await response.json()).answer
  }
  const bytesOf = async (answer) => Buffer.from(await answer, 'base64')
  return {
    name: url,
    current: () => ask('current'),
    wrap: (master, bytes, context) => bytesOf(ask('wrap', { master, bytes, context })),
    unwrap: (master, bytes, context) => bytesOf(ask('unwrap', { master, bytes, context })),
    renew: (former) => ask('renew', { former }),
    retire: (former) => ask('retire', { former }),
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const provider = remoteKeys(process.env.KEY_SERVICE_URL, process.env.KEY_SERVICE_TOKEN)
  const keys = openKeyStore('file:.perdure/remote.keys', { create: true, provider })
  const store = await open('file:.perdure/remote', { create: true, keys })
  await store.append('patients', { type: 'admitted', subject: 'patient:7', data: { ward: 'north' } })
  for await (const { position, data } of store.read({ limit: 1 })) console.log(position, data)
  await store.close()
  await keys.close()
}

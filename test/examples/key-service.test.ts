/** The key service of the examples, used by a log: stopped, slowed, restarted and rotated while it is in use. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { open, openKeyStore, type KeyProvider, type Store } from '../../src/index.js'
import { asked } from '../../src/privacy/asking.js'
import { cleanEnvironment, ROOT, runNode, SLOW, temporaryFolder } from '../cli/run.js'

const EXAMPLES = join(ROOT, 'examples')
const TOKEN = 'of-the-test'
const TIMEOUT_MS = 1500

class Service {
  readonly #master = randomBytes(32).toString('base64')
  #child: ChildProcess | undefined
  url = ''

  async start(): Promise<void> {
    const port = this.url.split(':').at(-1) ?? ''
    const settings = { KEY_SERVICE_TOKEN: TOKEN, KEY_SERVICE_MASTER: this.#master, KEY_SERVICE_PORT: port }
    const child = spawn(process.execPath, [join(EXAMPLES, 'key-service.mjs')], {
      env: { ...cleanEnvironment(), ...settings },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    this.#child = child
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    this.url = said.toString().trim()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  async end(): Promise<void> {
    this.signal('SIGKILL')
    if (this.#child !== undefined) await once(this.#child, 'exit')
  }
}

type RemoteKeys = (url: string, token: string) => KeyProvider

async function openRemote(folder: string, service: Service, token = TOKEN): Promise<Store> {
  const { remoteKeys } = (await import(pathToFileURL(join(EXAMPLES, 'remote-keys.mjs')).href)) as {
    remoteKeys: RemoteKeys
  }
  const keys = openKeyStore(`file:${folder}/keys`, { create: true, provider: remoteKeys(service.url, token) })
  const store = await open(`file:${folder}/log`, { create: true, keys: asked(keys, TIMEOUT_MS) })
  onTestFinished(async () => {
    await store.close()
    await keys.close()
  })
  return store
}

const admitted = (patient: number): object => ({ id: String(patient), data: { ward: 'north' } })
const admit = async (store: Store, patient: number): Promise<unknown> =>
  await store.append('patients', {
    id: String(patient),
    type: 'admitted',
    subject: `patient:${patient}`,
    data: { ward: 'north' },
  })

test('remote-keys: appends and reads an event that is sealed by way of the key service', SLOW, async () => {
  const service = new Service()
  await service.start()
  const env = { KEY_SERVICE_URL: service.url, KEY_SERVICE_TOKEN: TOKEN }
  const cwd = temporaryFolder()
  for (let run = 1; run <= 2; run++) {
    const ran = await runNode([join(EXAMPLES, 'remote-keys.mjs')], { cwd, env })
    expect(ran).toMatchObject({ code: 0, err: '', out: "1 { ward: 'north' }\n" })
  }
})

test(
  'key-service: stopped, slowed and restarted while it is used, nothing is lost and no outage taken for an erasure',
  SLOW,
  async () => {
    const [folder, service] = [temporaryFolder(), new Service()]
    await service.start()
    const store = await openRemote(folder, service)
    await admit(store, 1)
    // Slow: the answer comes late, and in time.
    service.signal('SIGSTOP')
    const slow = admit(store, 2)
    await new Promise((resolve) => setTimeout(resolve, 100))
    service.signal('SIGCONT')
    await slow
    // Too slow.
    service.signal('SIGSTOP')
    await expect(admit(store, 3)).rejects.toMatchObject({ code: 'key-timeout', written: 'no' })
    expect(await store.event('1')).toMatchObject(admitted(1))
    service.signal('SIGCONT')
    // Gone.
    await service.end()
    await expect(admit(store, 3)).rejects.toMatchObject({ code: 'key-unavailable', written: 'no' })
    await store.close()
    const again = await openRemote(folder, service)
    expect(await again.event('1')).toMatchObject({ data: null, unreadable: [{ path: '', why: 'key-unavailable' }] })
    // Back, at the same place and with the same master key.
    await service.start()
    expect(await again.event('1')).toMatchObject(admitted(1))
    await admit(again, 3)
    expect(await again.keys.rotate()).toEqual({ master: 'master-2', keys: 3 })
    for (const patient of [1, 2, 3]) expect(await again.event(String(patient))).toMatchObject(admitted(patient))
    await again.close()
    const rotated = await openRemote(folder, service)
    for (const patient of [1, 2, 3]) expect(await rotated.event(String(patient))).toMatchObject(admitted(patient))
  },
)

test(
  'key-service: whoever has no token, or has lost the master key, is told so, and nothing is opened',
  SLOW,
  async () => {
    const [folder, service, other] = [temporaryFolder(), new Service(), new Service()]
    await service.start()
    await other.start()
    const store = await openRemote(folder, service)
    await admit(store, 1)
    await store.close()
    const stranger = await openRemote(folder, service, 'of-nobody')
    expect(await stranger.event('1')).toMatchObject({ data: null })
    await expect(admit(stranger, 2)).rejects.toMatchObject({
      code: 'key-unavailable',
      message: expect.stringContaining('HTTP_401') as string,
    })
    await stranger.close()
    await expect(openRemote(folder, other)).rejects.toMatchObject({ code: 'master-key-wrong' })
  },
)

/** Forgets a subject, and kills itself before or after one of its writes: to the log, or to the key store. */
import { join } from 'node:path'
import { openFileBackend } from '../../../dist/src/backends/file/backend.js'
import { open, openKeyStore } from '../../../dist/src/index.js'
import { aroundBackend } from '../../../dist/testing/index.js'

const { home, subject, write, when } = JSON.parse(process.argv[2] ?? '{}')
let writes = -Infinity

async function counted(call) {
  if (++writes === write && when === 'before') process.kill(process.pid, 'SIGKILL')
  const answer = await call()
  if (writes === write) process.kill(process.pid, 'SIGKILL')
  return answer
}

const keys = openKeyStore(`file:${join(home, 'log.keys')}`)
const backend = await openFileBackend({ folder: join(home, 'log') })
const watched = aroundBackend(backend, (operation, call) =>
  operation === 'append' || operation === 'kvPut' ? counted(call) : call(),
)
const store = await open(watched, {
  keys: {
    name: keys.name,
    provider: keys.provider,
    read: (names) => keys.read(names),
    list: (prefix, page) => keys.list(prefix, page),
    write: (changes) => counted(() => keys.write(changes)),
    close: () => keys.close(),
  },
})
writes = 0
await store.subjects.shred(subject, { reason: 'asked' })
writes = -Infinity
await store.close()
await keys.close()

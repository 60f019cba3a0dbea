// A process for the tests of keys. Usage: node process.mjs <job> <log> <keys> [more]; says what it did, a line each.
import { writeSync } from 'node:fs'
import { open, openKeyStore } from '../../../dist/src/index.js'

const [, , job, log, keys, more] = process.argv
const tell = (what) => writeSync(1, `${JSON.stringify(what)}\n`)

const openStore = () => open(`file:${log}`, { create: true, keys: `file:${keys}` })

/** Changes of one record for ever: a kill meets one in the middle. */
async function write() {
  const store = openKeyStore(`file:${keys}`)
  const filler = 'x'.repeat(Number(more))
  for (let i = 0; ; i++) {
    const names = ['one', 'other']
    const found = await store.read(names)
    tell({ wrote: i })
    await store.write(names.map((name) => ({ name, expect: found.get(name), text: `${i} ${filler}` })))
  }
}

const jobs = {
  write,
  create: async () => {
    const store = openKeyStore(`file:${keys}`, { create: true })
    const written = await store.write([{ name: 'first', expect: undefined, text: String(process.pid) }])
    tell({ written, master: await store.provider.current() })
    await store.close()
  },
  rotate: async () => {
    const store = await openStore()
    tell({ open: true })
    for (;;) tell(await store.keys.rotate({ onProgress: (count) => tell({ count }) }))
  },
  read: async () => {
    const store = await openStore()
    const texts = []
    for await (const { data, unreadable } of store.read()) texts.push(unreadable?.[0]?.why ?? data.text)
    tell({ texts })
    await store.close()
  },
  look: async () => {
    openKeyStore(`file:${keys}`)
    tell({ opened: true })
  },
}

try {
  await jobs[job]()
} catch (error) {
  tell({ failed: error.code, message: error.message, facts: error.facts })
}

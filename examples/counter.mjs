// A value beside the log, changed by several at once: whoever saw an older one tries again. Run it twice.
import { open } from 'perdure'

const store = await open('file:./.perdure/counter', { create: true })

/** Writes only if the entry still is what was read; a new one only if there still is none. */
async function increment(key) {
  for (;;) {
    const entry = await store.kv.get(key)
    const result = await store.kv.put(key, (entry?.value ?? 0) + 1, { expect: entry?.revision ?? 'new' })
    if (result.ok) return
  }
}

await Promise.all(Array.from({ length: 20 }, () => increment('visits/today')))
await store.kv.put('visits/opened', { by: 'ann' })
for await (const { key, value } of store.kv.list('visits/')) console.log(key, value)
await store.close()

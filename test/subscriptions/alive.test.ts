/** What keeps a process alive that awaits events of its own store: the waiting, and nothing else. */
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, runNode, SLOW } from '../cli/run.js'
import { temporaryFolder } from './stores.js'

const ENTRY = pathToFileURL(join(ROOT, 'dist/src/index.js')).href

/** `soon` and `never` keep nothing alive, so they come only in a process that something else keeps alive. */
const BEGIN = `
import { open } from ${JSON.stringify(ENTRY)}
const store = await open(process.argv[1], { create: true })
await store.append('a', { type: 't', data: 1 })
const soon = (then) => setTimeout(() => { console.log('alive'); then() }, 100).unref()
const never = () => setTimeout(() => console.log('still alive'), 20_000).unref()
const stop = new AbortController()
const { signal } = stop
`

const PROGRAMS: readonly (readonly [what: string, program: string, printed: string])[] = [
  [
    'follow, aborted',
    `soon(() => stop.abort())
     for await (const { position } of store.follow({}, { signal })) console.log(position)
     console.log('ended')`,
    '1 alive ended',
  ],
  [
    'follow, with an event in between',
    `soon(() => store.append('a', { type: 't', data: 2 }))
     for await (const { position } of store.follow()) if (position === 2) break
     never()
     console.log('ended')`,
    'alive ended',
  ],
  [
    'follow, when its store is closed',
    `soon(() => store.close())
     for await (const { position } of store.follow()) console.log(position)`,
    '1 alive',
  ],
  [
    'a subscription, closed',
    `const subscription = await store.subscribe('s', {}, ({ position }) => console.log(position))
     soon(() => subscription.close())
     await subscription.done
     never()`,
    '1 alive',
  ],
  [
    'a subscription of which nobody awaits anything, when its store is closed',
    `await store.subscribe('s', {}, () => {})
     soon(() => store.close())`,
    'alive',
  ],
  ['a store that is left open', `never()`, ''],
]

for (const where of ['memory', 'file'] as const) {
  test.each(PROGRAMS)(
    `follow and subscribe: a process ends when nobody waits, not before (${where}): %s`,
    SLOW,
    async (...[, program, printed]) => {
      const at = where === 'memory' ? 'memory:' : `file:${temporaryFolder()}`
      const { code, out, err } = await runNode(['--input-type=module', '-e', BEGIN + program, at])
      expect({ code, err, out: out.split('\n').join(' ').trim() }).toEqual({ code: 0, err: '', out: printed })
    },
  )
}

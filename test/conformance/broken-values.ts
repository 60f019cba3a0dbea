/** Backends that do one thing wrong with current values or snapshots. */
import type { Backend, KvEntry } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/index.js'
import type { BrokenBackend } from './broken-backends.js'

type Kv = Backend['kv']
type Snapshots = Backend['snapshots']

/** `changed` instead of the backend's own methods. */
const withKv = (backend: Backend, changed: Partial<Kv>): Partial<Backend> => ({
  kv: { ...aroundBackend(backend, justCall).kv, ...changed },
})
const withSnapshots = (backend: Backend, changed: Partial<Snapshots>): Partial<Backend> => ({
  snapshots: { ...aroundBackend(backend, justCall).snapshots, ...changed },
})

async function utf16Page(kv: Kv, prefix: string, page: Parameters<Kv['list']>[1]): Promise<readonly KvEntry[]> {
  const all = [...(await kv.list(prefix, { after: '', limit: Infinity, maxBytes: Infinity }))]
  const sorted = all.sort((a, b) => (a.key < b.key ? -1 : 1))
  return sorted.filter(({ key }) => key > page.after).slice(0, page.limit)
}

export const brokenValues: Readonly<Record<string, BrokenBackend>> = {
  'ignores what a put of a value expects': {
    caughtBy: 'kv: expect is judged at the moment of writing, and a conflict says what is there',
    breaks: (backend) => withKv(backend, { put: (key, text) => backend.kv.put(key, text, 'any') }),
  },
  'judges what a put expects before it writes, not as it writes': {
    caughtBy: 'kv: of fifty who put one key with the same expectation, exactly one wins, each time',
    breaks: (backend) =>
      withKv(backend, {
        put: async (key, text, expect) => {
          const actual = (await backend.kv.get(key))?.revision ?? 0
          if (expect !== 'any' && actual !== (expect === 'new' ? 0 : expect)) return { kind: 'conflict', actual }
          await new Promise((resolve) => setImmediate(resolve))
          return await backend.kv.put(key, text, 'any')
        },
      }),
  },
  'starts the revisions of a key anew once it was deleted': {
    caughtBy: 'kv: revisions rise with every write and never restart, also after a delete',
    breaks: (backend) => {
      let deleted = 0
      return withKv(backend, {
        put: async (key, text, expect) => {
          const outcome = await backend.kv.put(key, text, expect)
          if (outcome.kind !== 'written') return outcome
          if (text === undefined) deleted = outcome.revision
          return { ...outcome, revision: outcome.revision - deleted }
        },
      })
    },
  },
  'sets a deleted value to null': {
    caughtBy: 'seam kv: every expectation, met and not met, at every state of the entry',
    breaks: (backend) => withKv(backend, { put: (key, text, expect) => backend.kv.put(key, text ?? 'null', expect) }),
  },
  'lists values in UTF-16 order': {
    caughtBy: 'kv: list gives what begins with the prefix, in UTF-8 byte order, through many pages',
    breaks: (backend) => withKv(backend, { list: (prefix, page) => utf16Page(backend.kv, prefix, page) }),
  },
  'lists one page of values only': {
    caughtBy: 'kv: list gives what begins with the prefix, in UTF-8 byte order, through many pages',
    breaks: (backend) =>
      withKv(backend, {
        list: async (prefix, page) => (page.after === '' ? await backend.kv.list(prefix, page) : []),
      }),
  },
  'forgets values when it is closed': {
    caughtBy: 'kv: after opening again everything is as it was, and revisions go on',
    onlyReopened: true,
    breaks: (backend) => withKv(backend, { list: async () => [], get: async () => undefined }),
  },
  'overwrites a snapshot': {
    caughtBy: 'seam snapshots: one that is there already stays',
    breaks: (backend) =>
      withSnapshots(backend, {
        put: async (place, text) => {
          await backend.snapshots.remove(place)
          await backend.snapshots.put(place, text)
        },
      }),
  },
  'answers with the newest snapshot, whichever it is asked for': {
    caughtBy: 'seam snapshots: a text comes back as it was put, at its place and at no other',
    breaks: (backend) =>
      withSnapshots(backend, {
        read: async (place) => await backend.snapshots.read((await backend.snapshots.list(place.key)).at(-1) ?? place),
      }),
  },
  'lists snapshots with their positions as text': {
    caughtBy: 'seam snapshots: list gives all, or those of a key, by key and position',
    breaks: (backend) =>
      withSnapshots(backend, {
        list: async (key) =>
          [...(await backend.snapshots.list(key))].sort((a, b) =>
            `${a.key} ${a.position}` < `${b.key} ${b.position}` ? -1 : 1,
          ),
      }),
  },
  'forgets snapshots when it is closed': {
    caughtBy: 'snapshot: after opening again a fold goes on from it, and reads only what came after it',
    onlyReopened: true,
    breaks: (backend) => withSnapshots(backend, { list: async () => [] }),
  },
}

/** Backends that do one thing wrong by which something of a forgotten subject would stay, or come back. */
import type { Backend, Commit } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/index.js'
import type { BrokenBackend } from './broken-backends.js'

const PRIVACY_STREAM = '$privacy'

function withoutGuards({ guards: _guards, ...commit }: Commit): Commit {
  return commit
}

/** Each event with the content of the one before it in its commit, as a slip in composing lines would have it. */
function rotated({ writes, ...commit }: Commit): Commit {
  const turned = writes.map(({ events, ...write }) => {
    return { ...write, events: events.map((event, i) => ({ ...event, back: events.at(i - 1)?.back ?? event.back })) }
  })
  return { ...commit, writes: turned }
}

export const brokenPrivacy: Readonly<Record<string, BrokenBackend>> = {
  'ignores guards': {
    caughtBy:
      'forgotten: an append that was judged before is refused by the backend, judged anew, and then refused for good',
    breaks: (backend) => ({ append: (group, now) => backend.append(group.map(withoutGuards), now) }),
  },
  'takes a guard as the least that must be there': {
    caughtBy:
      'forgotten: an append that was judged before is refused by the backend, judged anew, and then refused for good',
    breaks: (backend) => ({
      append: async (group, now) => {
        const revision = await backend.revision(PRIVACY_STREAM)
        const raised = group.map((commit) =>
          commit.guards === undefined
            ? commit
            : { ...commit, guards: { ...commit.guards, [PRIVACY_STREAM]: revision } },
        )
        return await backend.append(raised, now)
      },
    }),
  },
  'remembers revisions, and does not see that others have written': {
    caughtBy:
      'forgotten: another store over the same log reads nothing of it from its next page on, and appends nothing',
    breaks: (backend) => {
      const known = new Map<string, number>()
      return {
        revision: async (stream) => {
          const revision = known.get(stream) ?? (await backend.revision(stream))
          known.set(stream, revision)
          return revision
        },
      }
    },
  },
  'mixes up what is sealed within a commit': {
    caughtBy: 'sealed: without the keys all but the data is read, and the data is said to be unavailable',
    breaks: (backend) => ({ append: (group, now) => backend.append(group.map(rotated), now) }),
  },
  'keeps the values that it is to delete': {
    caughtBy: 'forgotten: its values are gone, and the snapshots that may say something of it; all others stay',
    breaks: (backend) => {
      const { kv } = aroundBackend(backend, justCall)
      const put: Backend['kv']['put'] = async (key, text, expect) =>
        text === undefined ? { kind: 'written', revision: 1 } : await kv.put(key, text, expect)
      return { kv: { ...kv, put } }
    },
  },
  'keeps the snapshots that it is to remove': {
    caughtBy: 'forgotten: its values are gone, and the snapshots that may say something of it; all others stay',
    breaks: (backend) => ({
      snapshots: { ...aroundBackend(backend, justCall).snapshots, remove: async () => {} },
    }),
  },
}

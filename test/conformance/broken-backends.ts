/** Backends with one thing wrong each, and the promise that must notice it. Each is a real mistake of somebody's. */
import type { BackendUnderTest } from '../../conformance/index.js'
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import type { Backend, Commit, CommitOutcome } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/index.js'
import { MemoryKv } from '../../src/backends/memory/kv-backend.js'
import { MemorySnapshots } from '../../src/backends/memory/snapshot-backend.js'
import { storeClosed } from '../../src/errors.js'
import { brokenPrivacy } from './broken-privacy.js'
import { brokenValues } from './broken-values.js'

export interface BrokenBackend {
  /** The title of the case that should fail. */
  readonly caughtBy: string
  readonly breaks: (backend: Backend) => Partial<Backend>
  /** Broken only once the log has been opened again. */
  readonly onlyReopened?: boolean
}

type Write = Commit['writes'][number]
type EncodedEvent = Write['events'][number]

const withWrites = (commit: Commit, change: (write: Write, i: number) => Write): Commit => ({
  ...commit,
  writes: commit.writes.map(change),
})

const withEvents = (commit: Commit, change: (event: EncodedEvent) => EncodedEvent): Commit =>
  withWrites(commit, (write) => ({ ...write, events: write.events.map(change) }))

/** Appends what `change` makes of each commit. */
const appending = (backend: Backend, change: (commit: Commit) => Commit): Partial<Backend> => ({
  append: (group, now) => backend.append(group.map(change), now),
})

/** Answers what `change` makes of each outcome. */
const answering = (backend: Backend, change: (outcome: CommitOutcome) => CommitOutcome): Partial<Backend> => ({
  append: async (group, now) => (await backend.append(group, now)).map(change),
})

export const brokenBackends: Readonly<Record<string, BrokenBackend>> = {
  'ignores `unless`': {
    caughtBy: 'unless: of those who sell the same seat at the same time, one does',
    breaks: (backend) => appending(backend, ({ unless: _ignored, ...commit }) => commit),
  },
  'ignores `expect`': {
    caughtBy: 'expect: the second writer to the same revision gets a conflict it can act on',
    breaks: (backend) => appending(backend, (commit) => withWrites(commit, (write) => ({ ...write, expect: 'any' }))),
  },
  'checks `expect: exists` as if it were `any`': {
    caughtBy: 'lesson (Emmett): "must not exist" and "must exist" are checked, and no conflict says -1',
    breaks: (backend) =>
      appending(backend, (commit) =>
        withWrites(commit, (write) => ({ ...write, expect: write.expect === 'exists' ? 'any' : write.expect })),
      ),
  },
  'takes `after` of a condition as inclusive': {
    caughtBy: 'unless: `after` is exclusive: what the caller has seen does not count, the next event does',
    breaks: (backend) =>
      appending(backend, ({ unless, ...commit }) =>
        unless === undefined ? commit : { ...commit, unless: { ...unless, after: Math.max(0, unless.after - 1) } },
      ),
  },
  'answers positions that are off by one': {
    caughtBy: 'append: the answer says everything about where the events are',
    breaks: (backend) =>
      answering(backend, (outcome) =>
        outcome.kind === 'written' ? { ...outcome, first: outcome.first - 1, last: outcome.last - 1 } : outcome,
      ),
  },
  'says -1 where a stream does not exist': {
    caughtBy: 'lesson (Emmett): "must not exist" and "must exist" are checked, and no conflict says -1',
    breaks: (backend) =>
      answering(backend, (outcome) =>
        outcome.kind === 'conflict'
          ? { ...outcome, conflicts: outcome.conflicts.map((one) => ({ ...one, actual: one.actual || -1 })) }
          : outcome,
      ),
  },
  'reports only the first condition that failed': {
    caughtBy: 'unless: a failed `expect` and a failed `unless` are both reported',
    breaks: (backend) =>
      answering(backend, (outcome) =>
        outcome.kind === 'conflict' ? { ...outcome, conflicts: outcome.conflicts.slice(0, 1) } : outcome,
      ),
  },
  'drops the last event of a commit': {
    caughtBy: 'append: a hundred at the same time are each written once, without gaps, in one order for all',
    breaks: (backend) =>
      appending(backend, (commit) =>
        withWrites(commit, (write) => ({
          ...write,
          events: write.events.slice(0, Math.max(1, write.events.length - 1)),
        })),
      ),
  },
  'skips what it knows and reports success ("on conflict do nothing")': {
    caughtBy: 'lesson (Eventuous #553): of 20 events of which 10 are known, no success is reported and none vanishes',
    breaks: (backend) => ({
      append: async (group, now) => {
        const known = await backend.find(
          group.flatMap(({ writes }) => writes.flatMap((w) => w.events.map(({ id }) => id))),
        )
        const rest = group.map((commit) =>
          withWrites(commit, (write) => ({ ...write, events: write.events.filter(({ id }) => !known.has(id)) })),
        )
        return await backend.append(rest, now)
      },
    }),
  },
  'takes tags as OR': {
    caughtBy: 'read: every member of a query, alone and together, at its edges',
    breaks: (backend) => ({
      read: (matcher, page) => {
        const loose = matcher.flatMap((item) => item.tags?.map((tag) => ({ ...item, tags: [tag] })) ?? [item])
        return backend.read(loose, page)
      },
    }),
  },
  'leaves a gap between pages': {
    caughtBy: 'paging: pages of any size give the same events, none twice and none missing, in both directions',
    breaks: (backend) => ({
      read: async (matcher, page) => {
        const { lines, scannedTo } = await backend.read(matcher, page)
        return { lines, scannedTo: page.backwards ? scannedTo : Math.min(page.upTo, scannedTo + 1) }
      },
    }),
  },
  'repeats the last line of a page on the next one': {
    caughtBy:
      'seam read: pages of every size, in both directions and within all bounds, give each match once, in order',
    breaks: (backend) => ({
      read: (matcher, page) =>
        backend.read(matcher, { ...page, after: page.backwards ? page.after : Math.max(0, page.after - 1) }),
    }),
  },
  'reads to the current head, whatever the end of the read was': {
    caughtBy: 'paging: the end of a read is fixed at its first `next()`: not before, not later',
    breaks: (backend) => ({
      read: async (matcher, page) => {
        const { position } = await backend.head()
        const { lines, scannedTo } = await backend.read(matcher, {
          ...page,
          upTo: page.backwards ? page.upTo : position,
        })
        return { lines, scannedTo: Math.min(scannedTo, page.upTo) }
      },
    }),
  },
  'lists streams in UTF-16 order': {
    caughtBy: 'streams: in the order of their UTF-8 bytes, each with its revision',
    breaks: (backend) => ({
      streams: async (prefix, { after, limit }) => {
        const all = await backend.streams(prefix, { after: '', limit: Infinity })
        const sorted = [...all].sort((a, b) => (a.stream < b.stream ? -1 : 1))
        return sorted.filter(({ stream }) => stream > after).slice(0, limit)
      },
    }),
  },
  'compares names after normalising them, as some collations do': {
    caughtBy: 'refused: names that differ only in how Unicode composes them are different names',
    breaks: (backend) => ({ revision: (stream) => backend.revision(stream.normalize('NFC')) }),
  },
  'records the time of the clock, even when that goes back': {
    caughtBy: 'time: never decreases along the log, though the clock goes back',
    breaks: (backend) => {
      const times = new Map<string, string>()
      return {
        append: async (group, now) => {
          for (const { writes } of group)
            for (const { events } of writes) for (const { id } of events) times.set(id, now)
          return await backend.append(group, now)
        },
        read: async (matcher, page) => {
          const { lines, scannedTo } = await backend.read(matcher, page)
          const id = (line: string) => /"id":"([^"]*)"/.exec(line)?.[1] ?? ''
          const timed = (line: string) => line.replace(/"time":"[^"]*"/, `"time":"${times.get(id(line)) ?? ''}"`)
          return { lines: lines.map(timed), scannedTo }
        },
      }
    },
  },
  'leaves out what was recorded at the very moment of `until`': {
    caughtBy: 'time: `until` names a prefix of the log at every moment, whatever the clock did',
    breaks: (backend) => ({
      positionAt: (time) => backend.positionAt(new Date(new Date(time).getTime() - 1).toISOString()),
    }),
  },
  'takes over lines without looking': {
    caughtBy: 'seam adopt: half a commit, at either end, is refused',
    breaks: (backend) => ({ adopt: (lines) => backend.adopt(lines).catch(() => undefined) }),
  },
  'changes lines on the way out': {
    caughtBy: 'agreement: the same appends give the same lines and the same root as in the memory backend',
    breaks: (backend) => ({
      read: async (matcher, page) => {
        const { lines, scannedTo } = await backend.read(matcher, page)
        return { lines: lines.map((line) => line.replace('1e+21', '1000000000000000000000')), scannedTo }
      },
    }),
  },
  'goes on writing after `close`': {
    caughtBy: 'seam: after `close` nothing is written or answered, and closing again does nothing',
    breaks: () => ({ close: () => Promise.resolve() }),
  },
  'says once where the head is, and never again': {
    caughtBy: 'follow: all history, then each event as it is recorded',
    breaks: (backend) => ({
      changed: async function* (signal) {
        for await (const head of backend.changed(signal)) {
          yield head
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        }
      },
    }),
  },
  'lets two be the one holder of a name': {
    caughtBy: 'subscribe: a second instance of a name is refused while the first is active, and not afterwards',
    breaks: (backend) => ({ claim: (name) => backend.claim(name, true) }),
  },
  'sets a value whatever its revision is, and lets a former holder believe that it holds': {
    caughtBy: 'subscribe: one that is taken over is lost, and handles nothing more, even from the middle of a handler',
    breaks: (backend) => ({
      claim: async () => ({ isHeld: true, release: async () => {} }),
      kv: { ...aroundBackend(backend, justCall).kv, put: (key, text) => backend.kv.put(key, text, 'any') },
    }),
  },
  'calls a broken write a conflict': {
    caughtBy: 'unknown: an answer lost after writing is asked for again: written exactly once, with the right places',
    breaks: (backend) =>
      answering(backend, (outcome) =>
        outcome.kind === 'known'
          ? { kind: 'conflict', conflicts: [{ kind: 'revision', write: 0, actual: 1 }] }
          : outcome,
      ),
  },
  'does not remember ids after it was opened again': {
    caughtBy: 'reopen: ids are remembered: a repeat is a duplicate, another content is refused',
    onlyReopened: true,
    breaks: (backend) =>
      appending(backend, (commit) =>
        withEvents(commit, (event) => ({
          ...event,
          id: event.id + '~',
          front: event.front.replace(event.id, event.id + '~'),
        })),
      ),
  },
  'is another log after it was opened again': {
    caughtBy: 'reopen: the same events, to the last byte, under the same log id',
    onlyReopened: true,
    breaks: () => ({ logId: '00000000-0000-4000-8000-000000000000' }),
  },
  'has lost its last event when it was opened again': {
    caughtBy: 'reopen: after every append, what was acknowledged is there, once',
    onlyReopened: true,
    breaks: (backend) => {
      const lost = async () => ({
        ...(await backend.head()),
        position: Math.max(0, (await backend.head()).position - 1),
      })
      return { head: lost }
    },
  },
  ...brokenPrivacy,
  ...brokenValues,
}

/** A memory backend that passes for a durable one: its lines, values and snapshots are taken over by the next. */
export function openRemembering(broken: BrokenBackend | undefined): BackendUnderTest {
  let isOpen = true
  const assertOpen = (written?: 'no'): void => {
    if (!isOpen) throw storeClosed(written)
  }
  const sides = { kv: new MemoryKv(assertOpen), snapshots: new MemorySnapshots(assertOpen) }
  const wrap = (memory: Backend, reopened: boolean): Backend => {
    const backend = { ...aroundBackend(memory, justCall), ...sides, durable: true }
    const isBroken = broken !== undefined && (broken.onlyReopened !== true || reopened)
    return isBroken ? { ...backend, ...broken.breaks(backend) } : backend
  }
  let current = openMemoryBackend()
  let lines: readonly string[] = []
  const remembering = (backend: Backend, reopened: boolean): Backend => {
    const wrapped = wrap(backend, reopened)
    const close = async (): Promise<void> => {
      const { position: upTo } = await backend.head().catch(() => ({ position: 0 }))
      if (upTo > 0)
        lines = (await backend.read([{}], { after: 0, upTo, backwards: false, limit: Infinity, maxBytes: Infinity }))
          .lines
      await wrapped.close()
      isOpen = false
    }
    return { ...wrapped, close }
  }
  return {
    backend: remembering(current, false),
    reopen: async () => {
      current = openMemoryBackend({ logId: current.logId })
      await current.adopt(lines)
      isOpen = true
      return remembering(current, true)
    },
  }
}

/** Promises of group commit: who shares a write, and who must not. */
import assert from 'node:assert/strict'
import type { Backend, Commit } from '../../src/index.js'
import { aroundBackend, justCall } from '../../testing/around-backend.js'
import type { Promises } from '../case.js'
import { range } from '../expectations.js'
import { note } from '../samples.js'

/** The backend, keeping the groups that it is sent. */
function keepingGroups(backend: Backend): Backend & { readonly groups: (readonly Commit[])[] } {
  const groups: (readonly Commit[])[] = []
  return {
    ...aroundBackend(backend, justCall),
    groups,
    append: (group, now) => {
      groups.push(group)
      return backend.append(group, now)
    },
  }
}

type Encoded = Commit['writes'][number]['events'][number]

const eventsOf = ({ writes }: Commit): { stream: string; event: Encoded }[] =>
  writes.flatMap(({ stream, events }) => events.map((event) => ({ stream, event })))

/** Whether the later commit could come out otherwise because of the earlier one. */
function touches(earlier: Commit, later: Commit): boolean {
  const written = eventsOf(earlier)
  const ids = new Set(eventsOf(later).map(({ event }) => event.id))
  const matching = (later.unless?.matcher ?? []).some(({ stream, streamPrefix, types, tags }) =>
    written.some(
      ({ stream: name, event }) =>
        (stream ?? name) === name &&
        name.startsWith(streamPrefix ?? '') &&
        (types ?? [event.type]).includes(event.type) &&
        (tags ?? []).every((tag) => event.tags.includes(tag)),
    ),
  )
  return (
    matching ||
    written.some(({ event }) => ids.has(event.id)) ||
    later.writes.some(({ stream, expect }) => expect !== 'any' && written.some((one) => one.stream === stream))
  )
}

export const groupingPromises: Promises = {
  'group: appends made at the same time share a write': async (it) => {
    const wrapped = keepingGroups(it.backend)
    const store = await it.storeOver(wrapped)
    await Promise.all(range(1, 100).map((i) => store.append(`s${i}`, note(`${i}`))))
    assert.ok(wrapped.groups.length <= 10, `${wrapped.groups.length} writes for a hundred appends made at once`)
  },

  'group: no commit shares a write with one that could touch its condition, ids or expected stream': async (it) => {
    const wrapped = keepingGroups(it.backend)
    const store = await it.storeOver(wrapped)
    const { random } = it
    const appending = range(1, 300).map(async (i) => {
      const tags = random.chance(0.5) ? [`seat:${random.integer(5)}`] : []
      const event = note(`${i}`, { tags, ...(random.chance(0.2) ? { id: `i${random.integer(10)}` } : {}) })
      const query = random.pick([
        { tags: [`seat:${random.integer(5)}`] },
        { stream: 's1' },
        { streamPrefix: 's', types: ['never'] },
      ])
      await store.append(`s${random.integer(8)}`, event, {
        expect: random.pick(['any', 'any', 'exists', random.integer(5)]),
        ...(random.chance(0.4) ? { unless: { query, after: 0 } } : {}),
      })
    })
    await Promise.allSettled(appending)
    let pairs = 0
    for (const group of wrapped.groups) {
      for (const [i, later] of group.entries()) {
        for (const earlier of group.slice(0, i)) {
          pairs++
          assert.ok(!touches(earlier, later), `${JSON.stringify(earlier)} touches ${JSON.stringify(later)}`)
        }
      }
    }
    assert.ok(pairs > 0, 'nothing was ever written together')
  },
}

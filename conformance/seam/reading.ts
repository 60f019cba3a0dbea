/** Promises of the questions a {@link Backend} answers. */
import assert from 'node:assert/strict'
import type { Backend, Matcher, PageRequest } from '../../src/index.js'
import type { Promises } from '../case.js'
import { range } from '../expectations.js'
import { appendOne, commit, fill, positionIn, write } from './commits.js'

/** Forty events: in four streams, of three types, with two tags; every fifth commit holds two. */
async function sample(backend: Backend): Promise<void> {
  let position = 0
  while (position < 40) {
    const ids = (position % 5 === 4 ? [1, 2] : [1]).map((offset) => `${position + offset}`)
    const settings = { type: `t${position % 3}`, tags: [`k:${position % 2}`, `m:${position % 7}`] }
    await fill(
      backend,
      [commit(`s${position % 4}`, ids, settings)],
      `2026-01-01T00:00:${String(position).padStart(2, '0')}.000Z`,
    )
    position += ids.length
  }
}

const matchers: readonly Matcher[] = [
  [{}],
  [],
  [{ stream: 's1' }],
  [{ streamPrefix: 's' }],
  [{ types: ['t1', 't2'] }],
  [{ tags: ['k:0', 'm:3'] }],
  [{ tags: ['k:1'], types: ['t0'] }, { stream: 's2' }],
  [{ stream: 's3', types: ['t1'], tags: ['k:1'] }],
  [{ stream: 'never' }, { tags: ['never:1'] }],
]

/** Every matching position, by going from page to page as the protocol says. */
async function allPages(backend: Backend, matcher: Matcher, request: PageRequest): Promise<number[]> {
  let { after, upTo } = request
  const found: number[] = []
  while (after < upTo) {
    const { lines, scannedTo } = await backend.read(matcher, { ...request, after, upTo })
    assert.ok(lines.length <= request.limit, 'a page holds more than its limit')
    assert.ok(
      scannedTo > after && scannedTo <= upTo,
      `a page must move on within its bounds: ${scannedTo} of ${after}..${upTo}`,
    )
    const places = lines.map(positionIn)
    for (const place of places) assert.ok(request.backwards ? place >= scannedTo : place <= scannedTo)
    found.push(...places)
    if (request.backwards) upTo = scannedTo - 1
    else after = scannedTo
  }
  return found
}

export const seamReadingPromises: Promises = {
  'seam read: pages of every size, in both directions and within all bounds, give each match once, in order': async ({
    backend,
  }) => {
    await sample(backend)
    const { position: head } = await backend.head()
    for (const matcher of matchers) {
      const whole = await allPages(backend, matcher, {
        after: 0,
        upTo: head,
        backwards: false,
        limit: head,
        maxBytes: Infinity,
      })
      assert.deepEqual(
        whole,
        [...new Set(whole)].sort((a, b) => a - b),
      )
      for (const [after, upTo] of [
        [0, head],
        [7, 31],
        [20, 21],
        [head - 1, head],
      ] as const) {
        const expected = whole.filter((position) => position > after && position <= upTo)
        for (const limit of [1, 2, 5, 1000]) {
          for (const maxBytes of [1, 300, 1 << 20]) {
            const forwards = await allPages(backend, matcher, { after, upTo, backwards: false, limit, maxBytes })
            const backwards = await allPages(backend, matcher, { after, upTo, backwards: true, limit, maxBytes })
            assert.deepEqual(forwards, expected, JSON.stringify(matcher))
            assert.deepEqual(backwards.reverse(), expected, JSON.stringify(matcher))
          }
        }
      }
    }
  },

  'seam read: `maxBytes` ends a page with the line that reaches it, never before the first': async ({ backend }) => {
    const data = 'x'.repeat(1000)
    for (const id of range(1, 20)) await fill(backend, [commit('a', [`${id}`], { data })])
    for (const [maxBytes, least, most] of [
      [1, 1, 1],
      [1000, 1, 1],
      [2500, 2, 3],
      [5000, 4, 5],
    ] as const) {
      const { lines } = await backend.read([{}], { after: 0, upTo: 20, backwards: false, limit: 100, maxBytes })
      assert.ok(lines.length >= least && lines.length <= most, `${lines.length} lines for ${maxBytes} bytes`)
    }
  },

  'seam read: what is not asked for is not given: nothing after `upTo`, nothing up to `after`': async ({ backend }) => {
    await sample(backend)
    for (const backwards of [false, true]) {
      const { lines } = await backend.read([{}], { after: 3, upTo: 9, backwards, limit: 100, maxBytes: Infinity })
      assert.deepEqual(
        lines.map(positionIn).sort((a, b) => a - b),
        range(4, 9),
      )
    }
  },

  'seam find: where ids stand; unknown ones are absent': async ({ backend }) => {
    await sample(backend)
    const found = await backend.find(['1', 'unknown', '40', '17', '', '1'])
    assert.deepEqual([...found].sort(), [
      ['1', 1],
      ['17', 17],
      ['40', 40],
    ])
    assert.equal((await backend.find([])).size, 0)
    const all = await backend.find(range(1, 40).map((id) => `${id}`))
    for (const [id, position] of all) assert.equal(Number(id), position)
    assert.equal(all.size, 40)
  },

  'seam head: the last position and its time; neither on an empty log': async ({ backend }) => {
    const { position, time } = await backend.head()
    assert.deepEqual([position, time], [0, undefined])
    await fill(backend, [commit('a', ['1', '2'])], '2026-02-03T04:05:06.007Z')
    assert.deepEqual(await backend.head(), { position: 2, time: '2026-02-03T04:05:06.007Z' })
  },

  'seam positionAt: the last position recorded at or before a time': async ({ backend }) => {
    assert.equal(await backend.positionAt('2026-01-01T00:00:00.000Z'), 0)
    await fill(backend, [commit('a', ['1'])], '2026-01-01T00:00:01.000Z')
    await fill(backend, [commit('a', ['2', '3']), commit('a', ['4'])], '2026-01-01T00:00:02.000Z')
    await fill(backend, [commit('a', ['5'])], '2026-01-01T00:00:04.000Z')
    const asked = ['00.999', '01.000', '01.999', '02.000', '03.000', '04.000', '59.999']
    const places = await Promise.all(asked.map((seconds) => backend.positionAt(`2026-01-01T00:00:${seconds}Z`)))
    assert.deepEqual(places, [0, 1, 1, 4, 4, 5, 5])
  },

  'seam streams: pages of every size, after any name, with any prefix, in UTF-8 byte order': async (it) => {
    const { backend } = it
    const names = ['a', 'aa', 'ab', 'b', '\uff5e', '🦀', '🦀a', '\ue000', 'é', '__proto__']
    for (const name of it.random.shuffle(names)) await fill(backend, [commit(name, [name])])
    const sorted = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const prefix of ['', 'a', '🦀', 'never']) {
      const expected = sorted.filter((name) => name.startsWith(prefix))
      for (const limit of [1, 2, 3, 10, 100]) {
        const listed: string[] = []
        for (;;) {
          const page = await backend.streams(prefix, { after: listed.at(-1) ?? '', limit })
          assert.ok(page.length <= limit)
          if (page.length === 0) break
          for (const { stream, revision } of page) {
            assert.equal(revision, 1)
            listed.push(stream)
          }
        }
        assert.deepEqual(listed, expected)
      }
    }
  },

  'seam revision: counts a stream’s events, 0 for one without': async ({ backend }) => {
    await appendOne(backend, { writes: [write('a', ['1', '2']), write('b', ['3']), write('a', ['4'])] })
    assert.deepEqual([await backend.revision('a'), await backend.revision('b'), await backend.revision('c')], [3, 1, 0])
  },

  'seam verify: an intact log has been looked at, and nothing was found': async ({ backend }) => {
    await sample(backend)
    const { examined, findings } = await backend.verify()
    assert.deepEqual(findings, [])
    assert.ok(Object.values(examined).some((count) => count > 0))
  },

  'seam: questions asked while a group is being written see the log before it or after it, nothing in between': async ({
    backend,
  }) => {
    await fill(backend, [commit('a', ['0'])])
    for (let round = 1; round <= 20; round++) {
      const before = (await backend.head()).position
      const ids = range(1, 50).map((i) => `${round}-${i}`)
      const [, heads, found] = await Promise.all([
        appendOne(backend, commit('a', ids)),
        Promise.all(range(1, 5).map(() => backend.head())),
        backend.find(ids),
      ])
      for (const { position } of heads) assert.ok(position === before || position === before + 50)
      assert.ok(found.size === 0 || found.size === 50)
    }
  },
}
